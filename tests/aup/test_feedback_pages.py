"""Feedback on its pages: the public form, the receipt, the page behind the link, and the desk."""

import re
from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.urls import reverse

from aup import letters
from aup.models import Feedback
from aup.models.feedback import TEXT_LIMIT
from aup.views import feedback_desk
from tests.aup.policies import SYSTEM, enrolled
from tests.aup.test_feedback import SAID, given, publish
from tests.aup.test_feedback import later as later
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.time import moved_to, now

BACKEND = "django.contrib.auth.backends.ModelBackend"
FORM = "/policy/feedback/"


def typed(**fields):
    return {
        "submission": str(uuid4()),
        "version": "9.0",
        "kind": "ambiguity",
        "rule": "SP-03",
        "text": SAID,
        "contact": "writer@people.example",
    } | fields


@pytest.fixture
def desk(client, editor, published):
    client.force_login(editor, backend=BACKEND)
    return client


class TestTheForm:
    def test_every_page_of_the_policy_leads_to_it(self, client, published):
        assert f'href="{FORM}"' in client.get(reverse("aup:policy")).text
        assert f'href="{FORM}?version=9.0"' in client.get(reverse("aup:edition", args=["9.0"])).text
        rule = client.get(reverse("aup:rule", args=["SP-03"])).text
        assert f'href="{FORM}?version=9.0&amp;rule=SP-03"' in rule

    def test_a_rule_is_chosen_already(self, client, published):
        page = client.get(f"{FORM}?version=9.0&rule=sp-03").text
        assert re.search(r'<option value="SP-03"[^>]* selected', page)
        assert 'name="version" value="9.0"' in page

    def test_each_field_says_why_it_is_asked(self, client, published):
        page = client.get(FORM)
        fields = page.context["form"].visible_fields()
        assert [field.name for field in fields] == ["kind", "rule", "text", "contact"]
        assert all(field.help_text for field in fields)

    @pytest.mark.parametrize("number", ["9.9", "nothing", "x" * 30])
    def test_of_a_version_that_nobody_may_read_there_is_none(self, client, published, later, number):
        for asked in (number, later.number):
            assert client.get(FORM, {"version": asked}).status_code == HTTPStatus.NOT_FOUND

    def test_without_a_policy_it_says_so(self, client, editor, published):
        with moved_to(now() - timedelta(days=9000)):
            page = client.get(FORM)
        assert page.status_code == HTTPStatus.OK
        assert "No policy is in force yet" in page.text
        assert "<textarea" not in page.text

    def test_past_versions_can_be_written_about(self, client, published, editor, signers, later):
        publish(later, editor, signers)
        with moved_to(later.effective_from + timedelta(days=1)):
            assert "version 9.0, which is not in force now" in client.get(f"{FORM}?version=9.0").text
            client.post(FORM, typed())
        assert Feedback.objects.get().version == published

    def test_in_arabic(self, client, published):
        page = client.get(f"{FORM}?lang=ar").text
        assert 'dir="rtl"' in page
        assert "ملاحظات على السياسة" in page


class TestSending:
    def test_it_is_one_item_with_a_link(self, client, published):
        answer = client.post(FORM, typed())
        assert answer.status_code == HTTPStatus.OK
        assert answer["Referrer-Policy"] == "no-referrer"
        feedback = Feedback.objects.get()
        assert (feedback.rule.cite, feedback.text, feedback.language) == ("SP-03@9.0", SAID, "en")
        assert f'href="{letters.link(feedback)}"' in answer.text
        assert Event.objects.get(kind="feedback.filed", stream=feedback.stream).told()["actor"]["ref"] == "writer"

    def test_sent_twice_it_is_one(self, client, published):
        form = typed()
        first, second = (client.post(FORM, form) for _click in range(2))
        feedback = Feedback.objects.get()
        assert letters.link(feedback) in first.text
        assert letters.link(feedback) in second.text
        assert Message.objects.filter(about=feedback.reference).count() == 1
        client.post(FORM, form | {"text": "Something else."})
        assert Feedback.objects.count() == 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("kind", "report"),
            ("kind", ""),
            ("rule", "ZZ-99"),
            ("text", "   "),
            ("text", "x" * (TEXT_LIMIT + 1)),
            ("contact", "nobody"),
            ("submission", "1"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_is_kept(self, client, published, field, value):
        answer = client.post(FORM, typed(**{field: value}))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "was not sent yet" in answer.text
        if field != "text":
            assert SAID in answer.text
        assert not Feedback.objects.exists()

    def test_a_long_text_in_arabic_is_taken_whole(self, client, published):
        text = ("هل تُحسب السلسلة المجدولة؟ " * 300)[:TEXT_LIMIT].strip()
        client.post(FORM, typed(text=text))
        assert Feedback.objects.get().text == text

    def test_beyond_the_limit_it_is_refused_in_a_sentence(self, client, published, settings):
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"feedback": "2/hour"}
        codes = [client.post(FORM, typed(), REMOTE_ADDR="198.51.100.77").status_code for _ in range(3)]
        assert codes == [HTTPStatus.OK, HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS]
        assert Feedback.objects.count() == 2

    def test_who_works_here_is_answered_at_their_account(self, client, published):
        engineer = enrolled("wright", "engineering")
        client.force_login(engineer, backend=BACKEND)
        assert 'name="contact"' not in client.get(FORM).text
        client.post(FORM, typed(contact="elsewhere@people.example"))
        feedback = Feedback.objects.get()
        assert (feedback.filed_by, feedback.contact) == (engineer, engineer.email)
        assert Event.objects.get(kind="feedback.filed", stream=feedback.stream).told()["actor"]["kind"] == "person"

    def test_the_mail_and_the_page_speak_the_language_of_the_form(self, client, published):
        client.post(f"{FORM}?lang=fr", typed())
        feedback = Feedback.objects.get()
        assert feedback.language == "fr"
        assert "remarque" in Message.objects.get(about=feedback.reference).text
        assert 'lang="fr"' in client.get(letters.link(feedback)).text


