"""Cases are decided by a matrix of other values than the default one, without a change of code."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from aup.documents import Documents
from aup.loading import prepare, publish_default
from aup.models import PolicyVersion, SignOff
from cases.models import Decision
from cases.models.claim import Claim
from cases.statement import sections
from tests import factories
from tests.aup.test_own_matrix import ours
from tests.factories import person
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused


@pytest.fixture
def by_our_own_matrix(people):
    """Two hours after a version with a matrix of our own took effect."""
    base = PolicyVersion.objects.in_force(now())
    read = Documents.of(base)
    ours(read)
    documents = Documents.given(read.taxonomy, read.matrix)
    draft = prepare(documents, policy=base.policy, number="88.0", rationale="A try.", scope=base.scope)
    taxonomy, matrix = documents.digests
    draft.draft(actor=person("policy"), taxonomy_sha256=taxonomy, matrix_sha256=matrix)
    publish_default(draft, person("policy"), {name: person(name) for name in SignOff.Function.values})
    with moved_to(now() + timedelta(hours=2)):
        yield draft


def test_a_decision_takes_its_values_from_the_matrix_that_applies(client, by_our_own_matrix):
    decision = factories.proposed(intent="wilful", sensitivity="secret")
    assert (decision.recommended_tier, decision.recurrence) == ("LIM", "once")
    told = str(sections(decision))
    assert "Wilful" in told
    assert "Once, counted over 90 days" in told
    with pytest.raises(Refused, match="is not a value of intent"):
        factories.proposed(intent="deliberate", sensitivity="secret")
    with pytest.raises(Refused, match="is not a tier of the matrix"):
        factories.proposed(intent="wilful", sensitivity="secret", tier="T9", departure_reason="As before.")


def test_ending_an_account_needs_an_earlier_warning_by_whatever_name_the_tier_has(by_our_own_matrix):
    with pytest.raises(Refused, match="choose LIM or below"):
        factories.proposed(intent="wilful", sensitivity="secret", tier="BAN", departure_reason="The harm was great.")


def test_an_open_claim_and_an_open_checklist_hold_back_what_restricts_by_whatever_name_the_tier_has(by_our_own_matrix):
    case = factories.claimed()
    light = factories.draft(case, intent="careless", sensitivity="none")
    light.propose(actor=person("reviewer"))
    assert light.tier == "NOTE"
    case = factories.claimed()
    with pytest.raises(Refused, match="before an account is restricted"):
        Decision(
            case=case, proposed_by=person("reviewer"), outcome="breach", rule=case.rule, reasons=factories.REASONS,
            conduct_at=now(), intent="wilful", sensitivity="secret", severity=case.severity,
        ).propose(actor=person("reviewer"))  # fmt: skip
    today = now().date()
    claim = Claim(
        case=case,
        made_by="reporter",
        scope="A test of the filter.",
        began_on=today - timedelta(days=1),
        ended_on=today,
        entered_by=person("reviewer"),
    )
    claim.enter(actor=person("reviewer"))
    grave = factories.draft(case, intent="wilful", sensitivity="secret")
    with pytest.raises(Refused, match="before the account is restricted"):
        grave.propose(actor=person("reviewer"))
    case.take_part(person("reviewer"), "investigated")
    grave.tier, grave.recommended_tier, grave.recurrence = "LIM", "LIM", "once"
    with pytest.raises(IntegrityError, match="research in good faith"), transaction.atomic():
        grave.save(force_insert=True)


def test_the_console_offers_the_values_of_the_matrix(client, by_our_own_matrix):
    case = factories.claimed()
    client.force_login(person("reviewer"), "django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("cases:case", args=[case.ref])).text
    for value in ("careless", "wilful", "secret"):
        assert f'value="{value}"' in page
    assert 'value="deliberate"' not in page
