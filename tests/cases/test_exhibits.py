"""Reading, citing and redacting evidence at the desk: veiled first, each look written down before it is served."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils.html import escape

from appeals.models import Appeal
from cases.models import Case, Evidence, Finding, Report
from cases.tasks import prepare_evidence
from tests import factories
from tests.factories import person, sealed
from tests.vault.test_derive import content_of, image
from tests.vault.test_derive import sealed as sealed_as
from tests.vault.test_linetree import check
from tipstaff.ledger.models import Event
from tipstaff.vault import derive, redaction, storage, transcript
from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.workflow.refused import NotPermitted, Refused

TALK = "10:02:11 user: Ask her for the code. Her name is Ana.\n10:02:14 model: I will not.\n10:03:40 user: مرحبا بك.\n"


def exhibit(of: Case, content: str | bytes = TALK, **columns: Any) -> Evidence:
    given = content.encode() if isinstance(content, str) else content
    return factories.evidence(of, file=sealed(given), **columns)


def picture(of: Case, size: tuple[int, int] = (60, 40)) -> Evidence:
    return factories.evidence(of, file=sealed_as(image("PNG", size), "a.png", "image/png", "image/png"), kind="image")


def looks(of: Evidence) -> list[tuple[str, str]]:
    events = Event.objects.filter(stream=of.file.stream, kind="derivative.viewed").order_by("seq")
    return [(told["facts.purpose"], told["facts.part"]) for told in (event.told() for event in events)]


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


@pytest.fixture
def desk(enter: Callable[[str], Client], case: Case) -> Client:
    return enter("reviewer")


def pictures_in(page: Any) -> list[str]:
    return [address.replace("&amp;", "&") for address in re.findall(r'<img src="(/files/[^"]+)"', page.text)]


def test_no_page_with_evidence_on_it_is_kept_by_a_browser(desk: Client, case: Case) -> None:
    shown = exhibit(case)
    for address in (shown.get_absolute_url(), f"{shown.get_absolute_url()}redact/"):
        page = desk.get(address)
        assert "I will not." in page.text
        assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("code", [0xAD, 0x200B, 0x200F, 0x202E, 0x2060, 0x2063, 0xE0041, 0xE0100, 0xE01EF])
def test_letters_that_show_nothing_are_written_out(code: int, desk: Client, case: Case) -> None:
    shown = exhibit(case, f"user: Say{chr(code)}this.\n")
    page = desk.get(shown.get_absolute_url()).text
    assert f"Say⟨U+{code:04X}⟩this." in page
    assert f"Say{chr(code)}this" not in page


class TestList:
    def test_nothing_sealed_says_what_to_do(self, desk: Client, case: Case) -> None:
        assert "Nothing is sealed yet" in desk.get(f"/desk/cases/{case.ref}/exhibits/").text

    def test_looking_at_the_list_opens_nothing(
        self, desk: Client, case: Case, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(3):
            shown = exhibit(case, f"user: {number}.\n")
        with django_assert_max_num_queries(12):
            page = desk.get(f"/desk/cases/{case.ref}/exhibits/")
        assert page.text.count('class="item plain"') == 3
        assert looks(shown) == []
        assert desk.get(f"/desk/cases/{case.ref}/").text.count(f'href="{shown.get_absolute_url()}"') == 1


class TestText:
    def test_turns_are_shown_after_the_look_was_written_down(self, desk: Client, case: Case) -> None:
        shown = exhibit(case)
        page = desk.get(shown.get_absolute_url())
        assert page.status_code == 200
        assert 'id="t3"' in page.text
        assert "مرحبا بك." in page.text
        assert 'dir="auto"' in page.text
        assert looks(shown) == [("review", "turns 1-3")]
        assert "looked at a file: turns 1-3" in page.text
        assert "no-store" in page.headers["Cache-Control"]

    def test_if_it_cannot_be_written_down_nothing_is_served(
        self, desk: Client, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown = exhibit(case)
        derive.prepare(shown.file)
        opened: list[Any] = []
        monkeypatch.setattr(storage, "open_sealed", opened.append)
        monkeypatch.setattr("tipstaff.workflow.unit.write", _fails)
        with pytest.raises(DatabaseError):
            desk.get(shown.get_absolute_url())
        assert opened == []

    def test_what_somebody_sent_is_text_and_nothing_else(self, desk: Client, case: Case) -> None:
        evil = "<script>alert(1)</script> {{ 7|add:7 }} \u202eevil\u0007 \U000e0041"
        shown = exhibit(case, json.dumps({"role": "<b>user</b>", "content": evil}))
        page = desk.get(shown.get_absolute_url()).text
        assert "<script>alert" not in page
        assert "<b>user" not in page
        assert escape("<script>alert(1)</script> {{ 7|add:7 }} ⟨U+202E⟩evil␇ ⟨U+E0041⟩") in page

    def test_what_is_no_conversation_says_why(self, desk: Client, case: Case) -> None:
        page = desk.get(exhibit(case, "hour,requests\n10,4\n").get_absolute_url()).text
        assert "No conversation was recognised" in page
        assert "10,4" in page

    def test_four_hundred_turns_come_in_pages(
        self, desk: Client, case: Case, django_assert_max_num_queries: Any
    ) -> None:
        long = exhibit(case, "".join(f"10:{n // 60:02}:{n % 60:02} user: Turn number {n + 1}.\n" for n in range(400)))
        address = long.get_absolute_url()
        desk.get(address)
        with django_assert_max_num_queries(14):  # 12, and the transaction around the one that writes the look down
            page = desk.get(f"{address}?turn=177").text
        assert page.count("data-turn ") == 50
        assert "Turns 151 to 200 of 400" in page
        assert 'id="t177"' in page
        assert looks(long)[-1] == ("review", "turns 151-200")
        for odd in ("0", "99999", "999999999999", "-1", "x", "1e3"):
            assert desk.get(address, {"turn": odd}).status_code == 200

    def test_the_worst_is_veiled_until_somebody_asks(self, enter: Callable[[str], Client], people: dict) -> None:
        worst = exhibit(factories.claimed(code="WP-02", severity=4))
        desk = enter("reviewer")
        page = desk.get(worst.get_absolute_url())
        assert "Hidden until you ask for it" in page.text
        assert "Ask her for the code" not in page.text
        assert looks(worst) == []
        answer = desk.post(f"{worst.get_absolute_url()}show/", {"kind": "lines", "purpose": "review"}, follow=True)
        assert "Ask her for the code" in answer.text
        assert looks(worst) == [("review", "turns 1-3")]

    @pytest.mark.parametrize("mailbox", ["auditor", "member1", "admin", "owner"])
    def test_others_are_not_let_in(self, mailbox: str, enter: Callable[[str], Client], case: Case) -> None:
        shown = exhibit(case)
        assert enter(mailbox).get(shown.get_absolute_url()).status_code == 404
        assert looks(shown) == []

    def test_an_exhibit_of_another_case_or_none_is_not_there(self, desk: Client, case: Case) -> None:
        assert desk.get(f"/desk/cases/{case.ref}/exhibits/1/").status_code == 404
        other = exhibit(factories.claimed(by="reviewer2"), by="reviewer2")
        assert desk.get(f"/desk/cases/{case.ref}/exhibits/{other.exhibit}/").status_code == 404

    def test_damage_is_said_and_nothing_shown(self, desk: Client, case: Case) -> None:
        from tipstaff.vault.places import place_of

        shown = exhibit(case)
        derive.prepare(shown.file)
        lines = place_of(shown.file.derivatives.get().file_id)
        lines.chmod(0o600)
        lines.write_bytes(lines.read_bytes()[:-1])
        page = desk.get(shown.get_absolute_url())
        assert "what is stored is not what was sealed" in page.text
        assert "Ask her" not in page.text


def _fails(*_arguments: Any) -> None:
    raise DatabaseError


class TestPicture:
    def test_blurred_first_grey_on_asking_colour_on_asking_again(self, desk: Client, case: Case) -> None:
        shown = picture(case)
        address = shown.get_absolute_url()
        page = desk.get(address)
        (veiled,) = pictures_in(page)
        assert looks(shown) == []
        answer = desk.get(veiled)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content.startswith(b"\xff\xd8\xff")
        for kind in ("grey", "plain"):
            page = desk.post(f"{address}show/", {"kind": kind, "purpose": "decision"}, follow=True)
            (opened,) = pictures_in(page)
            made = shown.file.derivatives.get(kind=kind)
            assert desk.get(opened).content == content_of(made)
        assert looks(shown) == [("review", "veiled 0"), ("decision", "grey 0"), ("decision", "plain 0")]

    def test_the_act_of_showing_is_one_persons_for_one_file_and_for_two_minutes(
        self, desk: Client, case: Case, enter: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import time

        one, two = picture(case), picture(case, (70, 40))
        desk.get(two.get_absolute_url())
        page = desk.post(f"{one.get_absolute_url()}show/", {"kind": "grey", "purpose": "review"}, follow=True)
        (opened,) = pictures_in(page)
        token = opened.partition("?")[2]
        plain = one.file.derivatives.get(kind="plain")
        other = two.file.derivatives.get(kind="grey")
        assert desk.get(f"/files/pictures/{plain.pk}/?{token}").status_code == 404
        assert desk.get(f"/files/pictures/{other.pk}/?{token}").status_code == 404
        assert desk.get(opened.partition("?")[0]).status_code == 404
        assert desk.get(opened[:-2]).status_code == 404
        assert enter("lead").get(opened).status_code == 404
        assert desk.get(opened).status_code == 200
        later = time.time() + 121
        monkeypatch.setattr(time, "time", lambda: later)
        assert desk.get(opened).status_code == 404

    @pytest.mark.parametrize(("floor", "opens"), [("veiled", []), ("grey", ["grey"])])
    def test_nobody_goes_below_the_floor(
        self, floor: str, opens: list[str], desk: Client, case: Case, settings: Any
    ) -> None:
        shown = picture(case)
        desk.get(shown.get_absolute_url())
        before = desk.post(f"{shown.get_absolute_url()}show/", {"kind": "plain", "purpose": "review"})
        settings.SHOW_AT_MOST = floor
        for kind in ("grey", "plain"):
            answer = desk.post(f"{shown.get_absolute_url()}show/", {"kind": kind, "purpose": "review"})
            assert (answer.status_code == 302) == (kind in opens)
        token = before.headers["Location"].partition("?")[2]
        plain = shown.file.derivatives.get(kind="plain")
        assert desk.get(f"/files/pictures/{plain.pk}/?{token}").status_code == 404

    def test_lines_are_no_picture(self, desk: Client, case: Case) -> None:
        shown = exhibit(case)
        desk.get(shown.get_absolute_url())
        assert desk.get(f"/files/pictures/{shown.file.derivatives.get().pk}/").status_code == 404

    def test_a_broken_one_is_a_sentence(self, desk: Client, case: Case) -> None:
        broken = factories.evidence(case, file=sealed_as(b"\x89PNG\r\n\x1a\nno", "a.png", "image/png", "image/png"))
        page = desk.get(broken.get_absolute_url()).text
        assert "broken or is not what it says it is" in page


class TestSealedByLaw:
    def test_it_is_neither_shown_nor_prepared(self, enter: Callable[[str], Client], people: dict) -> None:
        hidden = exhibit(factories.claimed(code="CH-01", severity=4))
        desk = enter("reviewer")
        page = desk.get(hidden.get_absolute_url()).text
        assert "The law keeps this from most people" in page
        assert desk.post(f"{hidden.get_absolute_url()}prepare/").status_code == 403
        prepare_evidence()
        assert not hidden.file.derivatives.exists()

    def test_by_the_rule_of_the_case_files_of_its_reports_and_appeals_are_sealed_too(self, people: dict) -> None:
        report = factories.report(files=[sealed()])
        file = SealedFile.objects.of(report).get()
        case = factories.claimed(code="CH-01", severity=4)
        Report.objects.filter(pk=report.pk).update(state="accepted", case=case, triaged_by=person("reviewer"))
        appeal = Appeal(report=Report.objects.get(pk=report.pk))
        assert appeal.content_is_sealed
        with pytest.raises(Refused, match="This material is sealed"):
            SealedFile.objects.get(pk=file.pk).download(actor=person("senior"), reason="x", sha256=file.sha256)


class TestWorker:
    def test_it_prepares_what_came_in_once(self, case: Case) -> None:
        shown, broken = exhibit(case), exhibit(case, "user: Lost.\n")
        place = __import__("tipstaff.vault.places", fromlist=["x"]).place_of(broken.file_id)
        place.unlink()
        prepare_evidence()
        prepare_evidence()
        assert [one.kind for one in shown.file.derivatives.all()] == ["lines"]
        assert SealedFile.objects.get(pk=broken.file_id).damaged_at

    def test_no_reader_opens_what_a_scanner_found_something_in(self, desk: Client, case: Case) -> None:
        shown = exhibit(case)
        shown.file.scan(actor=factories.SYSTEM, result="found", detail="Eicar-Test-Signature", scanner="ClamAV 1.4")
        prepare_evidence()
        assert "Eicar-Test-Signature" in desk.get(shown.get_absolute_url()).text
        assert desk.post(f"{shown.get_absolute_url()}prepare/").status_code == 409
        assert not shown.file.derivatives.exists()

    def test_by_hand_where_it_has_not_yet(self, desk: Client, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cases.views.exhibits.AT_ONCE_BYTES", 1)
        shown = exhibit(case)
        assert "not prepared for reading yet" in desk.get(shown.get_absolute_url()).text
        assert "I will not." in desk.post(f"{shown.get_absolute_url()}prepare/", follow=True).text


class TestCompare:
    def test_two_side_by_side_and_both_looks_written_down(self, desk: Client, case: Case) -> None:
        one, two = exhibit(case), exhibit(case, "user: The other one.\n")
        page = desk.get(one.get_absolute_url(), {"with": two.exhibit}).text
        assert "I will not." in page
        assert "The other one." in page
        assert 'id="t1"' in page
        assert 'id="b1"' in page
        assert (len(looks(one)), len(looks(two))) == (1, 1)
        assert desk.get(one.get_absolute_url(), {"with": "77"}).status_code == 404
        assert desk.get(one.get_absolute_url(), {"with": "x"}).status_code == 200

    def test_the_other_one_is_shown_beside_the_first(self, desk: Client, case: Case) -> None:
        one, two = exhibit(case), picture(case)
        facts = {"kind": "grey", "purpose": "review", "as": "show_with", "page": one.exhibit}
        page = desk.post(f"{two.get_absolute_url()}show/", facts, follow=True)
        assert page.redirect_chain[0][0].startswith(one.get_absolute_url())
        assert desk.get(pictures_in(page)[0]).status_code == 200


class TestCite:
    def finding(self, case: Case, citations: str) -> dict[str, Any]:
        facts = {"rule": case.rule.code, "conclusion": "breach", "facts": "Posts went out.", "citations": citations}
        facts |= {"behaviour": "human", "standard": "balance"}
        return {f"finding-{name}": value for name, value in facts.items()}

    def test_from_the_ticked_turn_to_the_finding_without_a_script(self, desk: Client, case: Case) -> None:
        shown = exhibit(case)
        page = desk.get(shown.get_absolute_url()).text
        assert 'name="cite" form="cite" value="E-1#t2"' in page
        page = desk.get(f"/desk/cases/{case.ref}/", {"cite": ["E-1#t2", "E-1#t3"]}).text
        assert 'value="E-1#t2, E-1#t3"' in page
        answer = desk.post(f"/desk/cases/{case.ref}/finding/", self.finding(case, "E-0001#t2-3, E-1#t2"))
        assert answer.status_code == 302
        found = Finding.objects.get()
        assert (found.citations, found.exhibits) == (["E-1#t2", "E-1#t3"], [1])
        told = Event.objects.get(kind="finding.recorded").told()
        assert told["changes.citations"] == [None, ["E-1#t2", "E-1#t3"]]
        link = f'href="{shown.get_absolute_url()}?turn=2#t2"'
        assert link in desk.get(f"/desk/cases/{case.ref}/").text

    def test_the_decision_shows_what_is_cited(self, enter: Callable[[str], Client], case: Case) -> None:
        shown = exhibit(case)
        derive.prepare(shown.file)
        factories.finding(case, citations=["E-1#t1"])
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        page = enter("senior").get(decision.page_url).text
        assert f'href="{shown.get_absolute_url()}?turn=1#t1"' in page

    @pytest.mark.parametrize(
        ("citations", "why"),
        [
            ("E-1#t4", "E-1 has no turn 4: it has 3"),
            ("E-2#t1", "no exhibit E-2"),
            ("E-1", "cites nothing"),
            ("E-1#t3-2", "cites nothing"),
            ("E-1#t1-900", "cites nothing"),
            ("nonsense", "cites nothing"),
            ("E-1#t0", "cites nothing"),
            (", ".join(f"E-1#t{n}" for n in range(1, 60)), "at most 50"),
        ],
    )
    def test_what_is_not_there_is_refused_beside_what_was_typed(
        self, citations: str, why: str, desk: Client, case: Case
    ) -> None:
        derive.prepare(exhibit(case).file)
        answer = desk.post(f"/desk/cases/{case.ref}/finding/", self.finding(case, citations))
        assert answer.status_code in {409, 422}
        assert why in answer.text
        assert escape(citations) in answer.text
        assert not Finding.objects.exists()

    def test_only_who_holds_the_case_is_offered_it(self, enter: Callable[[str], Client], case: Case) -> None:
        assert 'form="cite"' not in enter("lead").get(exhibit(case).get_absolute_url()).text


class TestRedact:
    def lines(self, case: Case) -> Evidence:
        shown = exhibit(case)
        derive.prepare(shown.file)
        return shown

    def test_a_copy_names_its_parent_its_regions_and_why(self, desk: Client, case: Case, tmp_path: Any) -> None:
        shown = self.lines(case)
        before = shown.file.sha256
        facts = {"line": ["1"], "also": "t3", "reason": "A name of somebody who is no part of it."}
        answer = desk.post(f"{shown.get_absolute_url()}redact/", facts, follow=True)
        assert "The redaction is sealed" in answer.text
        assert "Her name is Ana" not in answer.text
        assert "Ask her for the code." in answer.text
        assert answer.text.count("1 line is hidden") == 2
        made = Derivative.objects.get(kind="redaction")
        source = shown.file.derivatives.get(kind="lines")
        assert (made.parent, made.position, made.params["hidden"]) == (shown.file, 1, [[1, 1], [3, 3]])
        assert made.params["of"] == str(source.pk)
        assert Event.objects.get(kind="derivative.redacted").stream_id == shown.file.stream
        assert SealedFile.objects.get(pk=shown.file_id).sha256 == before

        answer = desk.post(f"{shown.get_absolute_url().replace('exhibits/1/', 'exhibits/1/redactions/1/')}")
        assert "attachment" in answer.headers["Content-Disposition"]
        document = json.loads(answer.content)
        assert "Ana" not in answer.text
        assert bytes(source.salt).hex() not in answer.text
        status, said = check(document, source.params["lines"], source.root, tmp_path)
        assert (status, "2 of 4 lines" in said) == (0, True)
        assert looks(shown)[-1] == ("handed on", "redaction 1")

    def test_ticks_and_words_stay_when_it_is_refused(self, desk: Client, case: Case) -> None:
        shown = self.lines(case)
        answer = desk.post(f"{shown.get_absolute_url()}redact/", {"line": ["1"], "also": "t9", "reason": "Because."})
        assert answer.status_code == 409
        assert "no turn or line t9" in answer.text
        assert 'value="1" checked' in answer.text
        assert 'value="Because."' in answer.text

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"line": []}, "at least one line"),
            ({"line": ["0", "1", "2", "3"]}, "hides every line"),
            ({"line": ["77"]}, "at least one line"),
            ({"also": "first"}, "is no turn"),
            ({"line": ["1"], "reason": ""}, "required"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, facts: dict, why: str, desk: Client, case: Case) -> None:
        shown = self.lines(case)
        answer = desk.post(f"{shown.get_absolute_url()}redact/", {"reason": "Because."} | facts)
        assert answer.status_code in {409, 422}
        assert why in answer.text
        assert not Derivative.objects.filter(kind="redaction").exists()

    def test_a_picture_with_black_rectangles(self, desk: Client, case: Case) -> None:
        import io

        from PIL import Image

        shown = picture(case)
        desk.get(shown.get_absolute_url())
        facts = {"boxes": "0 0 30 40", "reason": "A face."}
        answer = desk.post(f"{shown.get_absolute_url()}redact/", facts, follow=True)
        assert "Hidden until you ask for it" in answer.text
        assert pictures_in(answer) == []
        asked = {"kind": "plain", "purpose": "review", "redaction": "1"}
        answer = desk.post(f"{shown.get_absolute_url()}show/", asked, follow=True)
        (address,) = pictures_in(answer)
        with Image.open(io.BytesIO(desk.get(address).content)) as drawn:
            assert max(drawn.getpixel((10, 20))) < 10
            assert drawn.getpixel((50, 20))[0] > 200
        for boxes, why in (
            ("", "at least one"),
            ("1 2 3", "no rectangle"),
            ("99 0 1 1", "outside"),
            ("0 0 0 4", "no r"),
        ):
            answer = desk.post(f"{shown.get_absolute_url()}redact/", facts | {"boxes": boxes})
            assert answer.status_code in {409, 422}
            assert why in answer.text

    def test_who_may(self, enter: Callable[[str], Client], case: Case) -> None:
        shown = self.lines(case)
        for mailbox, status in (("adjudicator", 403), ("auditor", 403), ("appeals", 403), ("lead", 302)):
            answer = enter(mailbox).post(f"{shown.get_absolute_url()}redact/", {"line": ["1"], "reason": "A name."})
            assert answer.status_code == status, mailbox
        with pytest.raises(NotPermitted):
            redaction.redact_lines(shown.file, actor=person("adjudicator"), reason="x", chosen=[1])
        with pytest.raises(Refused, match="Only a person"):
            redaction.redact_lines(shown.file, actor=factories.SYSTEM, reason="x", chosen=[1])

    def test_twice_is_two_copies_and_each_has_a_number(self, case: Case) -> None:
        shown = self.lines(case)
        for chosen in (1, 2, 2):  # the last one is the same thing sent twice
            redaction.redact_lines(shown.file, actor=person("reviewer"), reason="A name.", chosen=[chosen])
        assert [one.position for one in shown.file.derivatives.filter(kind="redaction")] == [1, 2]

    def test_what_a_copy_shows_is_what_stood_there(self, case: Case) -> None:
        shown = self.lines(case)
        made = redaction.redact_lines(shown.file, actor=person("reviewer"), reason="A name.", chosen=[1])
        turns = transcript.redacted(transcript.document_of(content_of(made)))
        assert [(turn.number, turn.hidden) for turn in turns] == [(1, 0), (0, 1), (2, 0), (3, 0)]


def held(browser: Client, shown: Evidence, **facts: str) -> Any:
    address = f"{shown.get_absolute_url()}show/"
    return browser.post(address, {"purpose": "review"} | facts, headers={"HX-Request": "true"})


def test_holding_brings_what_is_behind_the_veil_alone_and_is_written_down_once(enter: Callable[[str], Client]) -> None:
    hard = factories.claimed(severity=4, code="VE-02")
    shown, seen = exhibit(hard), picture(hard)
    derive.prepare(shown.file)
    derive.prepare(seen.file)
    desk = enter("reviewer")
    assert "I will not." not in desk.get(shown.get_absolute_url()).text
    answer = held(desk, shown, kind="lines")
    assert answer.status_code == 200
    assert "I will not." in answer.text
    assert "<html" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert looks(shown) == [("review", "turns 1-3")]
    (address,) = pictures_in(held(desk, seen, kind="grey"))
    assert looks(seen) == []  # the look is at the picture, not at its address
    assert desk.get(address).status_code == 200
    assert looks(seen) == [("review", "grey 0")]


def test_holding_opens_nothing_beyond_the_floor_or_to_who_may_not_read(
    enter: Callable[[str], Client], settings: Any
) -> None:
    hard = factories.claimed(severity=4, code="VE-02")
    seen = picture(hard)
    derive.prepare(seen.file)
    settings.SHOW_AT_MOST = "grey"
    assert held(enter("reviewer"), seen, kind="plain").status_code == 409
    assert held(enter("auditor"), seen, kind="grey").status_code in (403, 404)
    assert "data-grey" not in enter("reviewer").get(seen.get_absolute_url()).text


def test_who_hides_parts_opens_the_veil_on_that_page(enter: Callable[[str], Client]) -> None:
    hard = factories.claimed(severity=4, code="VE-02")
    shown = exhibit(hard)
    derive.prepare(shown.file)
    desk = enter("reviewer")
    page = desk.get(f"{shown.get_absolute_url()}redact/")
    assert "I will not." not in page.text
    assert "data-hold" not in page.text
    answer = desk.post(f"{shown.get_absolute_url()}show/", {"kind": "lines", "purpose": "review", "as": "redact"})
    assert "I will not." in desk.get(answer.headers["Location"]).text