class TestFollowing:
    def test_until_there_is_an_answer(self, client, published):
        feedback = given(published)
        page = client.get(letters.link(feedback))
        assert SAID in page.text
        assert "You get an answer by" in page.text
        assert "sessionid" not in page.cookies
        assert "csrftoken" not in page.cookies
        with moved_to(feedback.due_at + timedelta(days=1)):
            assert "are late" in client.get(letters.link(feedback)).text

    def test_the_answer_and_what_came_of_it_once_that_is_public(
        self, client, published, editor, signers, later, django_assert_max_num_queries
    ):
        feedback = given(published, rule=published.rules.get(code="SP-03"))
        feedback.answer(actor=editor, answer="From its first post.", led_to=later)
        page = client.get(letters.link(feedback)).text
        assert "From its first post." in page
        assert "9.1" not in page
        assert editor.name not in page
        publish(later, editor, signers)
        with django_assert_max_num_queries(6):
            page = client.get(letters.link(feedback)).text
        assert "version 9.1" in page

    def test_the_notice_leads_there(self, client, published):
        notice = Notice.objects.get(about=given(published).reference)
        page = client.get(notice.get_absolute_url()).text
        assert reverse("aup:feedback_follow", args=[notice.token]) in page
        assert SAID not in page

    def test_the_link_of_something_else_opens_nothing(self, client, published):
        feedback = given(published)
        about = {"about": feedback.reference, "about_stream": feedback.stream}
        other = Notice(scope="applicant", heading="Of a waiver", sections=[], **about)
        other.give(actor=SYSTEM)
        mine = Notice.objects.get(about=feedback.reference, scope="writer").token
        for token in (other.token, mine[:-1] + ("A" if mine[-1] != "A" else "B"), "nothing.signed", feedback.ref):
            assert client.get(reverse("aup:feedback_follow", args=[token])).status_code == HTTPStatus.NOT_FOUND

    def test_it_takes_nothing(self, client, published):
        assert client.post(letters.link(given(published))).status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestTheList:
    def test_of_nothing(self, desk):
        page = desk.get(reverse("aup:feedback_list")).text
        assert "All feedback is answered" in page
        assert "No feedback matches" in desk.get(reverse("aup:feedback_list"), {"kind": "near_miss"}).text
        assert "No feedback is here" in desk.get(reverse("aup:feedback_list"), {"show": "answered"}).text

    def refs(self, desk, **query):
        page = desk.get(reverse("aup:feedback_list"), query)
        return [feedback.ref for feedback in page.context["page"]]

    def test_what_is_due_first_and_filters(self, desk, published, editor):
        rule = published.rules.get(code="SP-03")
        with moved_to(now() - timedelta(minutes=30)):
            early = given(published, kind="near_miss")
        late, done = given(published, rule=rule), given(published, rule=rule)
        done.answer(actor=editor, answer="Yes.")
        assert self.refs(desk) == [early.ref, late.ref]
        assert self.refs(desk, show="nonsense") == [early.ref, late.ref]
        assert self.refs(desk, kind="near_miss") == [early.ref]
        assert self.refs(desk, rule="sp-03") == [late.ref]
        assert self.refs(desk, rule="SP-03' OR 1") == []
        assert self.refs(desk, show="answered") == [done.ref]
        assert set(self.refs(desk, show="all", rule="SP-03")) == {late.ref, done.ref}

    def test_it_costs_the_same_for_one_and_for_many(
        self, desk, published, editor, django_assert_num_queries, monkeypatch
    ):
        rule = published.rules.get(code="SP-03")
        given(published, rule=rule)
        desk.get(reverse("aup:feedback_list"))
        with django_assert_num_queries(5):
            desk.get(reverse("aup:feedback_list"))
        for _each in range(4):
            given(published, rule=rule)
        monkeypatch.setattr(feedback_desk, "PAGE", 3)
        with django_assert_num_queries(5):
            page = desk.get(reverse("aup:feedback_list"))
        assert len(page.context["page"]) == 3
        assert 'rel="next"' in page.text

    def test_the_home_page_counts_it(self, desk, published):
        given(published)
        page = desk.get("/").text
        assert "feedback to answer" in page
        assert f'href="{reverse("aup:feedback_list")}"' in page


