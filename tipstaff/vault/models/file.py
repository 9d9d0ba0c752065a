"""Bytes that must not change: each file sealed under a key of its own, written once, verified, its reads recorded, and
disposed of when nothing keeps it any more.
"""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault import places, sniff
from tipstaff.vault.models.hold import BASIS_LIMIT, LegalHold, LegalHoldQuerySet
from tipstaff.vault.models.people import person_column, stake_in
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import NotPermitted
from tipstaff.workflow.states import StateField

NAME_LIMIT = 255
REASON_LIMIT = 300  # of why an original is downloaded
SCAN_AGAIN, SCAN_AGAIN_MOST = timedelta(seconds=30), timedelta(hours=6)


def loose(file: "SealedFile", actor: Actor) -> str | None:
    return _("This file belongs to another matter already.") if file.matter else None


def came_in(file: "SealedFile", _actor: Actor) -> str | None:
    """What was made of a file goes with it, so a clock of its own would keep nothing."""
    if file.origin is None:
        return None
    return _("This was made of “%(name)s” and is kept as long as that is. Keep that one longer.") % {
        "name": file.origin
    }


def loose_and_free(file: "SealedFile", actor: Actor) -> str | None:
    if hold := file.holds.first():
        return _("Legal hold %(ref)s keeps it: %(basis)s.") % {"ref": hold.ref, "basis": hold.basis}
    return loose(file, actor)


def may_be_opened(file: "SealedFile", actor: Actor) -> str | None:
    """What a scanner found something in is for those who answer for custody, and for nobody else; so is what was made
    of it.
    """
    original = file.origin or file
    if original.scan_result == SealedFile.Scan.FOUND and not actor.may(Permission.FILE_UNSEAL):
        return _(
            "A scanner found “%(name)s” in this file, so it does not leave the vault. Ask a custodian if you need it."
        ) % {"name": original.scan_detail}
    return not_sealed_away(file, actor)


def not_sealed_away(file: "SealedFile", actor: Actor) -> str | None:
    """Material that the law lets few people see is opened by nobody, unless somebody else unsealed it for them."""
    if not file.content_is_sealed:
        return None
    if any(given.asked_by_id == getattr(actor, "pk", None) for given in file.unsealings.standing(now())):
        return None
    return _(
        "This material is sealed. Work from labels, digests and what the finding says, or ask a custodian to unseal it "
        "for you."
    )


def approved_by_two(file: "SealedFile", _actor: Actor) -> str | None:
    origin = file.origin
    if file.disposals.approved().exists() or (origin is not None and origin.disposals.approved().exists()):
        return None
    return _("Nothing is disposed of without the approval of two people.")


class SealedFileQuerySet(RefQuerySet["SealedFile"]):
    def visible_to(self, person: Any) -> Self:
        return self.filter(state=SealedFile.State.SEALED) if person.may(Permission.FILE_READ) else self.none()

    def in_custody(self, person: Any) -> Self:
        """What a custodian answers for: every file that came in, whatever became of it, but for what stands about their
        own account.
        """
        known = self.exclude(references.about_own(person, "matter"))
        return known if person.may(Permission.CUSTODY_VIEW) else self.none()

    def about_own(self, person: Any) -> Self:
        return self.filter(references.about_own(person, "matter", but="file"))

    def originals(self) -> Self:
        """What came in, without what was made of it."""
        return self.exclude(matter__startswith="file:")

    def unverified_since(self, at: datetime) -> Self:
        """Sealed files that nobody compared with their digest since `at`, the longest waiting first."""
        waiting = models.Q(verified_at=None) | models.Q(verified_at__lt=at)
        return self.filter(waiting, state=SealedFile.State.SEALED).order_by(
            models.F("verified_at").asc(nulls_first=True), "id"
        )

    def unclaimed(self, before: datetime) -> Self:
        """Sealed files that came in before and that no matter took."""
        return self.filter(matter="", state=SealedFile.State.SEALED, received_at__lt=before)

    def to_scan(self, at: datetime) -> Self:
        """Originals that a scanner has not seen whole; what was made of them is safe, having been made here."""
        return self.originals().filter(state=SealedFile.State.SEALED, scan_due_at__lte=at).order_by("scan_due_at", "id")

    def dangerous(self) -> Self:
        """Files that are there and that a scanner found something in."""
        return self.filter(state=SealedFile.State.SEALED, scan_result=SealedFile.Scan.FOUND)

    def of(self, *records: Record) -> Self:
        """The sealed files that belong to `records`, oldest first."""
        return self.filter(matter__in=[record.reference for record in records], state=SealedFile.State.SEALED)


