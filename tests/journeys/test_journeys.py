"""What people do with Tipstaff from beginning to end, in a browser, on the stack that `make run` starts.

All in one file, which `--dist loadfile` gives to one worker: one stack is enough.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.journeys.pages import BORROWED, LOOKS, MIRRORED, crawl, faults
from tests.journeys.stack import Stack
from tipstaff.demo.people import PEOPLE as DEMO_PEOPLE
from tipstaff.permissions import Role

Visit = Callable[..., Page]
NOTES = {"name": "screenshot.txt", "mimeType": "text/plain", "buffer": b"03:12 forty accounts, one text\n"}
REASONS = (
    "On the third of the month your account scheduled four hundred posts through forty accounts without approval. "
    "The rule asks for approval first, and there was none."
)
OVERTURNED = (
    "You showed that the forty accounts are a test board of your own that nobody else can read. Nothing was published, "
    "so the rule was not broken. The measures have ended."
)


def become(page: Page, name: str) -> None:
    """One click on a person of the demo, from whatever page this is."""
    if page.url == "about:blank":
        page.goto("/")
    page.locator("summary").filter(has_text=re.compile("Sign in as|Switch person")).click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("status").first).to_contain_text(name)  # “You are … now.” in the page's language


def file_report(page: Page, contact: str, account: str) -> str:
    """File from the home page on; the receipt code."""
    page.goto("/")
    page.locator(".doors").get_by_role("link", name="Report a violation").click()
    page.get_by_label("Which rule was broken?").select_option("SP-03")
    page.get_by_label("What happened?").fill("Four hundred posts in one night, all with the same text.")
    page.get_by_label("Who, or which account?").fill(account)
    page.get_by_label("Files").set_input_files([NOTES])  # type: ignore[list-item]
    page.get_by_label("Your e-mail address").fill(contact)
    page.get_by_label("I believe that what I wrote is true").check()
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("heading", name="Thank you. We have your report.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("screenshot.txt")
    return page.locator(".secret").inner_text().strip()


def follow(page: Page, code: str) -> None:
    page.goto("/")
    page.locator(".doors").get_by_role("link", name="Follow a report").click()
    page.get_by_label("Receipt code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Show my report").click()
    expect(page.get_by_role("heading", name="Your report R-")).to_be_visible()


def mail_to(page: Page, address: str, subject: str) -> str:
    """The text of the mail that `address` got, read in the demo's mailbox; waits for it to arrive."""
    for _try in range(60):
        page.goto(f"/demo/mail/?to={address}")
        mail = page.locator("details.mail").filter(has_text=subject)
        if mail.count():
            return mail.first.locator(".body").inner_html()
        time.sleep(0.5)
    pytest.fail(f"No mail “{subject}” reached {address}.")


def link_in(mail: str) -> str:
    found = re.search(r'href="([^"]+)"', mail)
    assert found, mail
    return found[1]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_stranger_files_a_report_and_follows_it(visit: Visit, scripts: bool) -> None:
    page, contact = visit(java_script_enabled=scripts), f"stranger-{scripts}@people.example".lower()
    page.goto("/report/")
    page.get_by_label("What happened?").fill("Something that is not finished yet.")
    page.get_by_label("I believe that what I wrote is true").check()
    page.get_by_label("Links").fill("no address at all")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("alert")).to_contain_text("Your report was not sent yet.")
    expect(page.get_by_label("What happened?")).to_have_value("Something that is not finished yet.")

    code = file_report(page, contact, "acct_posts")
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    follow(page, code)
    expect(page.locator("main")).to_contain_text("A person will read your report")
    assert code not in mail_to(page, contact, "R-")
    assert code not in page.url

    follow(page, code)
    page.locator("summary", has_text="Take the report back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("main")).to_contain_text("You took this report back")
    follow(page, code)
    expect(page.locator("main")).to_contain_text("You took this report back")


def test_one_click_makes_another_person(visit: Visit) -> None:
    page = visit()
    for name, place in [("Mara Okafor", "Queue"), ("Amara Nwosu", "Oversight"), ("Elif Demir", "People")]:
        become(page, name)
        page.get_by_role("navigation", name="Main").get_by_role("link", name=place).click()
        expect(page.get_by_role("heading", level=1, name=place)).to_be_visible()
        expect(page.locator(".person")).to_contain_text(name)
    page.locator(".person summary", has_text="Elif Demir").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("main").get_by_role("link", name="Sign in")).to_be_visible()


