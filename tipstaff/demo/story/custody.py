"""What becomes of the files: holds placed and released, sealed material asked for, erasures carried out and refused."""

from datetime import timedelta
from itertools import islice
from random import Random

from cases.models import Case, Consent, Evidence, Finding, Report
from tipstaff.demo.story import files
from tipstaff.demo.story.prose import governance
from tipstaff.demo.story.stage import Stage
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.notices.outbox import OUTBOX
from tipstaff.time import moved_to, now
from tipstaff.vault import derive, fixity, redaction, storage
from tipstaff.vault.models import Disposal, LegalHold, SealedFile, Unsealing
from tipstaff.vault.scanner import SCANNER
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.models import Record

SETTLED = timedelta(days=7)  # files older than this have had whatever happened to them
# What each hold is on: the oldest cases. How far it came, and the days back to its acts.
HOLDS = (("placed", 5.0), ("release_asked", 4.0), ("released", 6.0), ("placed", 2.5))
CONSENTS = ((), ("give",), ("refuse",), ("give", "withdraw"))
UNSEALINGS = ("refused", "granted", "asked")


def told(stage: Stage) -> None:
    """After everything else: it looks for cases and files that are there by now, and finds the same ones each time."""
    oldest = list(Case.objects.order_by("opened_at", "ref")[: len(HOLDS)])
    for case, (ends, days) in zip(oldest, HOLDS, strict=False):
        _hold(stage, case, ends, days)
    _unsealings(stage)
    _erasures(stage, oldest)
    _set_aside(stage)
    _read(stage)
    _scans(stage)
    _consents(stage)


def _consents(stage: Stage) -> None:
    """Reporters who confirmed their address were asked whether an authority may know them: each said something else."""
    asker, purpose = stage.people["head"], governance()["custody"]["consent"]
    rows = Report.objects.filter(case__isnull=False, reported_by=None).exclude(contact="").order_by("received_at", "id")
    since = stage.days_ago(7)  # nothing happened to them that would come after what is told here
    settled = (report for report in rows if not Event.objects.filter(stream=report.stream, at__gt=since).exists())
    for number, report in enumerate(islice(settled, len(CONSENTS))):
        said = CONSENTS[number]
        with moved_to(stage.days_ago(6 - number)):
            consent = Consent(report=report, recipient=Consent.Recipient.AUTHORITY, purpose=purpose, asked_by=asker)
            consent.ask(actor=asker)
            for message in Message.objects.filter(kind="consent_asked", state="queued"):
                message.hand_over(actor=OUTBOX)
        holder = LinkHolder("reporter", report.reference)
        with moved_to(stage.days_ago(5.5 - number)):
            report.prove(actor=holder)
            for act in said:
                getattr(consent, act)(actor=holder)


def _read(stage: Stage) -> None:
    """A conversation that was cited is redacted for whoever gets it, and a picture was looked at."""
    cited = Finding.objects.exclude(citations=[]).order_by("-found_at", "id").select_related("found_by", "case").first()
    if cited is not None:
        exhibit = Evidence.objects.select_related("file").get(case=cited.case, exhibit=1)
        with moved_to(stage.days_ago(0.4)):
            said = governance()["custody"]["redaction"]
            redaction.redact_lines(exhibit.file, actor=cited.found_by, reason=said, chosen=[0])
    pictures = Evidence.objects.filter(kind="image", case__handling="standard")
    if picture := pictures.select_related("file", "added_by").order_by("-added_at", "id").first():
        with moved_to(stage.days_ago(0.3)):
            derive.prepare(picture.file)
            if grey := picture.file.derivatives.filter(kind="grey").first():
                grey.view(actor=picture.added_by, purpose="review", part="grey 0")


def _hold(stage: Stage, on: Record, ends: str, days: float) -> None:
    said = governance()["custody"]
    hold = LegalHold(on=on.reference, basis=said["basis"], reason=said["hold"])
    with moved_to(stage.days_ago(days)):
        hold.place(actor=stage.people["counsel"])
    if ends == "placed":
        return
    with moved_to(stage.days_ago(days - 2)):
        hold.ask_release(actor=stage.people["custodian"], reason=said["release"])
    if ends == "released":
        with moved_to(stage.days_ago(days - 3)):
            hold.release(actor=stage.people["counsel"])


def _unsealings(stage: Stage) -> None:
    """Three requests for one exhibit that the law keeps from most: refused, granted, and one that waits."""
    sealed = Evidence.objects.filter(case__handling="sealed", added_at__lt=stage.began - SETTLED)
    exhibit = sealed.select_related("file").order_by("added_at", "id").first()
    if exhibit is None:
        return
    for place, ends in enumerate(UNSEALINGS):
        asked = Unsealing(file=exhibit.file, reason=governance()["custody"]["unseal"][place])
        with moved_to(stage.days_ago(3 - place)):
            asked.ask(actor=stage.people["reviewer2"])
        with moved_to(stage.days_ago(2.8 - place)):
            if ends == "refused":
                asked.refuse(actor=stage.people["custodian"], reason=governance()["custody"]["sealed"])
            elif ends == "granted":
                asked.grant(actor=stage.people["custodian"])


def _erasures(stage: Stage, held: list[Case]) -> None:
    """One is carried out, one waits for a second approval, and one is refused because the case is held."""
    old = SealedFile.objects.filter(state="sealed", received_at__lt=stage.began - SETTLED).exclude(matter="")
    free = [file for file in old.order_by("received_at", "id") if file.kept_because(now(), erasure=True) is None]
    for place, file in enumerate(free[:2]):
        with moved_to(stage.days_ago(1.5)):
            proposed = _proposed(stage, file)
            proposed.approve(actor=stage.people["counsel"])
        if place == 0:
            with moved_to(stage.days_ago(1.2)):
                proposed.approve(actor=stage.people["compliance"])
    if kept := SealedFile.objects.of(*held).order_by("received_at", "id").first():
        with moved_to(stage.days_ago(1)):
            _proposed(stage, kept)


def _set_aside(stage: Stage) -> None:
    """A picture that came with a form which was never taken."""
    with moved_to(stage.days_ago(1.4)):
        loose = storage.receive(files.picture(Random(7)).upload, actor=LinkHolder("reporter"))  # noqa: S311
    with moved_to(stage.days_ago(0.4)):
        storage.let_go(loose, actor=fixity.FIXITY)


def _scans(stage: Stage) -> None:
    """How each result of a scan looks. No scanner ran, and each of them says so."""
    came_with_reports = SealedFile.objects.filter(state="sealed", matter__startswith="report:")
    results = (("found", "Eicar-Test"), ("unscannable", "Heuristics.Limits.Exceeded.MaxRecursion"), ("clean", ""))
    for file, (result, detail) in zip(came_with_reports.order_by("received_at", "id")[:3], results, strict=False):
        with moved_to(stage.days_ago(0.3)):
            file.scan(actor=SCANNER, result=result, detail=detail, scanner="none: told by the demo")


def _proposed(stage: Stage, file: SealedFile) -> Disposal:
    proposed = Disposal(file=file, ground=Disposal.Ground.ERASURE, reason=governance()["custody"]["erasure"])
    proposed.propose(actor=stage.people["custodian"])
    return proposed