@references.register("file")
class SealedFile(Record):
    class State(models.TextChoices):
        RECEIVING = "receiving", gettext_lazy("Being received")
        SEALED = "sealed", gettext_lazy("Sealed")
        FAILED = "failed", gettext_lazy("Failed")
        SET_ASIDE = "set_aside", gettext_lazy("Set aside")
        DISPOSED = "disposed", gettext_lazy("Disposed of")

    class Scan(models.TextChoices):
        CLEAN = "clean", gettext_lazy("Nothing found")
        FOUND = "found", gettext_lazy("Malware found")
        UNSCANNABLE = "unscannable", gettext_lazy("Cannot be scanned whole")
        ERROR = "error", gettext_lazy("Scan failed, is tried again")

    state = StateField(max_length=12, choices=State, default=State.RECEIVING)
    matter = models.CharField(max_length=200, blank=True, db_index=True)
    name = models.CharField(max_length=NAME_LIMIT)
    declared_type = models.CharField(max_length=200, blank=True)
    sniffed_type = models.CharField(max_length=200, blank=True)
    sniffer = models.CharField(max_length=60, blank=True, help_text="What looked at its type, with its version.")
    received_from = models.CharField(max_length=200, blank=True, editable=False, help_text="The actor it came from.")
    same_as = models.ForeignKey("self", models.PROTECT, null=True, related_name="doubles", editable=False)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    sha512 = models.CharField(max_length=128, blank=True)
    wrapped_key = models.BinaryField(help_text="The file's age identity, encrypted under the vault key.")
    received_at = models.DateTimeField(default=now, editable=False)
    verified_at = models.DateTimeField(null=True, editable=False, help_text="Last compared with its digest.")
    damaged_at = models.DateTimeField(null=True, editable=False)
    disposed_at = models.DateTimeField(null=True, editable=False)
    scan_result = models.CharField(max_length=12, choices=Scan, blank=True, editable=False)
    scan_detail = models.CharField(max_length=200, blank=True, editable=False, help_text="What was found, or failed.")
    scanner = models.CharField(max_length=200, blank=True, editable=False, help_text="With its signatures' version.")
    scanned_at = models.DateTimeField(null=True, editable=False)
    scan_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    scan_due_at = models.DateTimeField(default=now, null=True, editable=False, help_text="Empty: not to be scanned.")

    # The batch that verified it says so; when it is scanned next is no fact of the file.
    untold = frozenset({"verified_at", "scan_tries", "scan_due_at"})

    reference_field = "id"
    objects = SealedFileQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sealed")
                | (models.Q(size__isnull=False) & ~models.Q(sha256="") & ~models.Q(sha512="")),
                name="file_sealed_has_digests",
            ),
            models.CheckConstraint(
                condition=models.Q(state="disposed", disposed_at__isnull=False, wrapped_key=b"")
                | ~models.Q(state="disposed") & models.Q(disposed_at__isnull=True),
                name="file_disposed_has_no_key",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="set_aside") | models.Q(wrapped_key=b"", matter=""),
                name="file_set_aside_has_no_key",
            ),
            models.UniqueConstraint(
                fields=["matter", "sha256"],
                condition=models.Q(state="sealed") & ~models.Q(matter="") & ~models.Q(matter__startswith="file:"),
                name="file_once_in_its_matter",
            ),
            models.CheckConstraint(
                condition=models.Q(scan_result="", scanned_at__isnull=True)
                | ~models.Q(scan_result="") & models.Q(scanned_at__isnull=False) & ~models.Q(scanner=""),
                name="file_scanned_by_something",
            ),
        ]
        indexes = [
            models.Index(
                models.F("verified_at").asc(nulls_first=True),
                "id",
                condition=models.Q(state="sealed"),
                name="file_to_verify",
            ),
            models.Index(
                fields=["scan_due_at"],
                condition=models.Q(state="sealed", scan_due_at__isnull=False),
                name="file_to_scan",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("vault:download", args=[self.pk])

    @property
    def content_is_sealed(self) -> bool:
        """Whether the law lets few people see it: the matter that it belongs to says so."""
        return bool(getattr(self._belongs_to(), "content_is_sealed", False))

    near: Record | None = None  # the matter, where a page has it in memory already

    def _belongs_to(self) -> Record | None:
        return self.near if self.near and self.near.reference == self.matter else references.find(self.matter)

    @property
    def origin(self) -> "SealedFile | None":
        """The file that this one was made of, if it is a derivative: it belongs to it, and shares its fate."""
        if not self.matter.startswith("file:"):
            return None
        found = references.find(self.matter)
        return found if isinstance(found, SealedFile) else None

    def stake_of(self, actor: Any) -> str | None:
        """What it stands in says it: nobody opens, keeps or disposes of what is about their own account."""
        return stake_in(self._belongs_to(), actor) if actor.may(Permission.CUSTODY_VIEW) else None

    def held_with(self) -> list[str]:
        """A hold on the matter of the original keeps what was made of it."""
        matter = references.find(self.matter)
        return [self.matter, *matter.held_with()] if matter else []

    @property
    def at_rest_since(self) -> datetime | None:
        matter = references.find(self.matter)
        return matter.at_rest_since if matter else self.received_at

    @property
    def type_differs(self) -> bool:
        """Whether it was declared as something that it is not."""
        return sniff.differs(self.declared_type, self.sniffed_type)

    @property
    def scan_words(self) -> str:
        """What a scanner said of it, or why none did."""
        if self.scan_result:
            return str(self.get_scan_result_display())
        return _("Not scanned yet") if settings.CLAMD_URL else _("Not scanned: no scanner is configured")

    # --- what keeps it ---
    @property
    def holds(self) -> LegalHoldQuerySet:
        """Holds that keep it: on the file, on its matter, and on what that matter names beside itself."""
        matter = references.find(self.matter)
        beside = matter.held_with() if matter else []
        return LegalHold.objects.standing().filter(on__in=[self.reference, self.matter, *beside])

    def expires_at(self) -> datetime | None:
        """When the last of its retention clocks runs out; None while its matter is open, so that none can."""
        matter = references.find(self.matter)
        rested = matter.at_rest_since if matter else self.received_at
        if rested is None:
            return None
        ends = [clock.expires_at for clock in self.retention_clocks.all()]
        return max([rested + timedelta(days=settings.RETENTION_DAYS), *ends])

    def kept_because(self, at: datetime, *, erasure: bool = False) -> str | None:
        """Why it cannot be disposed of at `at`, or None. For an `erasure` the ordinary retention need not be over, but
        holds, the clocks that somebody set, and an open matter keep it (GDPR 17(3)(b) and (e)).
        """
        if hold := self.holds.first():
            return _("Legal hold %(ref)s keeps it: %(basis)s.") % {"ref": hold.ref, "basis": hold.basis}
        expires = self.expires_at()
        if expires is None:
            return _("The matter that it belongs to is still open.")
        for clock in self.retention_clocks.all():
            if clock.expires_at > at:
                return _("It has to be kept until %(day)s: %(basis)s.") % {
                    "day": f"{clock.expires_at:%Y-%m-%d}",
                    "basis": clock.basis,
                }
        if expires > at and not erasure:
            return _("Its retention ends on %(day)s.") % {"day": f"{expires:%Y-%m-%d}"}
        return None

    @operation(creates=True, permission=Permission.FILE_SEAL, said=gettext_lazy("began to receive a file"))
    def receive(self, *, actor: Actor) -> None:
        """Announce a file and commit its key before the first byte is stored."""

    @operation(
        source=State.RECEIVING,
        permission=Permission.FILE_SEAL,
        said=gettext_lazy("noted that a file is not of the type that it was declared as"),
    )
    def note_type(self, *, actor: Actor, declared: str, seen: str) -> None:
        """Keep on record that the bytes are something else than was said. The file is taken in all the same."""

    @operation(
        source=State.RECEIVING, target=State.SEALED, permission=Permission.FILE_SEAL, said=gettext_lazy("sealed a file")
    )
    def seal(
        self, *, actor: Actor, size: int, sha256: str, sha512: str, sniffed_type: str, sniffer: str = sniff.SNIFFER
    ) -> None:
        """The bytes are stored, read back and match these digests."""
        self.size, self.sha256, self.sha512 = size, sha256, sha512
        self.sniffed_type, self.sniffer = sniffed_type, sniffer

    @operation(
        source=State.RECEIVING,
        target=State.FAILED,
        permission=Permission.FILE_SEAL,
        said=gettext_lazy("failed to store a file"),
    )
    def fail(self, *, actor: Actor, reason: str) -> None:
        """The bytes could not be stored; nothing of them is kept, and no key that would open a copy."""
        self.wrapped_key = b""

    @operation(source=State.SEALED, permission=Permission.FILE_SEAL, guard=loose, said=gettext_lazy("attached a file"))
    def attach(self, *, actor: Actor, to: Record) -> None:
        """Give the file to the matter it is evidence in. Once."""
        self.matter = to.reference

    def give_to(self, matter: Record, *, actor: Actor) -> "SealedFile":
        """Attach it, unless `matter` has a file of the same bytes: that one is then the answer, and this one is set
        aside. `matter` is locked, so that of two at once the second finds the first.
        """
        twins = SealedFile.objects.of(matter).filter(sha256=self.sha256)
        if twin := twins.exclude(pk=self.pk).first():
            self.set_aside(actor=actor, same_as=twin)
            return twin
        self.attach(actor=actor, to=matter)
        return self

    @operation(
        source=State.SEALED,
        target=State.SET_ASIDE,
        permission=Permission.FILE_SEAL,
        guard=loose_and_free,
        said=gettext_lazy("set a file aside that no matter took"),
    )
    def set_aside(self, *, actor: Actor, same_as: "SealedFile | None" = None) -> None:
        """Let go of bytes that nobody has taken: the matter has them already, or the act that they came with was
        refused. The key is destroyed, then the bytes; the digests stay.
        """
        self.wrapped_key, self.same_as = b"", same_as
        transaction.on_commit(lambda: places.remove(self.pk))

    @operation(
        source=State.SEALED, permission=Permission.FILE_READ, guard=may_be_opened, said=gettext_lazy("read a file")
    )
    def read(self, *, actor: Actor, purpose: str, sha256: str = "") -> None:
        """Somebody is about to see what was made of the file. Committed before the first byte is served. Refused to who
        may not see the matter that the file belongs to: members of the committee read what a waiver rests on, and
        nothing of a case.
        """
        self._be_in_sight_of(actor)

    @operation(
        source=State.SEALED,
        permission=Permission.FILE_READ,
        guard=may_be_opened,
        said=gettext_lazy("downloaded an original"),
    )
    def download(self, *, actor: Actor, reason: str, sha256: str) -> None:
        """Somebody is about to take the original away, and said why. Committed before the first byte is served."""
        self._be_in_sight_of(actor)

    def _be_in_sight_of(self, actor: Actor) -> None:
        if not self.in_sight_of(actor):
            raise NotPermitted(_("Your roles do not allow this."), permission=Permission.FILE_READ, about=self.stream)

    def in_sight_of(self, actor: Actor) -> bool:
        """Whether `actor` may see the matter that the file belongs to; custodians see all but their own."""
        if actor.may(Permission.FILE_UNSEAL):
            return self.stake_of(actor) is None
        matter = self._belongs_to()
        if isinstance(matter, SealedFile):
            return matter.in_sight_of(actor)
        if matter is None:
            return actor.may(Permission.EVIDENCE_READ)
        known: Any = type(matter)._default_manager
        return known.visible_to(actor).filter(pk=matter.pk).exists()

    @operation(
        source=State.SEALED,
        permission=Permission.FILE_RETAIN,
        guard=came_in,
        label=gettext_lazy("Keep it longer"),
        said=gettext_lazy("set how long a file is kept"),
    )
    def retain(self, *, actor: Any, kind: str, until: datetime, basis: str) -> None:
        """Start a clock of its own beside the ordinary one. Clocks are added, and never shortened."""
        RetentionClock.objects.create(
            file=self, kind=kind, starts_at=now(), expires_at=until, basis=basis, set_by=actor
        )

    @operation(source=State.SEALED, permission=Permission.FILE_DISPOSE, said=gettext_lazy("scanned a file"))
    def scan(self, *, actor: Actor, result: str, detail: str, scanner: str) -> None:
        """A scanner looked at the bytes. What failed is tried again, later each time; the rest is not."""
        self.scan_result, self.scan_detail, self.scanner = result, detail[:200], scanner[:200]
        self.scanned_at = now()
        self.scan_tries += 1
        wait = min(SCAN_AGAIN_MOST, SCAN_AGAIN * 2 ** min(self.scan_tries - 1, 20))
        self.scan_due_at = now() + wait if result == self.Scan.ERROR else None

    @operation(
        source=State.SEALED,
        permission=Permission.FILE_DISPOSE,
        said=gettext_lazy("found a file damaged"),
    )
    def report_damage(self, *, actor: Actor) -> None:
        """The stored bytes are not the ones that were sealed. Nothing is served of it any more."""
        self.damaged_at = self.damaged_at or now()

    @operation(
        source=State.SEALED,
        target=State.DISPOSED,
        permission=Permission.FILE_DISPOSE,
        guard=approved_by_two,
        said=gettext_lazy("disposed of a file"),
    )
    def dispose(self, *, actor: Actor, disposal: str, sha256: str, size: int) -> None:
        """Destroy the key, so that no copy of the bytes can be opened again, in backups neither; then the bytes. The
        digests stay, so that whoever has a copy can still show what it is one of.
        """
        for derived in self.derivatives.exclude(file=None).select_related("file"):
            derived.erase(actor=actor, disposal=disposal)
        self.wrapped_key, self.disposed_at = b"", now()
        transaction.on_commit(lambda: places.remove(self.pk))


class RetentionClock(models.Model):
    """How long a file is kept beside the ordinary retention, and what says so."""

    class Kind(models.TextChoices):
        REGULATOR = "regulator", gettext_lazy("An authority asked for it")
        PRESERVATION = "preservation", gettext_lazy("The law has it preserved after a referral")
        LITIGATION = "litigation", gettext_lazy("A dispute is under way or expected")

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    file = models.ForeignKey(SealedFile, models.PROTECT, related_name="retention_clocks")
    kind = models.CharField(max_length=20, choices=Kind)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    basis = models.CharField(max_length=BASIS_LIMIT)
    set_by = person_column()

    class Meta:
        ordering = ["expires_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("starts_at")), name="retention_ends_after_it_began"
            )
        ]

    def __str__(self) -> str:
        return str(self.Kind(self.kind).label)
