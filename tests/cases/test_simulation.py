"""What a draft of the matrix would have changed: the arithmetic, the page, and what a reader may see of it."""

import copy
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.urls import reverse

from aup.documents import Documents
from aup.evaluation import evaluate
from aup.loading import default_documents, prepare
from aup.matrix.editing import with_cells
from aup.models import PolicyVersion
from cases.models import Decision
from cases.simulation import Past, past, simulate
from tests import factories
from tests.factories import person
from tipstaff.time import now

BACKEND = "django.contrib.auth.backends.ModelBackend"
DOCUMENT = default_documents().matrix
RULE = {"code": "XX-01", "severity": 2, "minimum_tier": None, "legal_referral": "none", "zero_tolerance": False}
NAMES = ("intent", "sensitivity", "severity", "recurrence")


def decided(ref="D-1", *, rule=RULE, group="XX", decided_tier=None, **found):
    facts = {"intent": "negligent", "sensitivity": "personal", "severity": 2, "recurrence": "first"} | found
    answer = evaluate(DOCUMENT, rule, **facts)
    return Past(
        ref, group, rule["code"], rule, *(facts[name] for name in NAMES), tuple(facts.get("factors", ())),
        answer.tier, decided_tier or answer.tier, answer.four_eyes, list(answer.sanctions), now(),
    )  # fmt: skip


def edited(*changes):
    rows = [dict(zip((*NAMES, "was", "tier"), change, strict=True)) | {"reason": "A try."} for change in changes]
    return with_cells(DOCUMENT, rows)


class TestCore:
    def test_the_same_matrix_changes_nothing(self):
        outcome = simulate(DOCUMENT, {"XX-01": RULE}, [decided(), decided("D-2", severity=3, decided_tier="T1")])
        assert (outcome.taken, outcome.judged, outcome.same, outcome.shifts) == (2, 2, 2, [])
        assert outcome.departed == 1

    def test_each_way_is_counted_by_how_far(self):
        draft = edited(
            ("negligent", "personal", 2, "first", "T3", "T8"), ("negligent", "personal", 3, "first", "T5", "T4")
        )
        outcome = simulate(draft, {}, [decided(), decided("D-2", severity=3), decided("D-3", severity=1, group="YY")])
        assert [(s.ref, s.before, s.after, s.steps, s.direction) for s in outcome.shifts] == [
            ("D-1", "T3", "T8", 5, "harsher"),
            ("D-2", "T5", "T4", -1, "milder"),
        ]
        assert (outcome.count("harsher"), outcome.count("milder"), outcome.same) == (1, 1, 1)
        assert dict(outcome.by_steps) == {5: 1, -1: 1}
        assert dict(outcome.pairs) == {("T3", "T8"): 1, ("T5", "T4"): 1, ("T2", "T2"): 1}
        assert {group: dict(counts) for group, counts in outcome.groups.items()} == {
            "XX": {"harsher": 1, "milder": 1},
            "YY": {"same": 1},
        }
        assert (outcome.newly_ending, outcome.newly_seconded) == (1, 1)

    def test_the_rule_of_the_draft_counts_and_else_the_one_cited(self):
        heavier = RULE | {"minimum_tier": "T7"}
        assert simulate(DOCUMENT, {"XX-01": heavier}, [decided()]).shifts[0].after == "T7"
        assert simulate(DOCUMENT, {}, [decided(rule=heavier)]).same == 1

    def test_what_cannot_be_judged_is_said(self):
        other = copy.deepcopy(DOCUMENT)
        other["dimensions"]["intent"]["order"].remove("negligent")
        far, permits = RULE | {"severity": 4}, RULE | {"disposition": "permitted"}
        assert simulate(other, {}, [decided()]).unjudged == {"The draft does not know intent negligent.": 1}
        assert "may be moved by 1" in next(iter(simulate(DOCUMENT, {"XX-01": far}, [decided()]).unjudged))
        permitted = simulate(DOCUMENT, {"XX-01": permits}, [decided(), decided("D-2")])
        assert permitted.unjudged == {"The draft permits what XX-01 did not.": 2}
        assert (permitted.taken, permitted.judged) == (2, 0)
        hole = copy.deepcopy(DOCUMENT)
        hole["matrix"] = []
        assert "gives no tier" in next(iter(simulate(hole, {}, [decided()]).unjudged))

    def test_a_tier_the_draft_does_not_have_is_neither_milder_nor_harsher(self):
        other = copy.deepcopy(DOCUMENT)
        other["tiers"] = [tier | {"code": f"L{place}"} for place, tier in enumerate(other["tiers"])]
        for row in other["matrix"]:
            for recurrence in ("first", "repeat", "persistent"):
                row[recurrence] = f"L{int(row[recurrence][1:]) - 1}"
        outcome = simulate(other, {}, [decided()])
        assert (outcome.shifts[0].steps, outcome.count("other")) == (None, 1)


