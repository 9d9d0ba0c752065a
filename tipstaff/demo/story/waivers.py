"""The committee and what it is asked for: waivers in every state, votes open and closed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from governance.models import Ballot, Committee, Membership, Waiver
from tipstaff.demo.story.plans import thinned
from tipstaff.demo.story.prose import drawing, governance
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder

ESTABLISHED = 400.0  # days ago
FEWEST = 0.34  # the share of waivers that a small telling keeps
UNSCREENED = ("draft", "submitted", "withdrawn")
VOTED_ON = ("granted", "attested", "suspended", "revoked", "refused")
UNDECIDED = ("voting", "voting_over", "called_off")


def told(stage: Stage, scale: float) -> Iterator[Course]:
    """The committee, and every waiver; a third of them where little is told."""
    hall: dict[str, Committee] = {}
    yield _established(stage, hall)
    for place, given in thinned(list(enumerate(governance()["waivers"])), max(scale, FEWEST)):
        yield WaiverTeller(stage, hall, given, place).told()


def _established(stage: Stage, hall: dict[str, Committee]) -> Course:
    yield stage.days_ago(ESTABLISHED)
    said, compliance = governance()["committee"], stage.people["compliance"]
    hall["committee"] = Committee(name=said["name"], remit=said["remit"], established_at=now())
    hall["committee"].establish(actor=compliance)
    seats = [_seat(stage, hall["committee"], *seat) for seat in (*said["seats"], said["left"])]
    yield stage.days_ago(120)
    seats[-1].unseat(actor=compliance, reason="Moved to a post abroad.")


def _seat(stage: Stage, committee: Committee, mailbox: str, function: str, in_field: bool, affiliated: bool) -> Any:
    seat = Membership(
        committee=committee,
        person=stage.people[mailbox],
        function=function,
        in_field=in_field,
        affiliated=affiliated,
        seated_at=now(),
    )
    seat.seat(actor=stage.people["compliance"])
    return seat


class WaiverTeller:
    """One request from its draft to where it stands now (`ends`)."""

    def __init__(self, stage: Stage, hall: dict[str, Committee], given: dict[str, Any], place: int) -> None:
        self.stage, self.hall, self.given = stage, hall, given
        self.rng = drawing(f"waiver{place}")
        self.ends: str = given["ends"]
        self.compliance, self.chair = stage.people["compliance"], stage.people["chair"]
        self.subject = stage.subjects[given["account"]]
        self.waiver: Waiver

    def told(self) -> Course:
        yield self.stage.days_ago(self.given["days"])
        self._draft()
        if self.ends == "draft":
            return
        self.waiver.submit(actor=self.applicant, files=[])
        if self.ends == "submitted":
            return
        yield now() + timedelta(days=1.5)
        if self.ends == "withdrawn":
            self.waiver.withdraw(actor=self.applicant)
            return
        self.waiver.screen(actor=self.compliance)
        if self.ends == "screening":
            return
        yield now() + timedelta(days=2)
        if self.ends == "changes_requested":
            self.waiver.request_changes(actor=self.compliance, changes=self.given["changes"])
            return
        self._confirm_facts()
        yield from self._decided()

    @property
    def applicant(self) -> Any:
        if "by" in self.given:
            return self.stage.people[self.given["by"]]
        return LinkHolder("applicant", self.waiver.reference)

    def _draft(self) -> None:
        """As the public form or a member of staff fills it in."""
        today, given = now().date(), self.given
        starts_on = today + timedelta(days=given.get("from", 3))
        by = self.stage.people.get(given.get("by", ""))
        self.waiver = Waiver(
            kind=Waiver.Kind.EXEMPTION if "exemption" in given else Waiver.Kind.PERMISSION,
            exemption=given.get("exemption", ""),
            topic=given["topic"],
            applicant_name=given["name"],
            contact=by.email if by else self.subject.contact,
            language=self.subject.language,
            accounts=self.subject.title,
            conduct=given["what"],
            purpose=given["why"],
            data_involved="What is published or was given for this purpose; no data about anybody else.",
            safeguards="A person starts and stops it, and a log is kept that the committee may read.",
            jurisdictions="Where the applicant has its seat",
            residual_risk="A mistake in a template would reach many people at once.",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=given["lasts"]),
            requested_by=by,
            drafted_at=now(),
        )
        rules = [self.stage.rule(code) for code in given["rules"]]
        self.waiver.draft(actor=by or LinkHolder("applicant"), rules=rules, beneficiaries=[])

    def _confirm_facts(self) -> None:
        said = "None known to us." if self.given["risk"] == "low" else "The applicant is a customer of long standing."
        self.waiver.confirm_facts(
            actor=self.compliance, beneficiaries=[self.subject], risk=self.given["risk"], conflicts=said
        )

    def _decided(self) -> Course:
        if self.ends in ("granted_alone", "recalled"):
            yield from self._granted_alone()
            return
        self.waiver.put_to_committee(actor=self.compliance)
        yield now() + timedelta(days=1)
        ballot = self._open()
        yield from self._voted(ballot)
        if self.ends in VOTED_ON:
            yield now() + timedelta(days=1)
            decide = self.waiver.refuse if self.ends == "refused" else self.waiver.grant
            decide(actor=self.chair, reasons=self._argument("refuse" if self.ends == "refused" else "grant"))
            yield from self._went_on()

    def _granted_alone(self) -> Course:
        yield now() + timedelta(days=1)
        self.waiver.grant_at_screening(
            actor=self.compliance,
            reasons=self._argument("grant"),
            conditions=governance()["conditions"][:2],
            ends_on=self.waiver.ends_on,
        )
        if self.ends == "recalled":
            yield self.stage.days_ago(7)
            self.waiver.recall(actor=self.chair, reasons=self.given["said"])

    def _open(self) -> Ballot:
        ballot = Ballot.on(
            self.waiver,
            committee=self.hall["committee"],
            opened_by=self.chair,
            opened_at=now(),
            conditions=self.rng.sample(governance()["conditions"], 2),
            until=self.waiver.ends_on,
            closes_at=self.stage.began + timedelta(days=3) if self.ends == "voting" else now() + timedelta(days=7),
        )
        ballot.open(actor=self.chair)
        return ballot

    def _voted(self, ballot: Ballot) -> Course:
        """Members vote within some days; where a vote is open, some have not."""
        members = [seat.person for seat, part in ballot.electorate() if part is None]
        # Where a vote is open, the chair and the first members have not voted: they are who one becomes first.
        voters = {"voting": members[-3:], "called_off": members[:2]}.get(self.ends, members)
        for place, member in enumerate(voters):
            yield now() + timedelta(hours=self.rng.uniform(4, 20))
            if place == 5 and self.ends in ("attested", "voting_over"):
                ballot.recuse(actor=member, reason=governance()["recused"])
                continue
            choice = self._choice(place)
            ballot.vote(actor=member, choice=choice, reasons=self._argument(choice))
        if self.ends == "called_off":
            yield now() + timedelta(days=6)
            ballot.call_off(actor=self.chair, reason="No quorum came together before the holidays.")

    def _choice(self, place: int) -> str:
        if self.ends == "refused":
            return "grant" if place in (1, 4) else "abstain" if place == 6 else "refuse"
        return "refuse" if place == 2 else "abstain" if place == 4 and self.ends == "granted" else "grant"

    def _argument(self, choice: str) -> str:
        said: str = self.rng.choice(governance()["arguments"][choice])
        return said

    def _went_on(self) -> Course:
        """What became of what was granted."""
        if self.ends == "attested":
            yield self.stage.days_ago(100)
            self._attest("Four accounts, eleven findings, all of them reported within two weeks.")
            yield self.stage.days_ago(12)
            self._attest("Four accounts, six findings, two of them repaired by now.")
        elif self.ends in ("suspended", "revoked"):
            yield self.stage.days_ago(45)
            act = self.waiver.suspend if self.ends == "suspended" else self.waiver.revoke
            act(actor=self.chair, reasons=self.given["said"])

    def _attest(self, statement: str) -> None:
        self.waiver.attest(actor=self.applicant, statement=statement, files=[])
