"""Every act that is a part in a case is one by key: plain SQL signs it with nobody who has another part there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case, Check, Claim, Conflict, Evidence, Finding, Hand, Hearing, Interim, Verdict
from tests import factories
from tests.cases.test_checklist import ticked
from tests.cases.test_hearing import asked
from tests.cases.test_interim import grave, imposed
from tests.factories import person
from tipstaff.time import now

pytestmark = pytest.mark.usefixtures("people")
Part = Hand.Part
JUDGES = {Part.JUDGED, Part.CONFIRMED, Part.ISSUED}
INVESTIGATES = {Part.INVESTIGATED}
ANY = set(Part)
Signing = Callable[[Any], object]


class Undone(Exception):
    pass


def claim() -> tuple[Case, Signing]:
    made = factories.claim()
    return made.case, lambda who: Claim.objects.filter(pk=made.pk).update(
        state="refused", reasons="No.", assessed_at=now(), assessed_by=who
    )


def interim() -> tuple[Case, Signing]:
    made = imposed(grave())
    return made.case, lambda who: Interim.objects.filter(pk=made.pk).update(seconded_at=now(), seconded_by=who)


def answered_interim() -> tuple[Case, Signing]:
    made = imposed(grave())
    return made.case, lambda who: Interim.objects.filter(pk=made.pk).update(answered_by=who)


def verdict() -> tuple[Case, Signing]:
    made = factories.proposed()
    return made.case, lambda who: Verdict.objects.create(decision=made, person=who, outcome="no_breach", reason="No.")


def finding() -> tuple[Case, Signing]:
    made = factories.finding(factories.claimed())
    return made.case, lambda who: Finding.objects.filter(pk=made.pk).update(found_by=who)


def evidence() -> tuple[Case, Signing]:
    made = factories.evidence(factories.claimed())
    return made.case, lambda who: Evidence.objects.filter(pk=made.pk).update(added_by=who)


def hearing() -> tuple[Case, Signing]:
    made = asked(factories.claimed())
    return made.case, lambda who: Hearing.objects.filter(pk=made.pk).update(asked_by=who)


def check() -> tuple[Case, Signing]:
    case = factories.claimed()
    return case, lambda who: Check.objects.create(case=case, point="volume", text="How many.", answer="yes", by=who)


def conflict() -> tuple[Case, Signing]:
    case = factories.case()
    return case, lambda who: Conflict.objects.create(case=case, person=who, reason="A friend.")


def stands(case: Case, part: str, sign: Signing) -> bool:
    """Whether somebody with that part, or none, can be written down as who did it."""
    try:
        with transaction.atomic():
            if part:
                Hand.objects.create(case=case, person=person("head"), part=part)
            sign(person("head"))
            raise Undone
    except Undone:
        return True
    except IntegrityError:
        return False


@pytest.mark.parametrize(
    ("act", "parts"),
    [
        (claim, JUDGES),
        (interim, JUDGES),
        (verdict, JUDGES),
        (answered_interim, INVESTIGATES),
        (finding, INVESTIGATES),
        (evidence, INVESTIGATES),
        (hearing, INVESTIGATES),
        (check, INVESTIGATES),
        (conflict, ANY),
    ],
)
def test_plain_sql_gives_nobody_a_second_part(act: Callable[[], tuple[Case, Signing]], parts: set[str]) -> None:
    case, sign = act()
    assert {part for part in ["", *Part] if stands(case, part, sign)} == parts


def test_nor_moves_what_was_done_to_another_case() -> None:
    made, other = factories.finding(factories.claimed()), factories.claimed("reviewer2")
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(pk=made.pk).update(case=other)


def test_whoever_answers_the_checklist_investigates() -> None:
    case = factories.claimed()
    ticked(case)
    assert Case.objects.get(pk=case.pk).part_of(person("reviewer")) == Part.INVESTIGATED
