"""A decision that a system behaved wrongly makes a task for its owner, and limits nobody."""

import pytest
from django.db import IntegrityError, connection, transaction

from cases.models import Decision, Sanction
from governance.models import ControlTask
from governance.models.task import DAYS
from tests import factories
from tests.factories import person
from tipstaff.time import moved_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
DONE = "The answer is checked for a source before it leaves. Two hundred tries gave none without one."
LIST = "/systems/tasks/"


def found() -> Decision:
    return factories.issued(outcome=Decision.Outcome.SYSTEM_BEHAVIOUR)


@pytest.fixture
def task(people: dict) -> ControlTask:
    return ControlTask.objects.get(about=found().reference)


class TestMade:
    def test_instead_of_a_measure(self) -> None:
        decision = found()
        task = ControlTask.objects.get(about=decision.reference)
        assert (task.rule, task.severity, task.state) == (decision.rule.code, decision.case.severity, "open")
        assert (task.due_at - task.raised_at).days == DAYS[task.severity]
        assert not Sanction.objects.exists()

    def test_by_no_other_outcome(self) -> None:
        factories.issued()
        assert not ControlTask.objects.exists()

    def test_one_for_a_decision(self, task: ControlTask) -> None:
        again = ControlTask(about=task.about, rule=task.rule, severity=2)
        with pytest.raises(IntegrityError), transaction.atomic():
            again.open(actor=person("senior"))

    def test_reversed_it_stays_and_links_to_what_became_of_the_decision(self, task: ControlTask, enter) -> None:
        page = enter("lead").get(task.get_absolute_url()).content.decode()
        decision = Decision.objects.get()
        assert decision.get_absolute_url() in page
        assert decision.reasons in page


class TestWork:
    def test_given_to_a_system_and_done_by_its_owner(self, task: ControlTask) -> None:
        system = factories.ai_system()
        control = factories.control(system, rules=[task.rule])
        with pytest.raises(Refused, match="which system"):
            task.finish(actor=person("owner"), said=DONE)
        task.assign(actor=person("compliance"), system=system)
        assert list(ControlTask.objects.for_person(person("owner"))) == [task]
        task.finish(actor=person("owner"), said=DONE, control=control)
        task.refresh_from_db()
        assert (task.state, task.control, task.ended_by) == ("done", control, person("owner"))
        assert not ControlTask.objects.for_person(person("owner")).exists()

    def test_only_by_who_answers_for_it(self, task: ControlTask) -> None:
        task.assign(actor=person("compliance"), system=factories.ai_system())
        with pytest.raises(NotPermitted):
            task.finish(actor=person("compliance"), said=DONE)
        with pytest.raises(NotPermitted):
            task.assign(actor=person("reviewer"), system=task.system)

    def test_a_control_of_another_system_or_rule_shows_nothing(self, task: ControlTask) -> None:
        system = factories.ai_system()
        task.assign(actor=person("compliance"), system=system)
        with pytest.raises(Refused, match="of this system"):
            task.finish(actor=person("owner"), said=DONE, control=factories.control(system, rules=["VE-02"]))

    def test_set_aside_with_a_reason_and_once(self, task: ControlTask) -> None:
        with pytest.raises(Refused):
            task.dismiss(actor=person("compliance"), said="  ")
        task.dismiss(actor=person("compliance"), said="The release was withdrawn.")
        with pytest.raises(Refused):
            task.dismiss(actor=person("compliance"), said="Again.")

    def test_not_to_a_system_that_is_retired(self, task: ControlTask) -> None:
        system = factories.ai_system()
        system.retire(actor=person("owner"), reason="Replaced.")
        with pytest.raises(Refused, match="retired"):
            task.assign(actor=person("compliance"), system=system)

    def test_sql_knows_who_ended_it(self, task: ControlTask) -> None:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE governance_controltask SET state = 'done'")


class TestPages:
    def test_late_ones_are_said_to_be(self, task: ControlTask, enter) -> None:
        assert "Late" not in enter("owner").get(LIST).content.decode()
        with moved_to(task.due_at):
            assert "Late" in enter("owner").get(LIST).content.decode()

    def test_empty_and_ended(self, enter) -> None:
        assert "No system has to be mended" in enter("owner").get(LIST).content.decode()
        assert "No task has ended yet" in enter("owner").get(LIST, {"show": "ended"}).content.decode()

    def test_assign_finish_and_what_was_typed_is_kept(self, task: ControlTask, enter) -> None:
        system = factories.ai_system()
        browser = enter("compliance")
        answer = browser.post(f"{LIST}{task.ref}/do/assign/", {"assign-system": system.pk})
        assert answer.url == task.get_absolute_url()
        owner = enter("owner")
        assert task.ref in owner.get(system.get_absolute_url()).content.decode()
        assert owner.post(f"{LIST}{task.ref}/do/finish/", {"finish-said": ""}).status_code == 422
        arabic = "تم إصلاح النظام " * 50
        assert owner.post(f"{LIST}{task.ref}/do/finish/", {"finish-said": arabic}).status_code == 302
        again = owner.post(f"{LIST}{task.ref}/do/finish/", {"finish-said": DONE})
        assert again.status_code == 409
        assert arabic.strip() in owner.get(task.get_absolute_url()).content.decode()
        assert owner.post(f"{LIST}{task.ref}/do/explode/").status_code == 404

    def test_whoever_may_not_see_systems_sees_no_task(self, task: ControlTask, enter) -> None:
        assert enter("admin").get(task.get_absolute_url()).status_code in (403, 404)

    def test_the_list_costs_few_queries(self, task: ControlTask, enter, django_assert_max_num_queries) -> None:
        for _more in range(3):
            found()
        browser = enter("compliance")
        with django_assert_max_num_queries(8):
            browser.get(LIST)
