"""The queue: its order and the reason for it, its filters, its numbers, and the next case within all of that."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from cases.models import Case, QueueFilter
from cases.models.queue_filter import FILTERS_LIMIT
from cases.templatetags.desk import due, severity
from cases.views.queue import why
from tests import factories
from tests.cases.test_pages import BUDGET, SIGN_IN, queries_of
from tests.factories import person
from tipstaff.time import now

MANY = """
INSERT INTO accounts_subject (external_id, kind, name, contact, language)
SELECT 'many_' || n, 'end_user', '', '', 'en' FROM generate_series(1, %(rows)s) n;
INSERT INTO cases_case (state, subject_id, behaviour, rule_id, rule_group, severity, trust, flagged, claimed_ahead,
    due_at, opened_at, awaiting)
SELECT 'open', s.id, 'human', %(rule)s, 'SP', 1 + n %% 4, 0, false, false, now() + n * interval '1 minute', now(), ''
FROM generate_series(1, %(rows)s) n JOIN accounts_subject s ON s.external_id = 'many_' || n;
"""


def many(rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"rows": rows, "rule": factories.rule().pk})
        cursor.execute("ANALYZE cases_case")


class TestOrder:
    def test_within_a_severity_trusted_flaggers_come_first_then_what_is_due_then_trust(self, people: dict) -> None:
        plain, trusted, flagged, worst = (factories.case(severity=level) for level in (2, 2, 2, 3))
        same = Case.objects.filter(pk__in=[plain.pk, trusted.pk])
        same.update(due_at=plain.due_at)
        Case.objects.filter(pk=trusted.pk).update(trust=20)
        Case.objects.filter(pk=flagged.pk).update(flagged=True, due_at=plain.due_at + timedelta(days=1))
        assert list(Case.objects.queued()) == [worst, flagged, trusted, plain]

    def test_each_case_says_why_it_stands_there(self, enter) -> None:
        case = factories.case(severity=3)
        Case.objects.filter(pk=case.pk).update(flagged=True, trust=10, due_at=now() + timedelta(hours=3, minutes=1))
        case.refresh_from_db()
        told = "severity 3 of 4, reported by a trusted flagger, due in 3\xa0hours, its reporters were right before"
        assert why(case, now()) == told
        assert told in enter("reviewer").get("/desk/queue/").content.decode()
        case.due_at, case.flagged, case.trust = now() - timedelta(hours=2), False, -5
        assert why(case, now()) == "severity 3 of 4, 2\xa0hours late, its reporters were wrong before"
        case.due_at = None
        assert "its clock stands still" in why(case, now())


class TestFilters:
    def test_each_narrows_the_page_and_what_comes_next(self, enter, people: dict) -> None:
        post, data = factories.case(severity=2, language="ar"), factories.case(code="DI-01", severity=3)
        Case.objects.filter(pk=post.pk).update(flagged=True, due_at=now() - timedelta(hours=1))
        desk = enter("reviewer")
        for query in ("severity=2", "group=SP", "language=ar", "flagged=on", "late=on"):
            found = desk.get(f"/desk/queue/?{query}").context["page"].object_list
            assert list(found) == [post], query
        assert list(desk.get("/desk/queue/?severity=4").context["page"].object_list) == []
        assert b"Nothing within this filter" in desk.get("/desk/queue/?severity=4").content
        assert len(desk.get("/desk/queue/?severity=nine&group=no-such&language=xx").context["page"].object_list) == 2
        answer = desk.post("/desk/queue/next/", {"within": "severity=2"})
        assert answer.headers["Location"] == post.get_absolute_url()
        nothing = desk.post("/desk/queue/next/", {"within": "severity=2"}, follow=True).content
        assert b"waiting within this filter" in nothing
        assert list(desk.get("/desk/queue/?free=on").context["page"].object_list) == [data]

    def test_what_waits_for_an_answer_is_a_filter_of_its_own(self, enter, people: dict) -> None:
        case = factories.claimed()
        case.await_information(actor=people["reviewer"], awaiting="outside", question="Whose is it?")
        page = enter("reviewer").get("/desk/queue/?waiting=on")
        assert list(page.context["page"].object_list) == [case]
        assert "waits for somebody outside" in page.content.decode()

    def test_a_kept_filter_is_the_persons_own_and_claim_next_works_inside_the_default(self, enter) -> None:
        post, data = factories.case(severity=2), factories.case(code="DI-01", severity=3)
        desk = enter("reviewer")
        typed = {"query": "group=SP&nonsense=1", "keep-name": "Posts", "keep-is_default": "on"}
        for _twice in range(2):
            assert desk.post("/desk/queue/filters/", typed).status_code == 302
        kept = QueueFilter.objects.get()
        assert (kept.name, kept.query, kept.is_default) == ("Posts", "group=SP", True)
        assert list(desk.get("/desk/queue/").context["page"].object_list) == [post]
        assert list(desk.get("/desk/queue/?all=1").context["page"].object_list) == [data, post]
        assert len(enter("reviewer2").get("/desk/queue/").context["page"].object_list) == 2
        assert enter("reviewer2").post(f"/desk/queue/filters/{kept.pk}/remove/").status_code == 404
        assert desk.post("/desk/queue/next/").headers["Location"] == post.get_absolute_url()
        assert desk.post("/desk/queue/next/", {"within": ""}).headers["Location"] == data.get_absolute_url()
        assert desk.post(f"/desk/queue/filters/{kept.pk}/remove/").status_code == 302
        assert not QueueFilter.objects.exists()

    def test_limits(self, enter) -> None:
        desk = enter("reviewer")
        assert desk.post("/desk/queue/filters/", {"query": "", "keep-name": ""}).status_code == 422
        assert desk.post("/desk/queue/filters/", {"query": "", "keep-name": "x" * 61}).status_code == 422
        QueueFilter.objects.bulk_create(
            QueueFilter(person=person("reviewer"), name=f"F{n}") for n in range(FILTERS_LIMIT)
        )
        assert desk.post("/desk/queue/filters/", {"query": "", "keep-name": "مرشح"}).status_code == 409
        assert desk.post("/desk/queue/filters/", {"query": "late=on", "keep-name": "F1"}).status_code == 302
        with pytest.raises(IntegrityError), transaction.atomic():
            QueueFilter.objects.filter(person=person("reviewer")).update(is_default=True)
        assert enter("adjudicator").post("/desk/queue/filters/", {}).status_code == 403


class TestNumbers:
    def test_they_are_live_and_leads_see_them_by_group(self, enter, people: dict) -> None:
        late, soon = factories.case(), factories.case(code="DI-01", severity=3)
        Case.objects.filter(pk=late.pk).update(due_at=now() - timedelta(hours=1))
        Case.objects.filter(pk=soon.pk).update(due_at=now() + timedelta(minutes=30))
        soon.claim(actor=people["lead"])
        answer = enter("lead").get("/desk/queue/counts/")
        shown = {name: answer.context[name] for name in ("total", "late", "soon", "set_aside", "held")}
        assert shown == {"total": 2, "late": 1, "soon": 1, "set_aside": 0, "held": 1}
        assert {row["rule_group"]: (row["late"], row["soon"]) for row in answer.context["groups"]} == {
            "SP": (1, 0),
            "DI": (0, 1),
        }
        colleagues = enter("reviewer").get("/desk/queue/counts/").context
        assert {name: colleagues[name] for name in shown} == shown | {"held": 0}
        assert b"<html" not in answer.content
        assert b'hx-trigger="every 30s"' in answer.content
        assert b"By group of rules" not in enter("reviewer").get("/desk/queue/counts/").content
        assert enter("adjudicator").get("/desk/queue/counts/").status_code == 404


class TestRows:
    def test_a_chip_says_until_when_and_is_escaped(self) -> None:
        at = now().replace(hour=12)
        said = due({"now": at}, at - timedelta(hours=2), label="<b>")
        assert '<span class="chip late">&lt;b&gt;: <time datetime="' in said
        assert "2\xa0hours late</time>" in said
        assert due({"now": at}, at + timedelta(hours=2)).endswith(">due in 2\xa0hours</time></span>")
        assert due({"now": at}, at + timedelta(days=2), short=True).endswith(" data-short>2\xa0days</time></span>")
        assert 'class="chip due"' in due({"now": at}, at + timedelta(hours=2))
        assert due({"now": at}, None) == ""

    def test_severity_is_said_in_the_language_of_the_page(self) -> None:
        assert 'aria-label="Severity 3 of 4"' in severity(3)
        with override("fr"):
            assert 'data-level="3"' in severity(3)
            assert "Severity" not in severity(3)
        assert "Severity 2 of 4" in severity(2)


class TestMany:
    def test_thousands_of_cases_take_no_more_queries_and_the_next_one_comes_from_the_index(self, enter) -> None:
        many(5000)
        for query in ("", "?severity=2&language=en", "?late=on&flagged=on&free=on"):
            assert queries_of(enter("lead"), f"/desk/queue/{query}") <= BUDGET + SIGN_IN
        free = Case.objects.queued().within(now()).offered_to(person("reviewer"), now())
        plan = free.select_for_update(skip_locked=True, no_key=True, of=("self",))[:1].explain()
        assert "case_first_things_first" in plan
        assert "Sort" not in plan
        with CaptureQueriesContext(connection) as captured:
            assert Case.objects.claim_next(actor=person("reviewer")) is not None
        assert len([one for one in captured.captured_queries if "SKIP LOCKED" in one["sql"]]) == 1

    def test_a_late_page_is_found_by_its_few_keys_and_the_next_case_within_the_budget(self, enter) -> None:
        many(5000)
        desk = enter("reviewer")
        with CaptureQueriesContext(connection) as captured:
            page = desk.get("/desk/queue/?all=1&page=90").context["page"]
        first = Case.objects.queued()[89 * len(page)]
        assert page[0] == first
        (sql,) = [one["sql"] for one in captured.captured_queries if "ANY(ARRAY" in one["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan on cases_case" not in plan, plan
        assert "case_first_things_first" in plan
        with CaptureQueriesContext(connection) as captured:
            assert desk.post("/desk/queue/next/", {"within": "severity=2"}).status_code == 302
        assert len(captured.captured_queries) <= BUDGET + SIGN_IN
