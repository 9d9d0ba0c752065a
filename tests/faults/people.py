"""People and a machine who keep working over HTTP whatever breaks, and write down every answer they got."""

import http.client
import json
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlencode
from uuid import uuid4

from tests.journeys.stack import Stack

REASONS = "The account scheduled four hundred posts through forty accounts without the approval that the rule asks for."
PATIENCE = 240  # seconds: a restart of everything on a busy machine takes a while


def log(lines: int) -> bytes:
    """The text of a log that nobody has sent before."""
    return "".join(f"{n:06} post scheduled by {random.randbytes(24).hex()}\n" for n in range(lines)).encode()


@dataclass
class Answer:
    status: int
    text: str
    location: str = ""


@dataclass
class Notebook:
    """What was acknowledged: whoever got one of these answers may rely on it."""

    reports: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    cases: dict[str, str] = field(default_factory=dict)  # report → case
    issued: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)  # answers that nobody should get
    failures: int = 0  # requests that a fault spoiled


class Browser:
    """Cookies and a CSRF token; never follows a redirect, because a 302 is the acknowledgement."""

    def __init__(self, stack: Stack, notebook: Notebook) -> None:
        self.stack, self.notebook = stack, notebook
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=20)
        headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        try:
            line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            line.close()
        for header in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        return Answer(answer.status, text, answer.headers.get("Location", ""))

    def insist(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask again while faults spoil it, as a person reloads."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.ask(method, path, body, **headers)
            except (OSError, http.client.HTTPException) as error:
                answer = Answer(0, repr(error))
            if 0 < answer.status < 500:
                return answer
            self.notebook.failures += 1
            if time.monotonic() > deadline:
                self.notebook.odd.append(f"{method} {path} was spoiled for {PATIENCE} s, by {answer.text[:200]}")
                return answer
            time.sleep(0.5)

    def post(self, path: str, **fields: str) -> Answer:
        token = {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}
        body = urlencode(fields | token).encode()
        return self.insist("POST", path, body, Content_Type="application/x-www-form-urlencoded")

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> Answer:
        """A form with one file, called `name`."""
        edge = uuid4().hex
        fields |= {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="shown.txt"\r\n\r\n')
        body = "".join(parts).encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.insist("POST", path, body, Content_Type=f"multipart/form-data; boundary={edge}")

    def become(self, mailbox: str) -> "Browser":
        self.insist("GET", "/")
        self.post("/demo/switch/", email=f"{mailbox}@demo.example")
        return self


class Town:
    """A machine and a stranger who report, and three people at the desk who bring the reports to a decision."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.notebook = stack, Notebook()
        self.stop = threading.Event()
        self.lead, self.reviewer, self.senior = (self.browser().become(m) for m in ("lead", "reviewer", "senior"))
        page = self.browser().become("admin").post("/people/tokens/", name="faults", scopes="report:file", days="30")
        found = re.search(r"tps_[\w-]+", page.text)
        assert found, page.text
        self.token = found[0]

    def browser(self) -> Browser:
        return Browser(self.stack, self.notebook)

    @contextmanager
    def at_work(self) -> Iterator[Notebook]:
        """Everybody works, each in a thread, until the block ends; what was begun is finished."""
        works = (self._machine, self._machine, self._stranger, self._desk)
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield self.notebook
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def _machine(self) -> None:
        browser = self.browser()
        while not self.stop.wait(0.2):
            key = uuid4().hex
            told = {"rule": "SP-03", "description": "Four hundred posts.", "good_faith": True, "account": key}
            body = json.dumps(told | {"contact": f"{key}@people.example"}).encode()
            headers = {"Authorization": f"Bearer {self.token}", "Idempotency_Key": key}
            answer = browser.insist("POST", "/api/v1/reports/", body, Content_Type="application/json", **headers)
            if answer.status == 201:
                self.notebook.reports.append(json.loads(answer.text)["ref"])
            elif answer.status == 429:  # more than a machine may in a minute
                self.stop.wait(5)
            elif answer.status:
                self.notebook.odd.append(f"the machine was answered {answer.status}: {answer.text[:200]}")

    def _stranger(self) -> None:
        """Sends few reports, since an address may send thirty an hour, and the same form again when in doubt."""
        for _report in range(6):
            browser = self.browser()
            browser.insist("GET", "/report/")
            typed = {"submission": str(uuid4()), "description": "Seen in one night.", "good_faith": "on"}
            answer = browser.upload("/report/", "files", log(800), **typed)
            code = re.search(r'class="secret"[^>]*>([0-9A-Z-]{19})<', answer.text)
            if answer.status == 200 and code:
                self.notebook.codes.append(code[1])
            elif answer.status not in {0, 429}:
                self.notebook.odd.append(f"the stranger was answered {answer.status}")
            if self.stop.wait(4):
                return

    def _desk(self) -> None:
        done = 0
        while not self.stop.wait(0.2):
            if done < len(self.notebook.reports):
                self._decide(self.notebook.reports[done])
                done += 1

    def _decide(self, report: str) -> None:
        """Accept, claim, seal evidence, propose and issue. An act that was done although its answer was lost is
        refused when it is repeated (409), and the next one follows.
        """
        account = f"acct_{report}"
        self._act(
            self.lead, f"/desk/reports/{report}/accept/", external_id=account, kind="end_user",
            contact=f"{account}@customer.example", rule="SP-03", severity="2",
        )  # fmt: skip
        page = self.lead.insist("GET", f"/desk/reports/{report}/").text
        case = re.search(r"/desk/cases/(C-\w+)/", page)
        if not case:
            self.notebook.odd.append(f"{report} was accepted and is in no case")
            return
        self.notebook.cases[report] = case[1]
        address = f"/desk/cases/{case[1]}"
        self._act(self.reviewer, f"{address}/claim/")
        sealed = {"evidence-kind": "log", "evidence-label": "The night", "evidence-source": "log"}
        answer = self.reviewer.upload(f"{address}/evidence/", "evidence-upload", log(400), **sealed)
        self._expected(f"{address}/evidence/", answer)
        points = {f"check-{point}": "yes" for point in ("account", "context", "exceptions", "volume", "approval")}
        self._act(self.reviewer, f"{address}/checklist/", **points)
        conduct = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}"
        self._act(
            self.reviewer, f"{address}/propose/", outcome="breach", rule="SP-03", conduct_at=conduct, reasons=REASONS,
            intent="negligent", sensitivity="personal", severity="2", detection="none",
        )  # fmt: skip
        decision = re.search(r"/desk/decisions/(D-\w+)/", self.senior.insist("GET", f"{address}/").text)
        if decision is None:
            return
        said = {"outcome": "breach", "tier": "T2", "reason": "The log shows one text in one night."}
        self._act(self.senior, f"/desk/decisions/{decision[1]}/verdict/", **said)
        if self._act(self.senior, f"/desk/decisions/{decision[1]}/issue/"):
            self.notebook.issued.append(decision[1])

    def _act(self, who: Browser, path: str, **fields: str) -> bool:
        return self._expected(path, who.post(path, **fields))

    def _expected(self, path: str, answer: Answer) -> bool:
        if answer.status not in {0, 302, 409}:
            self.notebook.odd.append(f"{path} was answered {answer.status}")
        return answer.status == 302
