"""The pages of systems, controls and the map: what they show, what they take, whom they refuse, and what they cost."""

from datetime import timedelta

import pytest

from aup.models import Rule
from governance.coverage import Coverage, applies
from governance.intake import ANSWER_LIMIT, KEYS, QUESTIONS
from governance.models import AISystem, Control
from tests import factories
from tests.factories import person
from tipstaff.time import moved_to, now

pytestmark = pytest.mark.usefixtures("people")
MAP, LIST = "/systems/map/", "/systems/"
FACTS = {
    "name": "Order desk",
    "purpose": "Answers questions about orders.",
    "modalities": ["text"],
    "channel": "interface",
    "geographies": "de, FR; eu",
    "risk_class": "limited",
}
LIMIT = {
    "name": "Limit",
    "description": "Refuses the 61st post.",
    "stage": "runtime",
    "mode": "technical",
    "evidence": "Load test.",
    "rules": ["SP-03"],
}
ARABIC = "يجيب عن أسئلة العملاء"


def text(answer) -> str:
    return answer.content.decode()


def acts(answer) -> set[str]:
    return {entry["name"] for entry in [*answer.context["buttons"], *answer.context["forms"]]}


class TestList:
    def test_nothing_yet(self, enter) -> None:
        assert "No system is on record yet" in text(enter("auditor").get(LIST))
        page = text(enter("owner").get(LIST))
        assert "Propose the first one" in page
        assert 'href="/systems/new/"' in page

    def test_how_the_rules_stand_in_each(self, enter) -> None:
        system = factories.ai_system()
        factories.control(system, verified=True)
        page = enter("reviewer").get(LIST)
        tally = page.context["rows"][0][1]
        assert tally.counts[Coverage.ENFORCED] == 1
        assert tally.counts[Coverage.GAP] == tally.total - 1 > 50
        assert f"{tally.total - 1} Gap" in text(page)
        assert "Propose a system" not in text(page)

    def test_by_state_and_the_retired_only_when_asked(self, enter) -> None:
        gone, here = factories.ai_system(name="Gone"), factories.ai_system("in_review", name="Here")
        gone.retire(actor=person("owner"), reason="Replaced.")
        browser = enter("compliance")
        assert [system for system, _t in browser.get(LIST).context["rows"]] == [here]
        assert [system for system, _t in browser.get(LIST + "?state=retired").context["rows"]] == [gone]
        assert [system for system, _t in browser.get(LIST + "?state=nonsense").context["rows"]] == [here]
        assert "Choose another state" in text(browser.get(LIST + "?state=approved"))

    def test_its_cost_does_not_grow(self, enter, django_assert_max_num_queries) -> None:
        for _number in range(6):
            factories.control()
        browser = enter("auditor")
        with django_assert_max_num_queries(7):
            browser.get(LIST)


class TestPropose:
    def test_by_its_owner_and_the_questions_follow(self, enter) -> None:
        browser = enter("owner")
        answer = browser.post("/systems/new/", FACTS)
        system = AISystem.objects.get()
        assert answer.url == f"/systems/{system.ref}/intake/"
        assert (system.owner, system.geographies) == (person("owner"), ["DE", "EU", "FR"])
        assert all(str(question.wording) in text(browser.get(answer.url)) for question in QUESTIONS)

    def test_sent_twice_it_is_there_once(self, enter) -> None:
        browser = enter("owner")
        browser.post("/systems/new/", FACTS)
        again = browser.post("/systems/new/", FACTS)
        assert again.status_code == 409
        assert "has this name already" in text(again)
        assert AISystem.objects.count() == 1

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"name": ""}, "required"),
            ({"geographies": "Germany"}, "no two-letter country code"),
            ({"geographies": " ".join(f"{a}{b}" for a in "ABCDEFGHIJ" for b in "ABCDEFG")}, "at most 60 places"),
            ({"purpose": "x" * 5000}, "at most 2000 characters"),
            ({"modalities": ["smell"]}, "not one of the available choices"),
            ({"channel": ""}, "required"),
        ],
    )
    def test_a_broken_form_keeps_what_was_typed(self, enter, wrong: dict, says: str) -> None:
        answer = enter("owner").post("/systems/new/", FACTS | {"purpose": ARABIC} | wrong)
        assert answer.status_code == 422
        assert says in text(answer)
        assert wrong.get("purpose", ARABIC) in text(answer)
        assert not AISystem.objects.exists()

    @pytest.mark.parametrize("mailbox", ["reviewer", "compliance", "engineering"])
    def test_nobody_else(self, enter, mailbox: str) -> None:
        browser = enter(mailbox)
        assert browser.get("/systems/new/").status_code == 404
        assert browser.post("/systems/new/", FACTS).status_code == 403