def test_from_a_report_to_a_decision_that_an_appeal_reverses(stack: Stack, visit: Visit, tmp_path: Path) -> None:
    stranger, desk = visit(), visit()
    account = f"acct_{uuid4().hex[:8]}"
    holder = f"{account}@customer.example"
    code = file_report(stranger, "watcher@people.example", account)
    report = stranger.locator("main .id").first.inner_text()

    case = triage(desk, report, account, holder)
    investigate(desk, case)
    propose(desk)
    issue(desk, case)

    subject = visit(java_script_enabled=False)
    notice = link_in(mail_to(desk, holder, "decision"))
    appeal(subject, notice)
    reverse(desk, account)

    become(desk, "Amara Nwosu")
    desk.goto(f"/desk/cases/{case}/")
    measures = desk.locator("h3", has_text="Measures").locator("+ ul > li")
    assert measures.count()
    for place in range(measures.count()):
        expect(measures.nth(place)).to_contain_text("Revoked")

    subject.goto(notice)
    subject.get_by_role("link", name="Appeal").first.click()
    expect(subject.locator("main")).to_contain_text("You were right.")
    subject.get_by_role("link", name="Read the answer and its reasons").click()
    expect(subject.locator("main")).to_contain_text("test board of your own")
    assert subject.context.cookies() == []

    follow(stranger, code)
    expect(stranger.locator("main")).to_contain_text("The case was decided")
    mail_to(desk, "watcher@people.example", report)
    mail_to(desk, holder, "appeal")
    audit(desk, case, tmp_path)
    the_ledger_holds(stack)
    too_many_appeals(visit(java_script_enabled=False, noise=True), notice)


def triage(desk: Page, report: str, account: str, holder: str) -> str:
    """The lead reads the report and accepts it into a case; the case's reference."""
    become(desk, "Ines Duarte")
    desk.get_by_role("navigation", name="Main").get_by_role("link", name="Reports").click()
    desk.get_by_role("link", name=report).click()
    expect(desk.locator("main")).to_contain_text("Four hundred posts in one night")
    accept = desk.locator("form").filter(has=desk.get_by_role("button", name="Accept into a case"))
    accept.get_by_label("Account", exact=True).fill(account)
    accept.get_by_label("Contact, if it is new").fill(holder)
    accept.get_by_label("Severity").select_option("3")
    accept.get_by_role("button", name="Accept into a case").click()
    desk.wait_for_url("**/desk/cases/C-*/")
    return desk.url.rstrip("/").rpartition("/")[2]


def investigate(desk: Page, case: str) -> None:
    """The reviewer takes cases from the queue until it is this one, seals evidence and writes a finding down."""
    become(desk, "Mara Okafor")
    others = []
    while not desk.url.endswith(f"/{case}/"):
        desk.get_by_role("navigation", name="Main").get_by_role("link", name="Queue").click()
        desk.get_by_role("button", name="Claim the next case").click()
        desk.wait_for_url("**/desk/cases/C-*/")
        others.append(desk.url)
    for other in others[:-1]:
        desk.goto(other)
        desk.get_by_role("button", name="Give it back").click()
    desk.goto(others[-1])
    expect(desk.locator("[data-lease]")).to_be_visible()
    desk.locator("summary", has_text="Add evidence").click()
    desk.get_by_label("Kind").select_option("log")
    desk.get_by_label("What it shows").fill("The night of the third")
    desk.get_by_label("Where it comes from").fill("Request log of the provider")
    desk.locator("#evidence").get_by_label("File").set_input_files([NOTES])  # type: ignore[list-item]
    desk.get_by_role("button", name="Seal it into the case").click()
    expect(desk.get_by_role("status").first).to_contain_text("E-1 is sealed")
    desk.locator("summary", has_text="Write down a finding").click()
    desk.get_by_label("The rule was broken").check()
    desk.get_by_label("Facts").fill("Forty accounts posted the same text within six minutes.")
    desk.locator("#findings").get_by_label("E-1 The night of the third").check()
    desk.get_by_role("button", name="Record the finding").click()
    expect(desk.get_by_role("status").first).to_contain_text("The finding is written down.")


def propose(desk: Page) -> None:
    """Ask the matrix, which answers while one types and when one asks, then propose what it says."""
    desk.get_by_text("Answer the checklist").click()
    for point in desk.locator("#checklist .seg").get_by_text("Looked at", exact=True).all():
        point.click()
    desk.get_by_role("button", name="Write the answers down").click()
    expect(desk.get_by_role("status").first).to_contain_text("The checklist is complete.")
    form = desk.locator("form.proposal")
    expect(form.get_by_role("radio", name="Breach", exact=True)).to_be_checked()  # as the finding concludes
    form.get_by_text("Negligent").click()
    form.get_by_text("Personal", exact=True).click()
    expect(desk.locator("#advice")).to_contain_text("T5")  # what is shown is what is committed, or it comes back
    desk.get_by_role("button", name="Ask the matrix").click()
    expect(desk.locator("#advice")).to_contain_text("If it is issued")
    expect(form.get_by_label("Negligent")).to_be_checked()
    form.get_by_label("Reasons given to the subject").fill(REASONS)
    form.get_by_role("button", name="Propose and stay").click()
    expect(desk.get_by_role("status").first).to_contain_text("is proposed.")


