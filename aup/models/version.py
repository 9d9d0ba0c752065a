"""PolicyVersion: one text of the policy, from draft to publication. Immutable from then on, by trigger too."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.matrix import editing, terms
from aup.models.decision_matrix import DecisionMatrix
from aup.models.drafting import Drafting
from aup.models.policy import Policy
from aup.models.sign_off import SignOff
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

if TYPE_CHECKING:
    from aup.documents import Documents

SAME_MOMENT = timedelta(minutes=1)  # between choosing "now" as the effective date and publishing
NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,19}")
# Words that stand where a number would in the address of a version.
TAKEN = {"acknowledge", "compare", "feedback", "history", "matrix", "policy.json", "policy.md", "rules", "versions"}
POLICY_PERMISSIONS = tuple(permission for permission in Permission if permission.startswith("policy:"))


class PolicyVersionQuerySet(RefQuerySet["PolicyVersion"]):
    def visible_to(self, person: Any) -> Self:
        """Staff with a part in the policy see every version; everybody sees what was published, also when it was
        withdrawn since: people were bound by it, and decisions cite it.
        """
        may: Callable[[Permission], bool] = getattr(person, "may", lambda _permission: False)
        if any(may(permission) for permission in POLICY_PERMISSIONS):
            return self.all()
        return self.published()

    def published(self) -> Self:
        """Those that were published, standing or withdrawn."""
        return self.filter(published_at__isnull=False, state__in=["published", "withdrawn"])

    def latest_by(self, at: datetime) -> Self:
        """Published versions that had taken effect at `at`, the one in force first."""
        return self.filter(state=PolicyVersion.State.PUBLISHED, effective_from__lte=at).order_by("-effective_from")

    def in_force(self, at: datetime) -> "PolicyVersion | None":
        """The version in force at `at`: one look into a partial index."""
        return self.latest_by(at).first()


def not_signed_by_all(version: "PolicyVersion", _actor: Actor) -> str | None:
    return " ".join(version.signatures_missing()) or None


def not_signed_yet(function: SignOff.Function) -> Callable[["PolicyVersion", Actor], str | None]:
    """The guard of a sign-off: by a person, once per function, and each person once."""

    def guard(version: "PolicyVersion", actor: Actor) -> str | None:
        """Somebody who signed for no other function; each function signs once."""
        if not isinstance(actor, User):
            return _("Only a person can sign off.")
        for sign_off in version.sign_offs.all():
            if sign_off.person_id == actor.pk:
                return _("You signed off as %(function)s already; each function needs someone else.") % {
                    "function": sign_off.get_function_display().lower()
                }
            if sign_off.function == function:
                return _("This function has signed off already.")
        return None

    return guard


def not_publishable(version: "PolicyVersion", _actor: Actor) -> str | None:
    return " ".join(version.missing()) or None


def stamped(state: str, *given: str) -> Q:
    """In `state` the stamps `given` are there, and the later ones are not."""
    stamps = ("submitted_at", "approved_at", "published_at", "withdrawn_at")
    return Q(state=state, **{f"{stamp}__isnull": stamp not in given for stamp in stamps})


def person() -> models.ForeignKey:
    """Who set a stamp; null where Tipstaff itself did."""
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False)


@references.register("policy")
class PolicyVersion(Drafting):
    class State(models.TextChoices):
        DRAFT = "draft", gettext_lazy("Draft")
        IN_REVIEW = "in_review", gettext_lazy("In review")
        APPROVED = "approved", gettext_lazy("Approved")
        PUBLISHED = "published", gettext_lazy("Published")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("P"), editable=False)
    policy = models.ForeignKey("aup.Policy", models.PROTECT, related_name="versions")
    number = models.CharField(gettext_lazy("number"), max_length=20)
    rationale = models.TextField(gettext_lazy("rationale"), blank=True)
    changelog = models.TextField(gettext_lazy("what changed"), blank=True)
    summary = models.TextField(gettext_lazy("summary in plain language"), blank=True)
    scope = models.JSONField(gettext_lazy("scope"), help_text="Lists of sentences: data, tasks, contexts.")
    effective_from = models.DateTimeField(gettext_lazy("in force from"), null=True, blank=True)
    based_on = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", editable=False)
    state = StateField(max_length=20, choices=State, default=State.DRAFT, editable=False)
    drafted_by, drafted_at = person(), models.DateTimeField(default=now, editable=False)
    submitted_by, submitted_at = person(), models.DateTimeField(null=True, editable=False)
    approved_by, approved_at = person(), models.DateTimeField(null=True, editable=False)
    published_by, published_at = person(), models.DateTimeField(null=True, editable=False)
    withdrawn_by, withdrawn_at = person(), models.DateTimeField(null=True, editable=False)
    withdrawal_reason = models.TextField(blank=True, editable=False)

    objects = PolicyVersionQuerySet.as_manager()
    translations: Any
    documents: "Documents | None" = None  # what `draft` loads; set by aup.loading.prepare

    class Meta:
        ordering = ["-drafted_at"]
        constraints = [
            # Everything cites `rule:CODE@NUMBER`, so a number stands for one version only.
            models.UniqueConstraint(fields=["number"], name="policy_version_number_once"),
            models.UniqueConstraint(
                fields=["effective_from"], condition=Q(state="published"), name="policy_version_one_in_force"
            ),
            models.CheckConstraint(
                condition=stamped("draft")
                | stamped("in_review", "submitted_at")
                | stamped("approved", "submitted_at", "approved_at")
                | stamped("published", "submitted_at", "approved_at", "published_at")
                | Q(state="withdrawn", withdrawn_at__isnull=False),
                name="policy_version_stamps",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(effective_from__isnull=False) & ~Q(rationale=""),
                name="policy_version_published_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn") & ~Q(withdrawal_reason="")
                | ~Q(state="withdrawn") & Q(withdrawal_reason=""),
                name="policy_version_withdrawal_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title(self) -> str:
        return _("version %(number)s") % {"number": self.number}

    def get_absolute_url(self) -> str:
        return reverse("aup:version", args=[self.ref])

    def get_public_url(self) -> str:
        """Where everybody reads it, whole."""
        return reverse("aup:edition", args=[self.number])

    def is_in_force(self, at: datetime) -> bool:
        found = PolicyVersion.objects.in_force(at)
        return found is not None and found.pk == self.pk

    @property
    def superseded(self) -> bool:
        """Whether a later version has taken effect by now."""
        if self.state != self.State.PUBLISHED or self.effective_from is None:
            return False
        return PolicyVersion.objects.latest_by(now()).filter(effective_from__gt=self.effective_from).exists()

    def status(self, in_force: "PolicyVersion | None") -> str:
        """The state in words; `in_force` is the version in force now, so that a list asks for it once."""
        if self.state != self.State.PUBLISHED or self.effective_from is None:
            return str(self.State(self.state).label)
        if in_force is not None and in_force.pk == self.pk:
            return _("In force")
        return _("Published, in force later") if self.effective_from > now() else _("Superseded")

    def missing(self) -> list[str]:
        """What publishing still needs, one sentence each; empty when the version can be published."""
        sentences = self.signatures_missing()
        if not self.rationale.strip():
            sentences.append(_("Give the rationale of this version."))
        sentences += self._scope_missing() + self._date_missing() + self._rules_missing()
        matrix = getattr(self, "matrix", None)
        if matrix is None:
            return [*sentences, _("The decision matrix is missing.")]
        return sentences + matrix.unsound()

    def signatures_missing(self) -> list[str]:
        signed = {sign_off.function for sign_off in self.sign_offs.all()}
        missing = [str(function.label).lower() for function in SignOff.Function if function not in signed]
        return [_("Still to sign off: %(functions)s.") % {"functions": ", ".join(missing)}] if missing else []

    def _scope_missing(self) -> list[str]:
        parts = {"data": _("data it covers"), "tasks": _("tasks it covers"), "contexts": _("contexts it applies in")}
        missing = [words for part, words in parts.items() if not self.scope.get(part)]
        return [_("Give the scope: the %(parts)s.") % {"parts": ", ".join(missing)}] if missing else []

    def _date_missing(self) -> list[str]:
        if self.effective_from is None:
            return [_("Set the date from which it is in force.")]
        if self.effective_from < now() - SAME_MOMENT:
            return [_("The date from which it is in force has passed; set one that lies ahead.")]
        if PolicyVersion.objects.filter(state=self.State.PUBLISHED, effective_from=self.effective_from).exists():
            return [_("Another version is in force from the same moment; set a different one.")]
        return []

    def _rules_missing(self) -> list[str]:
        rules = list(self.rules.prefetch_related("examples"))
        if not rules:
            return [_("It has no rules.")]
        return [
            _("Rule %(code)s lacks %(parts)s.") % {"code": rule.code, "parts": ", ".join(parts)}
            for rule in rules
            if (parts := rule.lacking())
        ]

    def complete(self, *, actor: Actor) -> None:
        """Refuse a number that another version has. Drafting waits for its turn, so that two cannot take one."""
        Policy.objects.select_for_update(no_key=True).get(pk=self.policy_id)
        if reason := self.number_refused(self.number):
            raise Refused(reason)

    def number_refused(self, number: str) -> str | None:
        """Why this version cannot have `number`: rules are cited by it, so it is short, and no other version has it."""
        if not NUMBER.fullmatch(number) or number in TAKEN:
            return _("A number is up to 20 letters, digits, dots, hyphens and plus signs, such as 1.1.")
        if PolicyVersion.objects.exclude(pk=self.pk).filter(number=number).exists():
            return _("Version %(number)s is there already; give the draft another number.") % {"number": number}
        return None

    @operation(creates=True, permission=Permission.POLICY_EDIT)
    def draft(
        self, *, actor: Actor, taxonomy_sha256: str, matrix_sha256: str, based_on: "PolicyVersion | None" = None
    ) -> None:
        """Begin a version with the rules, groups, examples and matrix of the documents it was prepared with."""
        if self.documents is None or self.documents.digests != (taxonomy_sha256, matrix_sha256):
            raise Refused(_("A draft is made from the documents it names; prepare it with them."))
        self.drafted_by, self.drafted_at, self.based_on = as_person(actor), now(), based_on
        self.documents.load(self)
        if based_on is not None:
            self.translations.take_along(based_on, self)

    @operation(
        source=[State.DRAFT, State.IN_REVIEW, State.APPROVED],
        permission=Permission.POLICY_EDIT,
        label="Set the effective date",
    )
    def schedule(self, *, actor: Actor, effective_from: datetime) -> None:
        """Set the moment from which the version binds. It may move while people sign, the text may not."""
        self.effective_from = effective_from

    @operation(
        source=State.DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Change the matrix"),
        said=gettext_lazy("changed the decision matrix"),
    )
    def amend_matrix(self, *, actor: Actor, cells: list[dict[str, Any]], based_on: str) -> None:
        """Give cells another tier, each with a reason (`aup.matrix.editing.with_cells`). Refused unless the matrix is
        still the one with the digest `based_on`; one that is incomplete or out of order may be saved, not published.
        """
        self.matrix_row(based_on).amend(lambda document: editing.with_cells(document, cells))

    @operation(
        source=State.DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Change the terms"),
        said=gettext_lazy("changed the terms of the decision matrix"),
    )
    def amend_terms(self, *, actor: Actor, changes: list[dict[str, Any]], reason: str) -> None:
        """Change numbers and choices beside the cells (`aup.matrix.terms.with_terms`). Two people who change different
        ones both succeed; whoever changes what somebody else changed meanwhile is refused.
        """
        if not reason.strip():
            raise Refused(_("Say why these terms change."))
        matrix = DecisionMatrix.objects.get(version=self)
        matrix.amend(lambda document: terms.with_terms(document, changes))

    def matrix_row(self, based_on: str) -> "DecisionMatrix":
        """The matrix as it is now, this row locked; refused when it is no longer what the reader saw."""
        matrix = DecisionMatrix.objects.get(version=self)
        if matrix.digest != based_on:
            raise Refused(_("The matrix was changed since you opened this page; look at what changed and save again."))
        return matrix

    @operation(source=State.DRAFT, target=State.IN_REVIEW, permission=Permission.POLICY_EDIT, label="Submit for review")
    def submit(self, *, actor: Actor) -> None:
        """Close the text and ask the four functions to sign it."""
        self.submitted_by, self.submitted_at = as_person(actor), now()

    @operation(
        source=State.IN_REVIEW,
        permission=Permission.POLICY_SIGN_PRODUCT,
        guard=not_signed_yet(SignOff.Function.PRODUCT),
        label="Sign off as product",
    )
    def sign_product(self, *, actor: User) -> None:
        """Say for product that the version can be published."""
        self._sign(actor, SignOff.Function.PRODUCT)

    @operation(
        source=State.IN_REVIEW,
        permission=Permission.POLICY_SIGN_ENGINEERING,
        guard=not_signed_yet(SignOff.Function.ENGINEERING),
        label="Sign off as engineering",
    )
    def sign_engineering(self, *, actor: User) -> None:
        """Say for engineering that the version can be enforced."""
        self._sign(actor, SignOff.Function.ENGINEERING)

    @operation(
        source=State.IN_REVIEW,
        permission=Permission.POLICY_SIGN_LEGAL,
        guard=not_signed_yet(SignOff.Function.LEGAL),
        label="Sign off as legal",
    )
    def sign_legal(self, *, actor: User) -> None:
        """Say for legal that the version is lawful and binds."""
        self._sign(actor, SignOff.Function.LEGAL)

    @operation(
        source=State.IN_REVIEW,
        permission=Permission.POLICY_SIGN_COMPLIANCE,
        guard=not_signed_yet(SignOff.Function.COMPLIANCE),
        label="Sign off as compliance",
    )
    def sign_compliance(self, *, actor: User) -> None:
        """Say for compliance that the version meets the duties the provider has."""
        self._sign(actor, SignOff.Function.COMPLIANCE)

    def _sign(self, actor: User, function: SignOff.Function) -> None:
        SignOff.objects.create(version=self, function=function, person=actor, signed_at=now())

    @operation(
        source=State.IN_REVIEW,
        target=State.APPROVED,
        permission=Permission.POLICY_EDIT,
        guard=not_signed_by_all,
    )
    def approve(self, *, actor: Actor) -> None:
        """End the review: all four functions have signed."""
        self.approved_by, self.approved_at = as_person(actor), now()

    @operation(
        source=[State.IN_REVIEW, State.APPROVED],
        target=State.DRAFT,
        permission=Permission.POLICY_EDIT,
        label="Return to draft",
    )
    def return_to_draft(self, *, actor: Actor, reason: str) -> None:
        """Open the text again. Signatures given so far were for another text and are taken off."""
        self.sign_offs.all().delete()
        self.submitted_by = self.submitted_at = self.approved_by = self.approved_at = None

    @operation(
        source=State.APPROVED,
        target=State.PUBLISHED,
        permission=Permission.POLICY_PUBLISH,
        guard=not_publishable,
    )
    def publish(self, *, actor: Actor) -> None:
        """Make the version public and, from its effective date, binding. It cannot change any more."""
        self.published_by, self.published_at = as_person(actor), now()

    @operation(
        source=[State.DRAFT, State.IN_REVIEW, State.APPROVED, State.PUBLISHED],
        target=State.WITHDRAWN,
        permission=Permission.POLICY_PUBLISH,
    )
    def withdraw(self, *, actor: Actor, reason: str) -> None:
        """Take the version back; what was decided under it keeps citing it."""
        if not reason.strip():
            raise Refused(_("Say why the version is withdrawn."))
        self.withdrawn_by, self.withdrawn_at, self.withdrawal_reason = as_person(actor), now(), reason.strip()


def as_person(actor: Actor) -> User | None:
    return actor if isinstance(actor, User) else None
