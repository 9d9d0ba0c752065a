"""The waivers' pages: asking and following without an account, register, dossier with its ballot, committee."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Ballot, Committee, Waiver
from tests import factories
from tests.factories import ARGUMENT, person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.time import now

pytestmark = pytest.mark.usefixtures("people")
BUDGET = 14  # queries a page besides session and person
ARABIC = "نحتاج إلى استثناء مؤقت"


def typed(**changes: object) -> dict:
    today = now().date()
    return {
        "submission": str(uuid4()), "topic": "Scheduled posts for a transport operator", "kind": "permission",
        "rule": "SP-03", "second_rule": "", "exemption": "", "conduct": "Two hundred posts a day.",
        "purpose": "Passengers learn of delays.", "accounts": "acct_metro", "data_involved": "Timetables.",
        "jurisdictions": "Portugal", "safeguards": "A person starts each series.", "residual_risk": "",
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=90)).isoformat(), "disclosure": "public",
        "disclosure_reason": "", "applicant_name": "Nadia Ferreira", "contact": "nadia@metro.example",
    } | changes  # fmt: skip


def link(waiver: Waiver) -> str:
    receipt = Notice.objects.filter(about=waiver.reference).order_by("given_at").first()
    return f"/waivers/follow/{receipt.token}/"


class TestAsk:
    def test_without_account_cookie_or_script_and_a_link_comes_by_mail(self) -> None:
        stranger = Client(enforce_csrf_checks=True)
        assert stranger.get("/waivers/ask/?rule=SP-03").status_code == 200
        answer = stranger.post("/waivers/ask/", {**typed(), "files": [SimpleUploadedFile("plan.txt", b"plan")]})
        assert answer.status_code == 200
        waiver = Waiver.objects.get()
        assert (waiver.state, [file.name for file in waiver.files]) == ("submitted", ["plan.txt"])
        assert link(waiver) in answer.content.decode()
        assert link(waiver) in Message.objects.get(kind="waiver_received", recipient="nadia@metro.example").text
        assert not stranger.cookies

    def test_twice_is_once_and_changed_is_another(self, client: Client) -> None:
        form = typed()
        first, second = client.post("/waivers/ask/", form), client.post("/waivers/ask/", form)
        assert first.context["waiver"] == second.context["waiver"]
        client.post("/waivers/ask/", form | {"conduct": "One hundred posts a day."})
        assert Waiver.objects.count() == 2

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"rule": "CH-01"}, "No waiver can be asked for rule CH-01"),
            ({"rule": "FR-04"}, "Ask for an exemption"),
            ({"kind": "exemption"}, "An exemption needs a ground"),
            ({"ends_on": "2020-01-01"}, "has to come after the first"),
            ({"disclosure": "confidential"}, "Say why it must stay confidential"),
            ({"contact": ""}, "required"),
            ({"conduct": "x" * 5001}, "5000"),
        ],
    )
    def test_what_was_wrong_is_said_and_what_was_typed_is_kept(self, client: Client, changes: dict, said: str) -> None:
        page = client.post("/waivers/ask/", typed(topic=ARABIC, **changes))
        text = page.content.decode()
        assert page.status_code == 422
        assert said in text
        assert ARABIC in text
        assert not Waiver.objects.exists()

    def test_five_thousand_characters_are_fine(self, client: Client) -> None:
        assert client.post("/waivers/ask/", typed(conduct=ARABIC[0] * 5000)).status_code == 200
        assert client.get(link(Waiver.objects.get())).status_code == 200

    def test_only_rules_that_can_be_waived_are_offered(self, client: Client) -> None:
        text = client.get("/waivers/ask/").content.decode()
        assert 'value="SP-03"' in text
        assert 'value="CH-01"' not in text


class TestFollow:
    @pytest.mark.parametrize(
        ("state", "said"),
        [
            ("submitted", "within two days"),
            ("screening", "checking the facts"),
            ("under_review", "before the committee"),
            ("voting", "before the committee"),
            ("changes_requested", "Name the templates."),
            ("granted", "Your waiver is in force"),
            ("refused", "Your request was refused"),
            ("suspended", "is suspended"),
            ("revoked", "was revoked"),
            ("withdrawn", "You took this request back"),
        ],
    )
    def test_it_says_in_plain_words_how_it_stands(self, client: Client, state: str, said: str) -> None:
        waiver = factories.waiver(state) if state != "withdrawn" else _withdrawn()
        events = Event.objects.count()
        page = client.get(link(waiver))
        assert said in page.content.decode()
        assert page["Referrer-Policy"] == "no-referrer"
        assert not page.cookies
        assert Event.objects.count() == events

    def test_answering_changes_the_request_and_resumes_the_clock(self) -> None:
        waiver = factories.waiver("changes_requested")
        stranger = Client(enforce_csrf_checks=True)
        page = stranger.post(link(waiver), {"act": "answer", "answer": "", "conduct": ARABIC, "safeguards": "x"})
        assert page.status_code == 422
        assert ARABIC in page.content.decode()
        facts = {"act": "answer", "answer": "Attached.", "conduct": "Fewer posts.", "safeguards": "Two people."}
        assert stranger.post(link(waiver), facts).status_code == 302
        waiver = Waiver.objects.get(pk=waiver.pk)
        assert (waiver.state, waiver.conduct, waiver.safeguards) == ("under_review", "Fewer posts.", "Two people.")
        assert waiver.due_at is not None
        assert stranger.post(link(waiver), facts).status_code == 409

    def test_withdrawing(self) -> None:
        waiver = factories.waiver("voting")
        assert Client(enforce_csrf_checks=True).post(link(waiver), {"act": "withdraw"}).status_code == 302
        assert Waiver.objects.get(pk=waiver.pk).state == "withdrawn"
        assert Ballot.objects.get().state == "called_off"

    def test_stating_that_the_conditions_are_kept(self, client: Client) -> None:
        waiver = factories.waiver(risk="high", ends_on=now().date() + timedelta(days=300))
        assert client.post(link(waiver), {"act": "attest", "statement": "Yes: all of them."}).status_code == 302
        assert Event.objects.filter(stream=waiver.stream, kind="waiver.attested").exists()

    def test_asking_again_once_after_a_refusal(self, client: Client) -> None:
        waiver = factories.waiver("refused")
        again = f"{link(waiver)}again/"
        assert waiver.topic in client.get(again).content.decode()
        assert client.post(again, typed()).status_code == 200
        assert Waiver.objects.get(earlier=waiver).state == "submitted"
        assert client.post(again, typed()).status_code == 409
        assert client.get(f"{link(factories.waiver('submitted'))}again/").status_code == 409

    def test_a_link_to_something_else_or_broken_opens_nothing(self, client: Client) -> None:
        other = Notice.objects.get(about=factories.issued().reference)
        assert client.get(f"/waivers/follow/{other.token}/").status_code == 404
        token = link(factories.waiver("submitted")).split("/")[3]
        assert client.get(f"/waivers/follow/{token[:-1]}x/").status_code == 404


def _withdrawn() -> Waiver:
    waiver = factories.waiver("under_review")
    waiver.withdraw(actor=factories.SYSTEM)
    return waiver


class TestPublicRegister:
    def test_it_counts_all_and_describes_without_names(self, client: Client) -> None:
        made = factories.committee()
        shown = factories.waiver(of=made)
        for disclosure in ("redacted", "confidential"):
            factories.waiver(of=made, disclosure=disclosure, disclosure_reason="Trade secret.")
        factories.waiver("refused", of=made)
        page = client.get("/waivers/")
        text = page.content.decode()
        assert (page.context["in_force"], page.context["withheld"], page.context["refused"]) == (3, 2, 1)
        assert [waiver.ref for waiver in page.context["described"]] == [shown.ref]
        assert page.context["by_rule"][0]["count"] == 3
        for name in (shown.applicant_name, shown.topic, shown.conduct, shown.beneficiaries.get().external_id):
            assert name not in text

    def test_with_nothing_it_says_so(self, client: Client) -> None:
        assert "No waiver is in force" in client.get("/waivers/").content.decode()


def queries_of(browser: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len([query for query in captured.captured_queries if "django_cache" not in query["sql"]])


class TestDesk:
    def test_the_register_makes_as_many_queries_for_many_as_for_two(self, enter) -> None:
        made, desk = factories.committee(), enter("compliance")
        for _row in range(2):
            factories.waiver("submitted")
        factories.waiver(of=made)
        few = queries_of(desk, "/desk/waivers/?show=all")
        for _row in range(4):
            factories.waiver("submitted")
        factories.waiver(of=made)
        assert queries_of(desk, "/desk/waivers/?show=all") == few <= BUDGET

    def test_its_lists(self, enter) -> None:
        made, desk = factories.committee(), enter("chair")
        waiting, held = factories.waiver("submitted"), factories.waiver(of=made)
        soon = factories.waiver(of=made, ends_on=now().date() + timedelta(days=20))
        lists = {
            show: {found.ref for found in desk.get(f"/desk/waivers/?show={show}").context["page"]}
            for show in ("waiting", "in_force", "expiring", "lapsed", "alone", "all")
        }
        assert lists == {
            "waiting": {waiting.ref},
            "in_force": {held.ref, soon.ref},
            "expiring": {soon.ref},
            "lapsed": set(),
            "alone": set(),
            "all": {waiting.ref, held.ref, soon.ref},
        }
        assert not desk.get("/desk/waivers/?show=all&rule=FR-04").context["page"].object_list
        assert desk.get("/desk/waivers/?show=all&state=submitted").context["page"].object_list

    @pytest.mark.parametrize("show", ["waiting", "in_force", "all"])
    def test_with_nothing_it_says_what_to_do(self, enter, show: str) -> None:
        assert 'class="empty"' in enter("reviewer").get(f"/desk/waivers/?show={show}").content.decode()

    @pytest.mark.parametrize(
        "state",
        ["draft", "submitted", "screening", "under_review", "changes_requested", "voting", "granted", "refused",
         "suspended", "revoked", "withdrawn"],
    )  # fmt: skip
    def test_the_dossier_in_every_state(self, enter, state: str) -> None:
        waiver = factories.waiver(state, by="product", conduct=ARABIC)
        people = ("compliance", "chair", "member1", "product", "reviewer")
        statuses = {mailbox: enter(mailbox).get(waiver.get_absolute_url()).status_code for mailbox in people}
        unseen = {mailbox for mailbox in people if _unseen(waiver, mailbox)}
        assert statuses == {mailbox: 404 if mailbox in unseen else 200 for mailbox in people}

    def test_the_dossier_stays_within_its_budget(self, enter) -> None:
        waiver = factories.waiver("voting")
        assert queries_of(enter("member1"), waiver.get_absolute_url()) <= 32
        assert queries_of(enter("reviewer"), factories.waiver().get_absolute_url()) <= 32

    def test_from_screening_to_a_grant_by_hand(self, enter) -> None:
        made, waiver = factories.committee(), factories.waiver("submitted")
        account, here = factories.subject(), waiver.get_absolute_url()
        compliance, chair = enter("compliance"), enter("chair")
        assert compliance.post(f"{here}do/screen/").status_code == 302
        facts = {
            "confirm_facts-beneficiaries": "nobody",
            "confirm_facts-risk": "low",
            "confirm_facts-conflicts": ARABIC,
        }
        page = compliance.post(f"{here}do/confirm_facts/", facts)
        assert page.status_code == 422
        assert "We know no account" in page.content.decode()
        assert ARABIC in page.content.decode()
        facts["confirm_facts-beneficiaries"] = account.external_id
        assert compliance.post(f"{here}do/confirm_facts/", facts).status_code == 302
        assert compliance.post(f"{here}do/put_to_committee/").status_code == 302
        terms = {
            "open-committee": made.pk, "open-conditions": "One a month.\n\nTwo people watch.",
            "open-until": waiver.ends_on, "open-closes_at": f"{now() + timedelta(days=3):%Y-%m-%dT%H:%M}",
        }  # fmt: skip
        too_late = terms | {"open-until": waiver.ends_on + timedelta(days=1)}
        page = chair.post(f"{here}ballot/", too_late)
        assert page.status_code == 409
        assert "Two people watch." in page.content.decode()
        assert chair.post(f"{here}ballot/", terms).status_code == 302
        ballot = Ballot.objects.get()
        assert ballot.conditions == ["One a month.", "Two people watch."]
        for mailbox, *_rest in factories.SEATS:
            vote = {"vote-choice": "grant", "vote-reasons": ARGUMENT}
            assert enter(mailbox).post(f"/desk/ballots/{ballot.ref}/do/vote/", vote).status_code == 302
        page = chair.post(f"{here}do/grant/", {"grant-reasons": ARGUMENT}, follow=True)
        assert "In force" in page.content.decode()
        assert Waiver.objects.covering(account, factories.rule(), now()).get() == waiver

    def test_one_s_own_verdict_comes_first(self, enter) -> None:
        waiver = factories.waiver("voting")
        ballot = waiver.open_ballot
        ballot.vote(actor=person("member1"), choice="refuse", reasons="The templates are not named anywhere.")
        unseen = enter("member2").get(waiver.get_absolute_url())
        assert not unseen.context["counts_shown"]
        assert "templates are not named" not in unseen.content.decode()
        for mailbox in ("compliance", "auditor", "reviewer"):
            assert "templates are not named" not in enter(mailbox).get(waiver.get_absolute_url()).content.decode()
        enter("member2").post(
            f"/desk/ballots/{ballot.ref}/do/vote/", {"vote-choice": "grant", "vote-reasons": ARGUMENT}
        )
        assert "templates are not named" in enter("member2").get(waiver.get_absolute_url()).content.decode()

    def test_a_refused_vote_keeps_what_was_typed(self, enter) -> None:
        ballot = factories.waiver("voting").open_ballot
        page = enter("member6").post(
            f"/desk/ballots/{ballot.ref}/do/vote/", {"vote-choice": "grant", "vote-reasons": ARABIC + ARGUMENT}
        )
        assert page.status_code == 409
        assert ARABIC in page.content.decode()
        assert "Only members of the committee vote" in page.content.decode()

    def test_recusing_and_calling_off(self, enter) -> None:
        waiver = factories.waiver("voting")
        url = f"/desk/ballots/{waiver.open_ballot.ref}/do"
        assert enter("member1").post(f"{url}/recuse/", {"recuse-reason": "A friend asks."}).status_code == 302
        assert enter("member2").post(f"{url}/call_off/", {"call_off-reason": "No."}).status_code == 403
        assert enter("chair").post(f"{url}/call_off/", {"call_off-reason": "Too few."}).status_code == 302
        assert Waiver.objects.get(pk=waiver.pk).open_ballot is None

    def test_suspending_needs_reasons(self, enter) -> None:
        waiver = factories.waiver()
        here = waiver.get_absolute_url()
        assert enter("chair").post(f"{here}do/suspend/", {"suspend-reasons": ""}).status_code == 422
        assert enter("member1").post(f"{here}do/suspend/", {"suspend-reasons": "x"}).status_code == 403
        assert enter("chair").post(f"{here}do/suspend/", {"suspend-reasons": "Too many."}).status_code == 302
        assert enter("chair").post(f"{here}do/nothing/").status_code == 404

    def test_staff_save_a_draft_with_gaps_and_send_it_later(self, enter) -> None:
        desk = enter("owner")
        page = desk.post("/desk/waivers/new/", {"submission": str(uuid4()), "topic": ARABIC, "kind": "exemption",
                                                "disclosure": "public", "act": "draft"})  # fmt: skip
        assert page.status_code == 302
        draft = Waiver.objects.get()
        assert (draft.state, draft.requested_by) == ("draft", person("owner"))
        assert enter("product").get(page.url).status_code == 404
        edit = f"{page.url}edit/"
        assert ARABIC in desk.get(edit).content.decode()
        assert desk.post(edit, typed(rule="CH-01", act="submit")).status_code == 422
        assert desk.post(edit, typed(act="submit", system=factories.ai_system().ref)).status_code == 302
        sent = Waiver.objects.get()
        assert (sent.state, sent.contact) == ("submitted", person("owner").email)
        assert desk.get(edit).status_code == 404

    def test_home_says_what_waits(self, enter) -> None:
        factories.waiver("submitted")
        made = factories.committee()
        factories.waiver("under_review")
        factories.waiver("voting", of=made)

        def tiles(mailbox: str) -> dict:
            return {str(tile.label): tile.count for tile in enter(mailbox).get("/").context["tiles"]}

        assert tiles("compliance")["waivers to screen"] == 1
        clocks = {"clocks running out that you hear of": 0}
        assert tiles("chair") == {"waivers to put to the vote": 1, "votes to cast": 1} | clocks
        assert tiles("member1") == {"votes to cast": 1}
        assert tiles("member7") == {"votes to cast": 0}


def _unseen(waiver: Waiver, mailbox: str) -> bool:
    return waiver.state == "draft" and mailbox != "product"


class TestCommitteePages:
    def test_establishing_seating_and_unseating(self, enter) -> None:
        desk = enter("compliance")
        assert "There is no committee yet" in desk.get("/desk/committee/").content.decode()
        page = desk.post("/desk/committee/", {"name": "Ethics", "remit": ARABIC}, follow=True)
        made = Committee.objects.get()
        assert "5 more members are needed." in page.content.decode()
        facts = {"seat-person": person("member1").pk, "seat-function": "legal", "seat-in_field": "no",
                 "seat-affiliated": "yes"}  # fmt: skip
        assert desk.post(f"{made.get_absolute_url()}seat/", facts).status_code == 302
        assert desk.post(f"{made.get_absolute_url()}seat/", facts).status_code == 422
        seat = made.seated(now()).get()
        assert (seat.in_field, seat.affiliated) == (False, True)
        unseat = re.search(
            r'action="(/desk/committee/seats/[^"]+)"', desk.get(made.get_absolute_url()).content.decode()
        )
        field = f"unseat-{seat.pk.hex[-8:]}-reason"
        assert desk.post(unseat[1], {field: ""}).status_code == 422
        assert desk.post(unseat[1], {field: "Moved away."}).status_code == 302
        assert not made.seated(now()).exists()

    def test_others_look_and_change_nothing(self, enter) -> None:
        made = factories.committee()
        for mailbox in ("chair", "member1", "auditor"):
            assert enter(mailbox).get(made.get_absolute_url()).context["seat_form"] is None
            assert enter(mailbox).post(f"{made.get_absolute_url()}seat/", {}).status_code == 403
            assert enter(mailbox).post("/desk/committee/", {"name": "x", "remit": "y"}).status_code == 403
        assert enter("reviewer").get(made.get_absolute_url()).status_code == 404
        assert "constituted" in enter("member1").get("/desk/committee/").content.decode()