class TestIntake:
    def test_some_now_and_some_later(self, enter) -> None:
        system, browser = factories.ai_system("proposed", answered=False), enter("owner")
        address = f"/systems/{system.ref}/intake/"
        browser.post(address, {"data": ARABIC})
        page = text(browser.get(system.get_absolute_url()))
        assert ARABIC in page
        assert f"{len(KEYS) - 1} questions have no answer yet" in page
        browser.post(address, dict.fromkeys(KEYS, "Said."))
        assert "no answer yet" not in text(browser.get(system.get_absolute_url()))

    def test_too_long_is_refused_and_kept(self, enter) -> None:
        system = factories.ai_system("proposed")
        answer = enter("owner").post(f"/systems/{system.ref}/intake/", {"data": "y" * 5000})
        assert answer.status_code == 422
        assert f"at most {ANSWER_LIMIT} characters" in text(answer)
        assert "y" * 5000 in text(answer)

    def test_in_review_the_form_is_shut_and_says_why(self, enter) -> None:
        system, browser = factories.ai_system("in_review"), enter("owner")
        for place in ("intake", "edit"):
            page = browser.get(f"/systems/{system.ref}/{place}/")
            assert "in review by now" in text(page)
            assert "<textarea" not in text(page)
        assert browser.post(f"/systems/{system.ref}/intake/", {"data": "x"}).status_code == 409


class TestReview:
    def test_from_submission_to_approval(self, enter) -> None:
        system = factories.ai_system("proposed")
        owner, reviewer = enter("owner"), enter("compliance")
        page = owner.get(system.get_absolute_url())
        assert acts(page) == {"submit", "retire"}
        owner.post(f"/systems/{system.ref}/do/submit/")
        assert acts(owner.get(system.get_absolute_url())) == {"retire"}
        assert acts(reviewer.get(system.get_absolute_url())) == {"approve", "send_back", "hand_over"}
        answer = reviewer.post(f"/systems/{system.ref}/do/send_back/", {"send_back-reason": ""})
        assert answer.status_code == 422
        reviewer.post(f"/systems/{system.ref}/do/send_back/", {"send_back-reason": "Say who reviews."})
        assert "Say who reviews." in text(owner.get(system.get_absolute_url()))
        owner.post(f"/systems/{system.ref}/do/submit/")
        reviewer.post(f"/systems/{system.ref}/do/approve/")
        assert AISystem.objects.get().state == "approved"
        assert reviewer.post(f"/systems/{system.ref}/do/approve/").status_code == 409

    def test_an_open_question_stands_beside_the_missing_button(self, enter) -> None:
        system = factories.ai_system("in_review", answered=False)
        page = enter("compliance").get(system.get_absolute_url())
        assert "approve" not in acts(page)
        assert "You cannot approve this system." in text(page)
        assert str(QUESTIONS[0].wording) in page.context["refusal"]

    def test_the_owner_who_reviews_is_told_that_it_is_theirs(self, enter) -> None:
        person("owner").change_roles(actor=factories.SYSTEM, roles=["system_owner", "compliance"])
        system, browser = factories.ai_system("in_review"), enter("owner")
        page = browser.get(system.get_absolute_url())
        assert "someone else must review it" in text(page)
        assert browser.post(f"/systems/{system.ref}/do/approve/").status_code == 409

    def test_handed_over_to_who_may_own_it(self, enter) -> None:
        person("product").change_roles(actor=factories.SYSTEM, roles=["system_owner"])
        system, browser = factories.ai_system(), enter("compliance")
        address = f"/systems/{system.ref}/do/hand_over/"
        assert browser.post(address, {"hand_over-owner": str(person("reviewer").pk)}).status_code == 422
        browser.post(address, {"hand_over-owner": str(person("product").pk)})
        assert AISystem.objects.get().owner == person("product")

    @pytest.mark.parametrize("operation", ["propose", "release", "save", "answer"])
    def test_no_other_act_has_this_door(self, enter, operation: str) -> None:
        system = factories.ai_system()
        assert enter("owner").post(f"/systems/{system.ref}/do/{operation}/").status_code == 404


