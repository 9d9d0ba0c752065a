"""The demo's story: everything is there in every state, nothing lies ahead, and the same now gives the same story."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import Count

from appeals.models import Appeal
from aup import coverage, wording
from aup.models import Feedback, PolicyVersion
from cases.models import Case, Decision, Finding, Report, Sanction
from governance.coverage import Coverage, survey
from governance.models import AISystem, Ballot, BallotPart, Committee, ControlTask, Waiver
from tests.conftest import TEMPLATE, drop, on_a_clone
from tests.demo.telling import NOW, digest_of_everything, in_a_process_of_its_own, sealing_into
from tipstaff.accounts.models import Subject
from tipstaff.demo import story
from tipstaff.demo.story.hands import at_hand
from tipstaff.ledger.models import Event
from tipstaff.ledger.verify import Tally, verify
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock, ClockAlert
from tipstaff.time import moved_to
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.operations import operations_of

SMALL = 0.08
# States that belong to a moment or to a machine, and not to what a demo tells.
ELSEWHERE = {
    "file": {"receiving", "failed"},  # while a file comes in, and when it does not
    "delivery": {"delivered", "failed", "dead"},  # the worker calls the receiver once the demo runs
    "endpoint": {"disabled", "closed"},
}


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[float]:
    """A database of this file's own with the whole story, told once. The seconds that it took."""
    with django_db_blocker.unblock(), on_a_clone(TEMPLATE) as name, sealing_into(tmp_path_factory.mktemp("vault")):
        began = time.monotonic()
        in_a_process_of_its_own(name, f"story.tell(hands={at_hand()})")
        seconds = time.monotonic() - began
        print(f"The story took {seconds:.1f} s.")
        with moved_to(NOW):
            yield seconds
    drop(name)


def values(rows: Any, name: str) -> Counter[Any]:
    return Counter(rows.values_list(name, flat=True))


@pytest.mark.usefixtures("told")
class TestThereIsEnough:
    def test_of_everything(self) -> None:
        assert PolicyVersion.objects.count() >= 3
        assert Subject.objects.count() >= 40
        assert Report.objects.count() >= 400
        assert Case.objects.count() >= 150
        assert SealedFile.objects.count() >= 150

    def test_accounts_stand_in_trees_and_speak_four_languages(self) -> None:
        assert set(Subject.objects.values_list("kind", flat=True)) == set(Subject.Kind.values)
        assert set(Subject.objects.values_list("language", flat=True)) == {"en", "es", "fr", "ar"}
        roots = Subject.objects.filter(parent=None).count()
        assert Subject.objects.count() > 4 * roots
        scripts = {
            "LATIN": "[A-Za-z]",
            "ARABIC": "[\u0600-\u06ff]",
            "HAN": "[\u4e00-\u9fff]",
            "CYRILLIC": "[\u0400-\u04ff]",
        }
        names = list(Subject.objects.exclude(name="").values_list("name", flat=True))
        for script, letters in scripts.items():
            assert any(re.search(letters, name) for name in names), script

    def test_reports_gather_into_cases(self) -> None:
        several = Case.objects.annotate(several=Count("reports")).filter(several__gt=1)
        assert several.count() > 40
        assert set(values(Report.objects, "channel")) == set(Report.Channel.values)
        assert {"en", "es", "fr", "ar"} <= set(values(Report.objects, "language"))

    def test_what_systems_did_by_themselves_gathers_without_an_account(self) -> None:
        decided, waiting = Case.objects.filter(subject=None).order_by("opened_at")
        assert (decided.state, waiting.state) == ("decided", "open")
        assert decided.system != waiting.system
        assert decided.reports.count() == waiting.reports.count() == 2
        assert ControlTask.objects.filter(system=decided.system).exists()

    def test_a_queue_of_a_believable_length_and_few_of_it_late(self) -> None:
        assert 15 <= Case.objects.queued().count() <= 40
        assert 15 <= Report.objects.filter(state="received").count() <= 35
        late = Clock.objects.running().filter(paused_at=None, due_at__lt=NOW)
        assert 3 <= late.count() <= 16
        decided = values(Clock.objects.filter(kind="decision").exclude(stopped_at=None), "outcome")
        assert decided["met"] > 8 * decided["breached"] > 0