def issue(desk: Page, case: str) -> None:
    """Somebody confirms where the tier asks for it, and the senior adjudicator issues."""
    become(desk, "Jonas Lindqvist")
    desk.goto(f"/desk/cases/{case}/")
    desk.get_by_role("link", name="Open the decision").click()
    own_verdict(desk)
    if desk.get_by_role("button", name="Confirm").count():
        desk.get_by_role("button", name="Confirm").click()
        expect(desk.get_by_role("status").first).to_contain_text("You confirmed")
    become(desk, "Priya Raman")
    desk.goto(f"/desk/cases/{case}/")
    desk.get_by_role("link", name="Open the decision").click()
    own_verdict(desk)
    desk.get_by_role("button", name="Issue the decision").click()
    expect(desk.get_by_role("status").first).to_contain_text("is issued; the notice is given.")


def own_verdict(desk: Page) -> None:
    """What was proposed is shown to whoever has said what they would decide."""
    expect(desk.get_by_role("heading", name="Your verdict", exact=True)).to_be_visible()
    expect(desk.locator("main")).not_to_contain_text(REASONS)
    desk.get_by_label("What you would decide").select_option("breach")
    desk.get_by_label("Tier, for a breach").select_option("T2")
    desk.get_by_label("Why, in a sentence").fill("The log shows forty accounts and one text.")
    desk.get_by_role("button", name="Give it, and see the proposal").click()
    expect(desk.locator("main")).to_contain_text(REASONS)


def appeal(subject: Page, notice: str) -> None:
    """The person affected reads the notice without an account, a cookie or a script, and appeals."""
    subject.goto(notice)
    expect(subject.locator("main")).to_contain_text("four hundred posts through forty accounts")
    subject.get_by_role("link", name="Appeal").first.click()
    subject.get_by_label("What is wrong with the decision?").select_option("context")
    subject.get_by_label("Why?").fill("Nobody could read those posts: it is our test board.")
    subject.get_by_label("Files").set_input_files([NOTES])  # type: ignore[list-item]
    subject.get_by_role("button", name="Send the appeal").click()
    expect(subject.get_by_role("heading", name="Your appeal A-")).to_be_visible()
    expect(subject.locator("main")).to_contain_text("We have your appeal.")
    assert subject.context.cookies() == []


def reverse(desk: Page, account: str) -> None:
    """Somebody who had no part hears the appeal, sees what a reversal changes, and reverses."""
    become(desk, "Noor Haddad")
    desk.get_by_role("navigation", name="Main").get_by_role("link", name="Appeals").click()
    desk.locator("main li, main tr").filter(has_text=account).get_by_role("link").first.click()
    desk.get_by_role("button", name="Take up").click()
    desk.get_by_label("Reasons, as they are sent").fill(OVERTURNED)
    desk.get_by_role("button", name="Reverse and end the measures").click()
    diff = desk.locator(".diff")
    expect(diff).to_contain_text("the decision no longer counts")
    expect(diff.locator("ins").first).to_have_text("revoked")
    expect(desk.get_by_label("Reasons, as they are sent")).to_have_value(OVERTURNED)
    desk.get_by_role("button", name="Yes, reverse it").click()
    expect(desk.get_by_role("status").first).to_contain_text("is decided")


def audit(desk: Page, case: str, folder: Path) -> None:
    """The auditor reads the history and takes it away."""
    become(desk, "Amara Nwosu")
    desk.get_by_role("navigation", name="Main").get_by_role("link", name="Oversight").click()
    desk.get_by_role("link", name=f"Read {case}").click()
    expect(desk.locator("main")).to_contain_text("Priya Raman")
    with desk.expect_download() as waiting:
        desk.get_by_role("button", name="Download as JSON").click()
    taken = folder / waiting.value.suggested_filename
    waiting.value.save_as(taken)
    assert taken.name == f"tipstaff-{case}.json"
    kinds = [event["kind"] for event in json.loads(taken.read_text())["events"]]
    for kind in ("case.claimed", "evidence.added", "decision.issued", "appeal.lodged", "sanction.revoked"):
        assert kind in kinds