def test_a_release_is_recorded_once_and_shown(enter) -> None:
    system, browser = factories.ai_system(), enter("owner")
    address = f"/systems/{system.ref}/release/"
    number = browser.get(address).context["form"].initial["policy_version"].number
    typed = {
        "name": "2.1", "released_on": "2026-05-04", "policy_version": number, "risks": "Old prices.",
        "testing": "9 of 400 wrong.", "biases": ARABIC,
    }  # fmt: skip
    assert browser.post(address, typed | {"risks": ""}).status_code == 422
    assert browser.post(address, typed).status_code == 302
    assert browser.post(address, typed).status_code == 409
    page = text(browser.get(system.get_absolute_url()))
    assert ARABIC in page
    assert "4 May 2026" in page


class TestControls:
    def test_recorded_from_the_gap_it_closes(self, enter) -> None:
        system, browser = factories.ai_system(), enter("owner")
        address = f"/systems/{system.ref}/control/"
        assert f"{address}?rule=SP-03" in text(browser.get(f"/systems/{system.ref}/rules/?group=SP"))
        form = browser.get(f"{address}?rule=sp-03")
        assert [(title, ticked) for title, _boxes, ticked in form.context["form"].groups if ticked] == [
            ("Unsolicited and automated distribution", 1)
        ]
        answer = browser.post(address, LIMIT)
        assert answer.url == Control.objects.get().get_absolute_url()
        assert browser.post(address, LIMIT).status_code == 409

    def test_only_rules_that_apply_are_offered(self, enter) -> None:
        system = factories.ai_system()
        answer = enter("owner").post(f"/systems/{system.ref}/control/", LIMIT | {"rules": ["DV-01"]})
        assert answer.status_code == 422
        assert not Control.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"rules": []}, "Choose at least one rule."),
            ({"evidence_url": "ftp://files.example/x"}, "Enter a valid URL."),
            ({"evidence_url": "javascript:alert(1)"}, "Enter a valid URL."),
            ({"description": "z" * 5000}, "at most 2000 characters"),
            ({"mode": ""}, "required"),
        ],
    )
    def test_a_broken_form_keeps_what_was_typed(self, enter, wrong: dict, says: str) -> None:
        system = factories.ai_system()
        answer = enter("owner").post(f"/systems/{system.ref}/control/", LIMIT | {"name": ARABIC} | wrong)
        assert answer.status_code == 422
        assert says in text(answer)
        assert ARABIC in text(answer)

    def test_who_looks_says_what_they_saw(self, enter) -> None:
        control, browser = factories.control(), enter("engineering")
        address = control.get_absolute_url()
        assert {entry["name"] for entry in browser.get(address).context["forms"]} == {"verify", "refute"}
        assert browser.post(f"{address}do/verify/", {"verify-finding": " "}).status_code == 422
        browser.post(f"{address}do/verify/", {"verify-finding": ARABIC})
        page = text(browser.get(address))
        assert "Yuki Tanabe looked and says that it works" in page
        assert ARABIC in page
        with moved_to(now() + timedelta(days=181)):
            assert "does not count any more" in text(browser.get(address))
        browser.post(f"{address}do/refute/", {"refute-finding": "The 61st went through."})
        assert "found that it does not work" in text(browser.get(address))

    def test_its_owner_changes_and_retires_it_and_does_not_verify_it(self, enter) -> None:
        control, browser = factories.control(verified=True), enter("owner")
        address = control.get_absolute_url()
        assert {entry["name"] for entry in browser.get(address).context["forms"]} == {"retire"}
        assert browser.post(f"{address}do/verify/", {"verify-finding": "x"}).status_code == 403
        assert browser.get(f"{address}edit/").context["form"].initial["rules"] == ["SP-03"]
        browser.post(f"{address}edit/", LIMIT | {"name": "Limit 2"})
        control.refresh_from_db()
        assert (control.name, control.last_verified_at) == ("Limit 2", None)
        browser.post(f"{address}do/retire/", {"retire-reason": "The gateway was replaced."})
        assert "The gateway was replaced." in text(browser.get(address))

    def test_without_evidence_the_page_says_what_is_missing(self, enter) -> None:
        control = factories.control(evidence="")
        assert "This control has no evidence" in text(enter("engineering").get(control.get_absolute_url()))

    def test_the_worklist(self, enter, django_assert_max_num_queries) -> None:
        browser = enter("engineering")
        address = "/systems/controls/"
        assert "No control waits" in text(browser.get(address))
        waiting, done, broken = factories.control(), factories.control(verified=True), factories.control()
        broken.refute(actor=person("engineering"), finding="It fails.")
        with django_assert_max_num_queries(4):
            assert list(browser.get(address).context["page"]) == [waiting]
        assert list(browser.get(f"{address}?show=broken").context["page"]) == [broken]
        assert set(browser.get(f"{address}?show=all").context["page"]) == {waiting, done, broken}