@pytest.mark.usefixtures("told")
class TestNothingIsMissing:
    def test_every_state_that_an_act_leads_to(self) -> None:
        """Derived: whoever adds a state adds it to the story."""
        missing = {}
        for prefix, model in references.registered().items():
            if hasattr(model, "state"):
                reachable = {act.target for act in operations_of(model) if act.target}
                reachable.add(model._meta.get_field("state").default)
                gone = {str(state) for state in reachable} - set(model.objects.values_list("state", flat=True))
                if gone - ELSEWHERE.get(prefix, set()):
                    missing[prefix] = gone - ELSEWHERE.get(prefix, set())
        assert missing == {}

    def test_every_severity_in_many_groups_of_rules(self) -> None:
        assert set(values(Case.objects, "severity")) == {1, 2, 3, 4}
        assert len(values(Case.objects, "rule_group")) >= 15

    def test_every_outcome_and_tier(self) -> None:
        issued = Decision.objects.filter(issued_at__isnull=False)
        assert set(values(issued, "outcome")) == set(Decision.Outcome.values)
        assert set(values(issued, "tier")) == {"", *(f"T{number}" for number in range(1, 10))}
        assert set(values(issued, "recurrence")) == {"", "first", "repeat", "persistent"}
        assert set(values(issued.filter(outcome="breach"), "intent")) == {"inadvertent", "negligent", "deliberate"}
        assert issued.exclude(departure_reason="").exists()
        assert issued.filter(confirmed_by__isnull=False, tier="T5").exists()
        assert set(values(Finding.objects, "conclusion")) == set(Finding.Conclusion.values)
        assert set(values(Report.objects.filter(state="declined"), "decline_reason")) == set(Report.Decline.values)

    def test_what_happened_under_the_older_version_is_judged_by_it(self) -> None:
        older, newer = PolicyVersion.objects.filter(state="published").order_by("effective_from")
        for decision in Decision.objects.select_related("rule"):
            expected = older if decision.conduct_at < newer.effective_from else newer
            assert decision.rule.version_id == expected.pk
        assert Decision.objects.filter(rule__version=older).count() >= 5
        changed = [
            rule.code for rule in newer.rules.all() if rule.threshold != older.rules.get(code=rule.code).threshold
        ]
        assert len(changed) >= 3
        assert newer.matrix.cells != older.matrix.cells

    def test_the_policy_is_translated_currently_and_not(self) -> None:
        version = PolicyVersion.objects.in_force(NOW)
        assert version is not None
        entries = coverage.of(version)
        for total in coverage.totals(entries):
            assert min(total.current, total.stale, total.missing) > 0, total
        stale = {
            code: {entry.thing.code for entry in entries if entry.standings[code].status == "stale"}
            for code in wording.targets()
        }
        assert stale["es"] < stale["fr"] < stale["ar"]

    def test_measures_and_what_the_gateway_said(self) -> None:
        standing = {str(sanction.standing) for sanction in Sanction.objects.all()}
        assert {"In force", "Expired", "Given", "Revoked", "Replaced", "Lifted"} <= standing
        assert set(values(Sanction.objects, "kind")) == set(Sanction.Kind.values)
        assert {"applied", "ended", "failed"} <= set(values(Sanction.objects, "acknowledged_effect"))

    def test_appeals_of_both_kinds(self) -> None:
        assert set(values(Appeal.objects.filter(report__isnull=False), "state")) >= {"upheld", "reversed", "lodged"}
        assert Appeal.objects.filter(language="ar").exists()

    def test_clocks_met_warned_breached_and_paused(self) -> None:
        assert set(values(Clock.objects, "outcome")) == {"", *Clock.Outcome.values}
        assert set(values(ClockAlert.objects, "level")) == {50, 75, 100, 150, 200}
        assert Clock.objects.running().exclude(paused_at=None).count() >= 5
        for alert in ClockAlert.objects.filter(detected_at__gt=datetime.min.replace(tzinfo=UTC)):
            assert alert.detected_at - alert.reached_at < timedelta(minutes=1)

    def test_the_committee_votes(self) -> None:
        committee = Committee.objects.get()
        assert committee.seated(NOW).count() == 7
        assert committee.lacking(NOW) == []
        assert set(values(BallotPart.objects, "part")) == set(BallotPart.Part.values)
        assert set(values(BallotPart.objects, "choice")) == {"", *Ballot.Choice.values}
        assert set(values(Ballot.objects, "outcome")) == {"", *Ballot.Outcome.values}

    def test_waivers_stand_in_every_way(self) -> None:
        standing = {waiver.standing(NOW) for waiver in Waiver.objects.all()}
        assert standing >= {"in_force", "pending", "lapsed", "expired", "suspended", "revoked"}
        assert set(values(Waiver.objects, "kind")) == set(Waiver.Kind.values)
        assert set(values(Waiver.objects.exclude(route=""), "route")) == set(Waiver.Route.values)

    def test_feedback_of_every_kind_and_what_it_led_to(self) -> None:
        assert set(values(Feedback.objects, "kind")) == set(Feedback.Kind.values)
        assert set(values(Feedback.objects.exclude(led_to=None), "led_to__state")) >= {"published", "approved"}
        assert Feedback.objects.filter(state="answered", led_to=None).exists()
        assert set(values(Feedback.objects, "language")) == {"en", "es", "fr", "ar"}
        outcomes = values(Clock.objects.filter(kind="feedback").exclude(stopped_at=None), "outcome")
        assert outcomes["met"] > 1 <= outcomes["breached"]

    def test_the_map_shows_every_answer(self) -> None:
        found = survey(AISystem.objects.standing(), NOW)
        assert set(found.results.values()) == set(Coverage)

    def test_mail_that_arrived_and_mail_that_did_not(self) -> None:
        old = Message.objects.filter(queued_at__lt=NOW - timedelta(days=2))
        assert not old.filter(state="queued").exists()
        assert Message.objects.filter(state="queued").count() < 120


