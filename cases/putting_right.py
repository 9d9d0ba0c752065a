"""Putting a breach right: what the matrix asks or offers, until when, and what follows once it is done. A course passed
within 30 days takes a light breach off the record, once per rule and year; a signed plan halves what has an end; a
fresh review after the cooling-off period, by somebody new, gives back what was taken.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases import silence, wider
from cases.models.sanction import Sanction
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models import Decision
    from cases.models.remediation import Remediation

MEANT = ("required", "offered", "optional", "on_request")  # words of a matrix that offer something
CLEARS_WITHIN = timedelta(days=30)
CLEARS_AGAIN = timedelta(days=365)


def asked_by(decision: "Decision") -> dict[str, Any]:
    """What the tier that holds says of remediation."""
    return dict(decision.rule.version.matrix.tiers.get(decision.effective_tier, {}).get("remediation", {}))


def restricting(decision: "Decision") -> list[Sanction]:
    """The measures of the decision that limit the account now or later."""
    standing = decision.sanctions.standing(now()).limiting()
    return list(standing.order_by("id"))


def times(decision: "Decision", kind: str, *, at: datetime) -> tuple[datetime, datetime | None]:
    """From when it is open, and until when. Refused where the measures end before the cooling-off period does."""
    issued = decision.issued_at or at
    if kind == "training":
        days = [s.terms.get("due_days") for s in decision.sanctions.standing(at).filter(kind="mandatory_training")]
        return at, max((issued + timedelta(days=int(one)) for one in days if one), default=None)
    ends = [sanction.ends_at for sanction in restricting(decision)]
    due_at = None if None in ends else max((end for end in ends if end), default=at)
    cooling = timedelta(days=asked_by(decision).get("cooling_off_days") or 0)
    opens_at = max(at, issued + cooling) if kind == "re_evaluation" else at
    if due_at is not None and due_at <= opens_at:
        raise Refused(_("The measures end by themselves before this would open."))
    return opens_at, due_at


def offer_all(decision: "Decision", *, actor: Actor) -> None:
    """Offer what the tier asks or offers, with the decision. What its measures leave no time for is not offered."""
    asked = asked_by(decision)
    made: Any = apps.get_model("cases", "Remediation")
    for kind in made.Kind.values:
        if asked.get(kind) not in MEANT:
            continue
        if kind != "training":
            if not restricting(decision):
                continue
            try:
                times(decision, kind, at=now())
            except Refused:
                continue
        made(decision=decision, case=decision.case, subject=decision.case.subject, kind=kind).offer(actor=actor)


def call_off(decision: "Decision", *, actor: Actor) -> None:
    """The decision fell: nothing is asked of anybody any more."""
    made: Any = apps.get_model("cases", "Remediation").objects
    for remediation in made.filter(decision=decision).under_way().order_by("id"):
        remediation.decision = decision
        remediation.call_off(actor=actor)


# --- what follows ---
@dataclass(frozen=True)
class Change:
    """What becomes of one measure: it ends now, or sooner than it would have."""

    sanction: Sanction
    until: datetime | None = None

    def __str__(self) -> str:
        if self.until is None:
            return _("%(measure)s: ends at once.") % {"measure": self.sanction.get_kind_display()}
        return _("%(measure)s: ends on %(end)s UTC, sooner than it would have.") % {
            "measure": self.sanction.get_kind_display(),
            "end": date_format(self.until, "DATETIME_FORMAT"),
        }


def changes(remediation: "Remediation") -> list[Change]:
    """What passing it now does to the measures of its decision."""
    decision = remediation.decision
    if remediation.kind == "training":
        standing = decision.sanctions.standing(now()).filter(kind=Sanction.Kind.MANDATORY_TRAINING)
        return [Change(sanction) for sanction in standing.order_by("id")]
    found = restricting(decision)
    if remediation.kind == "re_evaluation":
        return [Change(sanction) for sanction in found]
    halves = [(s, s.starts_at + (s.ends_at - s.starts_at) / 2) for s in found if s.ends_at]
    return [Change(sanction, half if half > now() else None) for sanction, half in halves]


def clears(remediation: "Remediation") -> bool:
    """Whether passing this course now takes the breach off the record: a light one, in time, once per rule and year."""
    decision, at = remediation.decision, now()
    tier = decision.rule.version.matrix.tiers.get(decision.effective_tier, {})
    light = {document["type"] for document in tier.get("sanctions", [])} <= set(Sanction.WITHOUT_RESTRICTION)
    if remediation.kind != "training" or not light or decision.issued_at is None:
        return False
    if at > decision.issued_at + CLEARS_WITHIN:
        return False
    rows: Any = apps.get_model("cases", "Remediation").objects
    earlier = rows.filter(subject=remediation.subject_id, clears=True, settled_at__gt=at - CLEARS_AGAIN)
    earlier = earlier.filter(decision__rule__code=decision.rule.code).exclude(decision__state="reversed")
    return not earlier.exclude(pk=remediation.pk).exists()


def carry_out(remediation: "Remediation", *, actor: Actor) -> list[Change]:
    """Do it, in the transaction of the act that passes it; what was changed."""
    made = changes(remediation)
    for change in made:
        change.sanction.decision, change.sanction.case = remediation.decision, remediation.case
        if change.until is None:
            change.sanction.remedy(actor=actor, reason=_("Put right: %(what)s.") % {"what": remediation.title})
        else:
            change.sanction.shorten(actor=actor, until=change.until)
    if made:
        wider.tell_changed(remediation.decision, actor=actor)
    return made


def promised(remediation: "Remediation") -> list[str]:
    """What happens once it is passed, in sentences for whoever does it."""
    said = [str(change) for change in changes(remediation)]
    if clears(remediation) and remediation.decision.issued_at:
        said.append(
            _("If you pass by %(day)s, this decision no longer counts as an earlier breach.")
            % {"day": date_format(remediation.decision.issued_at + CLEARS_WITHIN, "DATE_FORMAT")}
        )
    if not said and remediation.kind == "certification":
        said.append(_("Your plan is read together with your request for a fresh review."))
    return said


# --- telling ---
def links(decision: "Decision", token: str) -> list[tuple[str, str]]:
    """What the notice of the decision leads to, where there is something that can be done."""
    if not decision.remediations.exists():
        return []
    return [(_("How you can put it right"), reverse("cases:remedies", args=[token]))]


def link(remediation: "Remediation") -> str:
    """The page on which the account holder does it, opened by the key of the decision's notice."""
    notices = Notice.objects.filter(about=remediation.decision.reference, scope="subject")
    notice = notices.order_by("given_at").first()
    return reverse("cases:remedy", args=[notice.token, remediation.kind]) if notice else ""


def tell(
    remediation: "Remediation", mail: str, *, actor: Actor, effects: list[Change] | None = None, **words: Any
) -> None:
    subject = remediation.subject
    outbox.queue(
        mail,
        to=subject.contact,
        about=remediation,
        actor=actor,
        language=subject.language,
        link=link(remediation),
        not_before=silence.withheld_until(remediation.case),
        effects=partial(_spoken, effects or []),
        **words,
    )


def _spoken(effects: list[Change]) -> list[str]:
    """Called by the template, in its language."""
    return [str(effect) for effect in effects]