class TestMap:
    def test_nothing_yet(self, enter) -> None:
        assert "No system is on record yet" in text(enter("auditor").get(MAP))
        assert "Propose a system" in text(enter("owner").get(MAP))

    def test_a_rule_that_rests_on_the_policy_itself_is_a_gap(self, enter) -> None:
        system = factories.ai_system()
        factories.control(system, verified=True)
        page = enter("reviewer").get(MAP)
        assert "Where the only control of a rule is the policy itself, it is shown as a gap." in text(page)
        cells = {line.code: line.cells[0] for line in page.context["lines"]}
        assert (cells["SP"].result, cells["SP"].count, cells["SP"].tally.total) == (Coverage.GAP, 2, 3)
        assert page.context["tally"].counts[Coverage.ENFORCED] == 1

    def test_a_group_opens_into_its_rules(self, enter) -> None:
        factories.control(verified=True)
        page = enter("reviewer").get(MAP + "?group=SP")
        results = {line.code: line.cells[0].result for line in page.context["lines"]}
        assert results == {"SP-01": "gap", "SP-02": "gap", "SP-03": "enforced"}
        assert "✓</span> Enforced" in text(page)

    def test_a_result_leaves_only_itself(self, enter) -> None:
        factories.control(verified=True)
        factories.ai_system("proposed", answered=False)
        page = enter("reviewer").get(MAP + "?result=enforced")
        assert [line.code for line in page.context["lines"]] == ["SP"]
        assert [(cell.result, cell.count) for cell in page.context["lines"][0].cells].count((None, 0)) == 1
        assert "No rule has this result" in text(enter("reviewer").get(MAP + "?result=weak"))
        assert "None of these rules applies" in text(enter("reviewer").get(MAP + "?group=DV"))

    @pytest.mark.parametrize("query", ["?result=nonsense", "?group=ZZ", "?page=99", "?result=gap&group=SP&page=x"])
    def test_what_it_does_not_know_it_leaves_out(self, enter, query: str) -> None:
        factories.ai_system()
        page = enter("reviewer").get(MAP + query)
        assert page.status_code == 200
        assert page.context["lines"]

    def test_twelve_systems_side_by_side_for_the_price_of_one(self, enter, django_assert_max_num_queries) -> None:
        browser = enter("compliance")
        for number in range(13):
            factories.control(factories.ai_system(name=f"System {number:02}"), verified=bool(number % 2))
        with django_assert_max_num_queries(6):
            page = browser.get(MAP)
        assert [len(line.cells) for line in page.context["lines"]] == [12] * len(page.context["lines"])
        assert page.context["tally"].counts[Coverage.ENFORCED] == 6
        second = browser.get(MAP + "?page=2")
        assert [system.name for system, _tally in second.context["totals"]] == ["System 12"]

    def test_the_retired_are_not_on_it(self, enter) -> None:
        factories.ai_system().retire(actor=person("owner"), reason="Replaced.")
        assert "No system is on record yet" in text(enter("auditor").get(MAP))