@pytest.mark.usefixtures("people")
class TestPage:
    @pytest.fixture
    def draft(self):
        base = PolicyVersion.objects.in_force(now())
        documents = Documents.of(base)
        made = prepare(documents, policy=base.policy, number="77.1", rationale="A try.", scope=base.scope)
        taxonomy, matrix = documents.digests
        made.draft(actor=person("policy"), taxonomy_sha256=taxonomy, matrix_sha256=matrix)
        return made

    def harsher(self, draft):
        change = dict(zip((*NAMES, "was", "tier"), ("negligent", "personal", 2, "first", "T3", "T5"), strict=True))
        draft.amend_matrix(actor=person("policy"), cells=[change | {"reason": "A try."}], based_on=draft.matrix.digest)

    def page(self, client, draft, mailbox, **query):
        client.force_login(person(mailbox), BACKEND)
        return client.get(reverse("cases:simulation", args=[draft.ref]), query)

    def test_without_decisions_it_says_so(self, client, draft):
        assert "No breach was decided in this time" in self.page(client, draft, "policy").text

    def test_what_changes_is_listed_for_whoever_may_see_decisions(self, client, draft, django_assert_max_num_queries):
        decision = factories.issued(by="adjudicator")
        factories.issued(by="adjudicator", intent="inadvertent")
        self.harsher(draft)
        client.force_login(person("compliance"), BACKEND)
        with django_assert_max_num_queries(8):
            page = client.get(reverse("cases:simulation", args=[draft.ref])).text
        assert "Of 2 breaches that were decided and stand, 1 keep their tier and 1 get another." in page
        assert reverse("cases:decision", args=[decision.ref]) in page
        assert "2 tiers harsher" in page

    def test_for_others_it_is_counted_only(self, client, draft):
        decision = factories.issued(by="adjudicator")
        self.harsher(draft)
        page = self.page(client, draft, "policy").text
        assert decision.ref not in page
        assert "1 is counted above and not shown to your roles." in page

    def test_the_months_and_the_direction_are_chosen(self, client, draft):
        decision = factories.issued(by="adjudicator")
        self.harsher(draft)
        assert decision.ref in self.page(client, draft, "compliance", show="harsher").text
        assert decision.ref not in self.page(client, draft, "compliance", show="milder").text
        assert decision.ref in self.page(client, draft, "compliance", over="nonsense").text
        assert [found.ref for found in past(now() - timedelta(days=1))] == [decision.ref]
        assert list(past(now() + timedelta(days=1))) == []

    def test_reversed_decisions_and_proposals_are_left_out(self, draft):
        factories.issued(by="adjudicator").reverse(actor=factories.SYSTEM, reason="It did not stand.")
        factories.proposed()
        assert list(past(now() - timedelta(days=1))) == []
        assert Decision.objects.count() == 2

    def test_it_is_for_those_with_a_part_in_the_policy(self, client, draft):
        assert self.page(client, draft, "reviewer").status_code == HTTPStatus.NOT_FOUND
        assert reverse("cases:simulation", args=[draft.ref]) in self.page_of(client, draft)

    def page_of(self, client, draft):
        client.force_login(person("policy"), BACKEND)
        return client.get(draft.get_absolute_url()).text