def the_ledger_holds(stack: Stack) -> None:
    for _try in range(60):
        verified = stack.manage("ledger", "verify")
        assert verified.returncode == 0, verified.stderr
        if " 0 waiting to be signed" in verified.stdout:
            return
        time.sleep(0.5)
    pytest.fail(f"The sequencer does not keep up: {verified.stdout}")


def too_many_appeals(page: Page, notice: str) -> None:
    """30 an hour from one address is what the form takes; the one after is refused in words."""
    page.goto(notice)
    page.get_by_role("link", name="Appeal").first.click()
    address = page.url
    statuses = [page.request.post(address, form={"text": ""}).status for _time in range(32)]
    assert statuses[-1] == 429
    page.set_content(page.request.post(address, form={"text": ""}).text())
    looks_like_ours(page, "Too many at once")


# --- pages that say no ---
def looks_like_ours(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    expect(page.get_by_role("link", name="Start page")).to_be_visible()
    expect(page.locator("header .mark")).to_contain_text("Tipstaff")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_what_is_refused_is_refused_in_our_words(visit: Visit, scripts: bool, tmp_path: Path) -> None:
    page = visit(noise=True, java_script_enabled=scripts)
    for address in ["/nothing/here/", "/desk/cases/C-ZZZZ/", "/notice/forged.token/", "/appeal/forged/"]:
        become(page, "Mara Okafor") if "desk" in address else page.goto("/")
        answer = page.goto(address)
        assert answer
        assert answer.status == 404
        looks_like_ours(page, "There is nothing here")

    one, other = page, page.context.new_page()
    one.goto("/desk/queue/")
    one.get_by_role("button", name="Claim the next case").click()
    one.wait_for_url("**/desk/cases/C-*/")
    other.goto(one.url)
    one.get_by_role("button", name="Give it back").click()
    expect(one.get_by_role("status").first).to_contain_text("is back in the queue")
    with other.expect_response("**/release/") as waiting:
        other.get_by_role("button", name="Give it back").click()
    assert waiting.value.status == 409
    looks_like_ours(other, "That can no longer be done")
    expect(other.get_by_role("link", name="Go back")).to_be_visible()

    page.context.clear_cookies()
    page.goto("/report/")
    files = [tmp_path / f"{number}.bin" for number in range(6)]
    for file in files:
        with file.open("wb") as hole:
            hole.truncate(24 * 1024 * 1024)
    page.get_by_label("What happened?").fill("Too much to send.")
    page.get_by_label("I believe that what I wrote is true").check()
    page.get_by_label("Files").set_input_files(files)
    if scripts:  # the form holds as many as it takes, and says so before anything is sent
        expect(page.locator("[data-files-list] > *")).to_have_count(settings.FILES_PER_FORM)
        expect(page.locator("[data-files-wrong]")).to_contain_text(str(settings.FILES_PER_FORM))
        return
    with page.expect_response("**/report/", timeout=60_000) as waiting:
        page.get_by_role("button", name="Send the report").click()
    assert waiting.value.status == 413
    looks_like_ours(page, "That is too large")


# --- every page ---
PEOPLE = {role: next(person for person in DEMO_PEOPLE if person.role == role).name for role in Role}
files: set[str] = set()  # what was asked for beside pages: styles, scripts, icons
examined: set[str] = set()  # URL patterns that were looked at for somebody; home is different for everybody


@pytest.mark.parametrize("role", ["anybody", *PEOPLE])
def test_every_page_within_reach_opens_quietly_and_for_everybody(visit: Visit, stack: Stack, role: str) -> None:
    page = visit()
    if role in PEOPLE:
        become(page, PEOPLE[role])
    statuses, samples = crawl(page, stack.url, role, files)
    assert {path: status for path, status in statuses.items() if status != 200} == {}
    assert len(samples) >= 5
    looked_at(page, {kind: path for kind, path in samples.items() if kind == "home" or kind not in examined})
    examined.update(samples)


def test_the_desk_can_be_read_from_right_to_left(visit: Visit, stack: Stack) -> None:
    """Public pages: tests/languages/test_right_to_left.py."""
    page = visit(locale="ar")
    page.goto("/?lang=en")
    become(page, PEOPLE[Role.REVIEWER])
    _statuses, samples = crawl(page, stack.url, Role.REVIEWER, files)
    page.goto("/")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    looked_at(page, samples, MIRRORED)


def looked_at(page: Page, samples: dict[str, str], looks: Any = LOOKS) -> None:
    """Open each of the pages and fail on all that axe finds, on what is too wide, and on any noise."""
    told: dict[str, Any] = {}
    for kind, path in samples.items():
        page.goto(path)
        told |= faults(page, looks) if kind not in BORROWED else {}
    assert told == {}, json.dumps(told, indent=1)