class TestRulesOfASystem:
    def test_each_with_what_stands_behind_it(self, enter, django_assert_max_num_queries) -> None:
        system = factories.ai_system()
        control = factories.control(system, mode="manual")
        browser = enter("auditor")
        with django_assert_max_num_queries(6):
            page = browser.get(f"/systems/{system.ref}/rules/")
        expected = {rule.code for rule in Rule.objects.in_force(now()) if applies(rule, system)}
        assert {row.rule.code for row in page.context["rows"]} == expected
        row = next(row for row in page.context["rows"] if row.rule.code == "SP-03")
        assert (row.result, row.controls) == (Coverage.WEAK, [(control, False)])
        assert "None but the policy itself." in text(page)
        assert "The policy names:" in text(page)
        assert "Record a control" not in text(page)

    def test_by_result_and_group(self, enter) -> None:
        system = factories.ai_system()
        factories.control(system, verified=True)
        browser = enter("auditor")
        page = browser.get(f"/systems/{system.ref}/rules/?group=SP&result=enforced")
        assert [row.rule.code for row in page.context["rows"]] == ["SP-03"]
        assert "No rule is left" in text(browser.get(f"/systems/{system.ref}/rules/?result=weak"))

    def test_of_a_retired_one(self, enter) -> None:
        system = factories.ai_system()
        system.retire(actor=person("owner"), reason="Replaced.")
        page = enter("auditor").get(f"/systems/{system.ref}/rules/")
        assert "This system is retired" in text(page)


def test_one_system_costs_few_queries(enter, django_assert_max_num_queries) -> None:
    system = factories.ai_system()
    for number in range(5):
        factories.control(system, name=f"Control {number}", verified=True)
    browser = enter("auditor")
    with django_assert_max_num_queries(12):
        browser.get(system.get_absolute_url())


class TestStart:
    def test_who_reviews_sees_what_waits(self, enter) -> None:
        factories.ai_system("in_review")
        factories.control()
        tiles = {tile.label: tile for tile in enter("compliance").get("/").context["tiles"]}
        assert (tiles["systems to review"].count, tiles["controls to verify"].count) == (1, 1)
        assert tiles["gaps: rules that nothing enforces"].count > 100

    def test_an_owner_sees_the_gaps_of_their_own(self, enter) -> None:
        person("product").change_roles(actor=factories.SYSTEM, roles=["system_owner"])
        factories.ai_system()
        ours = {tile.label: tile.count for tile in enter("owner").get("/").context["tiles"]}
        theirs = {tile.label: tile.count for tile in enter("product").get("/").context["tiles"]}
        assert ours["gaps: rules that nothing enforces"] > 50
        assert theirs["gaps: rules that nothing enforces"] == 0

    @pytest.mark.parametrize(("mailbox", "sees"), [("reviewer", True), ("auditor", True), ("admin", False)])
    def test_the_bar_leads_there(self, enter, mailbox: str, sees: bool) -> None:
        entries = [entry for entry in enter(mailbox).get("/").context["nav"] if entry.url == LIST]
        assert bool(entries) is sees