class TestTheItem:
    def test_it_is_for_those_who_answer(self, client, published, signers):
        feedback = given(published)
        client.force_login(signers["legal"], backend=BACKEND)
        for name, *where in (("feedback_list",), ("feedback_item", feedback.ref)):
            assert client.get(reverse(f"aup:{name}", args=where)).status_code == HTTPStatus.NOT_FOUND
        act = reverse("aup:feedback_act", args=[feedback.ref, "answer"])
        assert client.post(act, {"answer-answer": "Yes."}).status_code == HTTPStatus.FORBIDDEN
        assert Feedback.objects.get().state == "received"

    def test_it_says_when_it_is_due_and_from_whom(self, desk, published, django_assert_max_num_queries):
        feedback = given(published, rule=published.rules.get(code="SP-03"), language="ar", text="نص <b>غليظ</b>")
        with django_assert_max_num_queries(12):
            page = desk.get(feedback.get_absolute_url()).text
        assert "10 working days" in page
        assert "Answer: " in page
        assert "due in" in page
        assert "Arabic" in page
        assert "&lt;b&gt;" in page
        assert "writer@people.example" not in page

    def test_answering_with_a_link(self, desk, published, later):
        feedback = given(published)
        act = reverse("aup:feedback_act", args=[feedback.ref, "answer"])
        answer = desk.post(act, {"answer-answer": "It will say so.", "answer-led_to": later.ref}, follow=True)
        assert "you answered the feedback" in answer.text
        assert "It will say so." in answer.text
        assert Feedback.objects.get().led_to == later

    def test_a_refused_answer_keeps_what_was_typed(self, desk, published, editor):
        feedback = given(published)
        act = reverse("aup:feedback_act", args=[feedback.ref, "answer"])
        wrong = desk.post(act, {"answer-answer": "Typed words.", "answer-led_to": "P-9999"})
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Typed words." in wrong.text
        feedback.answer(actor=enrolled("second", "policy_editor"), answer="First.")
        late = desk.post(act, {"answer-answer": "Typed words."})
        assert late.status_code == HTTPStatus.CONFLICT
        assert "Typed words." in late.text
        assert Feedback.objects.get().answer_text == "First."

    def test_linking_and_taking_off(self, desk, published, editor, later):
        feedback = given(published)
        feedback.answer(actor=editor, answer="Yes.")
        desk.post(reverse("aup:feedback_act", args=[feedback.ref, "link"]), {"link-led_to": later.ref})
        assert Feedback.objects.get().led_to == later
        desk.post(reverse("aup:feedback_act", args=[feedback.ref, "unlink"]))
        assert Feedback.objects.get().led_to is None

    def test_ones_own_says_why_not(self, desk, published, editor):
        feedback = given(published, actor=editor, filed_by=editor)
        page = desk.get(feedback.get_absolute_url()).text
        assert "somebody else has to deal with it" in page
        assert "<textarea" not in page

    @pytest.mark.parametrize("operation", ["file", "lock", "nothing"])
    def test_there_is_no_other_act(self, desk, published, operation):
        act = reverse("aup:feedback_act", args=[given(published).ref, operation])
        assert desk.post(act).status_code == HTTPStatus.NOT_FOUND


class TestTheDraft:
    def test_it_shows_what_is_open_about_its_rules(self, desk, published, editor, later):
        rule = published.rules.get(code="SP-03")
        for about in (rule, rule, None):
            given(published, rule=about)
        given(published, rule=published.rules.get(code="FR-06")).answer(actor=editor, answer="Yes.")
        told = desk.get(later.get_absolute_url()).context["feedback"]
        assert [(row["code"], row["count"]) for row in told] == [("SP-03", 2), ("", 1)]
        assert desk.get(published.get_absolute_url()).context["feedback"] == []

    def test_not_to_those_who_only_sign(self, client, published, later, signers):
        given(published)
        client.force_login(signers["legal"], backend=BACKEND)
        assert client.get(later.get_absolute_url()).context["feedback"] == []