@pytest.mark.usefixtures("told")
class TestTime:
    def test_nothing_lies_ahead(self) -> None:
        assert not Event.objects.filter(at__gt=NOW).exists()
        assert not Report.objects.filter(received_at__gt=NOW).exists()

    def test_every_history_goes_forward(self) -> None:
        streams: dict[str, list[datetime]] = {}
        for stream, at in Event.objects.order_by("stream_id", "seq").values_list("stream_id", "at"):
            streams.setdefault(stream, []).append(at)
        backwards = [stream for stream, times in streams.items() if any(one > two for one, two in pairwise(times))]
        assert backwards == []

    def test_told_again_it_stays_as_it_is(self) -> None:
        count = Event.objects.count()
        assert story.tell().endswith("the story was told already.")
        assert Event.objects.count() == count


@pytest.fixture(scope="module")
def tell(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Tell a small story in a database of its own, have it looked at, and say in one line what it says."""

    def tell_and_digest(at: datetime, hands: int, look: Callable[[], None] = lambda: None) -> str:
        folder = tmp_path_factory.mktemp("vault")
        with django_db_blocker.unblock(), on_a_clone(TEMPLATE) as name, sealing_into(folder):
            in_a_process_of_its_own(name, f"story.tell(scale={SMALL}, hands={hands})", at=at)
            look()
            found = digest_of_everything()
        drop(name)
        return found

    return tell_and_digest


@pytest.fixture(scope="module")
def by_one(tell: Callable[..., str]) -> str:
    return tell(NOW, 1, signed_and_whole)


class TestTheSameNow:
    def test_gives_the_same_story_however_many_hands_tell_it(self, tell: Callable[..., str], by_one: str) -> None:
        """But for references, which two hands draw in another order."""
        assert tell(NOW, 2) == by_one

    def test_another_now_gives_another(self, tell: Callable[..., str], by_one: str) -> None:
        assert tell(NOW.replace(hour=2, day=1), 1) != by_one


def signed_and_whole() -> None:
    from django.core.management import call_command

    call_command("sequencer", once=True)
    tally = Tally()
    assert list(verify(tally)) == []
    assert tally.leaves == Event.objects.count() > 400
    assert tally.pending == 0
