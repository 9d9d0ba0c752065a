"""Many clocks in one batch: as if each had been brought up to date by itself, whole or not at all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.sla.tables import adopt
from tests.sla.test_clock import DAY, MINUTES, MOST_PAUSED, REPORTER, START, Oracle, after, alerts, started, stored
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import Event
from tipstaff.sla import clocks
from tipstaff.sla.models import LEVELS, Clock, ClockAlert, Untold
from tipstaff.sla.sweep import sweep
from tipstaff.workflow import rows, unit

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipstaff.sla.sweep.BATCH", 2)


def told_by_events(clock: Clock) -> dict[str, Any]:
    """The columns of a clock as its events alone give them; each change begins where the one before ended."""
    columns: dict[str, Any] = {}
    for event in Event.objects.filter(stream=clock.about_stream, kind__startswith="clock.").order_by("seq"):
        told = event.told()
        if told["about"]["id"] == str(clock.pk):
            for name, change in told.items():
                if name.startswith("changes."):
                    before, columns_after = change
                    assert columns.get(name.removeprefix("changes.")) == before, (event, name)
                    columns[name.removeprefix("changes.")] = columns_after
    return {name: value for name, value in columns.items() if value is not None}


def levels_told(clock: Clock) -> list[int]:
    kinds = ["clock.warned", "clock.breached", "clock.escalated"]
    events = Event.objects.filter(stream=clock.about_stream, kind__in=kinds).order_by("seq")
    return [event.told()["facts.level"] for event in events]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 15), st.integers(0, 2), st.sampled_from(["pause", "resume", "stop", "longer", "sweep", "sweep"])
    ),
    max_size=14,
)


class LongerOracle(Oracle):
    """With a target that can be made twice as long."""

    target = MINUTES

    def wait(self, minutes: int) -> None:
        for _minute in range(minutes):
            if self.running and not self.ended:
                for level in LEVELS:
                    if self.used * 100 == self.target * level:
                        self.reached.setdefault(level, self.minute)
                self.used += 1
            elif not self.ended:
                self.paused += 1
                self.running = self.paused >= MOST_PAUSED
            self.minute += 1

    def do(self, act: str) -> None:
        super().do(act)
        if act == "longer" and not self.ended:
            self.target = 2 * MINUTES


@given(steps=STEPS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_three_clocks_in_batches_agree_with_three_that_count_minutes(
    monkeypatch: pytest.MonkeyPatch, people: Any, steps: list
) -> None:
    monkeypatch.setattr("tipstaff.sla.models.clock.PAUSE_CAP", timedelta(minutes=MOST_PAUSED))
    with transaction.atomic():
        graver = {"kind": "decision", "severity": 4, "amount": MINUTES, "unit": "minutes", "calendar": None}
        adopt(graver, graver | {"severity": 3, "amount": 2 * MINUTES})
        abouts = [factories.subject(f"acct_{uuid4().hex[:8]}") for _clock in range(3)]
        made = [started(about=about) for about in abouts]
        oracles = [LongerOracle([True] * 1000) for _clock in made]
        acts: dict[str, Callable[[Subject], object]] = {
            "pause": lambda about: clocks.pause(about, reason=REPORTER),
            "resume": clocks.resume,
            "stop": lambda about: clocks.stop(about, Clock.Kind.DECISION),
            "longer": lambda about: clocks.regrade(about, Clock.Kind.DECISION, severity=3),
            "sweep": lambda _about: sweep(),
        }
        for minutes, which, act in [*steps, (3, 0, "sweep")]:
            for oracle in oracles:
                oracle.wait(minutes)
            with after(timedelta(minutes=oracles[0].minute)):
                acts[act](abouts[which])
            oracles[which].do(act)
        for clock, oracle in zip(map(stored, made), oracles, strict=True):
            expected = {level: START + timedelta(minutes=minute) for level, minute in sorted(oracle.reached.items())}
            assert alerts(clock) == expected
            assert levels_told(clock) == list(expected)
            assert clock.level == max(expected, default=0)
            assert told_by_events(clock) == {
                name: value for name, value in clock.columns().items() if value is not None
            }
        transaction.set_rollback(True)


def test_a_batch_that_is_killed_is_rolled_back_whole_and_done_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [started() for _clock in range(5)]
    appended, batches = unit.write, []

    def killed(entries: list) -> Any:
        batches.append(len(entries))
        if len(batches) == 2:
            raise KeyboardInterrupt
        return appended(entries)

    with monkeypatch.context() as patched, after(DAY * 1.1):
        patched.setattr(unit, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep()
    assert batches == [6, 6]  # two clocks at three levels
    assert (ClockAlert.objects.count(), Untold.objects.count()) == (6, 2)
    assert sorted(stored(clock).level for clock in made) == [0, 0, 0, 100, 100]
    for clock in made:
        assert levels_told(clock) == list(alerts(clock))
    with after(DAY * 1.2):
        assert sweep() == 3
    assert all(list(alerts(clock)) == levels_told(clock) == [50, 75, 100] for clock in made)
    assert not Untold.objects.exists()


def test_what_the_database_refuses_of_one_clock_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    made = [started() for _clock in range(5)]
    made[1].alerts.create(level=50, reached_at=START, detected_at=START)  # and the clock does not know
    with after(DAY * 0.6):
        assert sweep() == 4
    assert [stored(clock).level for clock in made] == [50, 0, 50, 50, 50]
    assert f"clock {made[1].pk} could not be checked" in caplog.text


def test_a_calendar_that_cannot_be_read_holds_up_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [started() for _clock in range(5)]
    instant_of = Clock.instant_of

    def broken(clock: Clock, level: int) -> Any:
        if clock.pk == made[2].pk and level > 50:  # found out in the middle of the act
            raise ValueError("There is no such zone.")
        return instant_of(clock, level)

    monkeypatch.setattr(Clock, "instant_of", broken)
    with after(DAY * 0.6):
        assert sweep() == 4
    assert [stored(clock).level for clock in made] == [50, 50, 0, 50, 50]
    assert levels_told(made[2]) == []
    assert f"clock {made[2].pk} could not be checked" in caplog.text


def test_a_sweep_that_has_no_more_time_leaves_the_rest_to_the_next() -> None:
    made = [started() for _clock in range(5)]
    with after(DAY * 0.6):
        assert [sweep(0), sweep(0), sweep(0), sweep(0)] == [2, 2, 1, 0]
    assert all(list(alerts(clock)) == [50] for clock in made)


def test_records_and_columns_written_together_are_as_if_written_one_by_one() -> None:
    made = [started() for _clock in range(3)]
    for number, clock in enumerate(made):
        clock.level, clock.target, clock.breach_comment = (
            50 + number,
            timedelta(hours=number + 1),
            f"“{number}”, 'ok'\n",
        )
    rows.update_rows([(clock, ["level", "target", "breach_comment"]) for clock in made])
    for clock in made:
        fresh = stored(clock)
        assert {name: getattr(fresh, name) for name in fresh.column_names()} == clock.stored()
    person = factories.person("lead")
    person.roles = ["lead", "reviewer"]  # a list does not unnest
    rows.update_rows([(person, ["roles"])])
    assert factories.person("lead").roles == ["lead", "reviewer"]


def test_locking_what_is_free_knows_what_is_gone_from_what_is_held() -> None:
    decision = factories.proposed()
    found, held = rows.lock_free({decision.reference, decision.case.reference, "case:C-NONE", "nothing:1", "clock:x"})
    assert (set(found), held) == ({decision.reference, decision.case.reference}, set())
    assert found[decision.reference].case.pk == decision.case.pk
