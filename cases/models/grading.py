"""What follows from a breach: the matrix's answer, what may differ from it, and what that imposes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from aup.evaluation import BREACH, Evaluation, evaluate, recurrence_of
from cases.models import approval, claim, measured
from cases.models.recurrence import DecisionQuerySet, kept_quiet, strikes
from cases.models.sanction import Sanction
from governance.models import Waiver
from governance.models.covering import WaiverQuerySet
from tipstaff.accounts.models import Subject
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.decision import Decision


FACTOR_NOTE_LIMIT = 300


@dataclass(frozen=True)
class Recommendation:
    """What the matrix says about a decision, and which earlier decisions made it say so."""

    recurrence: str
    counted: list["Decision"]
    evaluation: Evaluation


class Graded(models.Model):
    factors: Any
    factor_notes: Any
    scope: Any
    scope_reason: Any
    scope_typed: Any
    days: Any
    left_out: Any

    class Meta:
        abstract = True

    def counted(self: Any) -> DecisionQuerySet:
        """The earlier breaches that make this one a recurrence, in the window of the matrix that applies: each that the
        account holder knew of. What was done before the first notice is one strike with it.
        """
        days = self.rule.version.matrix.recurrence_window_days
        return type(self)._default_manager.counting(self.case, self.conduct_at, days=days)

    def recommend(self: Any) -> Recommendation:
        """The matrix's answer for these inputs now. Refused for inputs that the matrix does not know."""
        document = self.rule.version.matrix.document
        counted = strikes(self.counted())
        under_sanction = (
            Sanction.objects.filter(case__subject=self.case.subject_id)
            .decided()
            .limiting()
            .exclude(case=self.case)
            .exclude(decision__contested_at__isnull=False)
            .was_in_force(self.conduct_at)
            .exclude(kept_quiet(self.conduct_at))
            .exists()
        )
        recurrence = recurrence_of(document, len(counted), under_sanction)
        try:
            evaluation = evaluate(
                document,
                self.rule.facts,
                intent=self.intent,
                sensitivity=self.sensitivity,
                severity=int(self.severity or 0),
                recurrence=recurrence,
                factors=tuple(self.factors),
            )
        except ValueError as error:
            raise Refused(str(error)) from error
        return Recommendation(recurrence, counted, evaluation)

    def grade(self: Any) -> None:
        """Ask the matrix, and hold a tier other than its answer to a reason and a confirmer."""
        answer = self.recommend()
        self._check_factors()
        if answer.evaluation.outcome != BREACH:
            raise Refused(_("The rule permits this, so it is no breach; choose another outcome."))
        self.recurrence, self.recommended_tier = answer.recurrence, answer.evaluation.tier
        self.evaluation = answer.evaluation.as_json()
        self.tier = self.tier or self.recommended_tier
        if not self.tier_document:
            raise Refused(_("“%(tier)s” is not a tier of the matrix that applies.") % {"tier": self.tier})
        self._settle_measures()
        departs = self.departs
        if departs and not self.departure_reason.strip():
            raise Refused(self._reason_missing(), field="departure_reason")
        if refusal := approval.warning_missing(self) or self.waiver_in_the_way() or self.claim_in_the_way():
            raise Refused(refusal)
        self.departure_reason = self.departure_reason.strip() if departs else ""
        self.outside_waiver = self.outside_waiver.strip() if self.covering.exists() else ""
        four_eyes = self.tier_document["four_eyes"] or answer.evaluation.four_eyes
        self.needs_confirmer = departs or four_eyes or bool(self.outside_waiver)

    def impose_nothing(self: Any) -> None:
        """Without a breach there is nothing to aim or to measure out."""
        self.factors, self.factor_notes = [], {}
        self.scope, self.scope_reason, self.scope_typed, self.days, self.left_out = None, "", "", {}, []

    def _check_factors(self: Any) -> None:
        """Each factor says what it rests on, where the matrix asks for that; notes of others are dropped."""
        notes = {name: str(self.factor_notes.get(name, "")).strip() for name in self.factors}
        self.factor_notes = {name: note[:FACTOR_NOTE_LIMIT] for name, note in notes.items() if note}
        required = self.rule.version.matrix.document["adjustments"].get("reasons_required")
        missing = next((name for name in self.factors if name not in self.factor_notes), None)
        if required and missing:
            raise Refused(_("Say what this factor rests on: a finding, an exhibit, a letter."), field=f"note_{missing}")

    @property
    def factor_words(self: Any) -> list[tuple[str, str]]:
        """Each factor that counted, by its title, and what it rests on."""
        adjustments = self.rule.version.matrix.document["adjustments"]
        titles = {one["id"]: one["title"] for one in [*adjustments["mitigating"], *adjustments["aggravating"]]}
        return [(titles.get(name, name), self.factor_notes.get(name, "")) for name in self.factors]

    def _settle_measures(self: Any) -> None:
        """Keep of the scope, the days and what is left out only what changes something, and refuse what cannot be."""
        documents = self.imposed_by(self.tier_document)
        if refusal := measured.days_refusal(self, self.days):
            raise Refused(refusal, field="days")
        self.days = measured.different_days(documents, self.days)
        self.left_out = measured.left_out_of(documents, self.left_out)
        if refusal := measured.left_out_refusal(documents, self.left_out):
            raise Refused(refusal, field="left_out")
        limiting = bool(measured.limits(self.sanction_documents))
        if not limiting:
            self.scope, self.scope_reason, self.scope_typed = None, "", ""
        wrong = measured.scope_refusals(
            self.case.subject, self.scope, reason=self.scope_reason, typed=self.scope_typed, limiting=limiting
        )
        for name, sentence in wrong.items():
            raise Refused(sentence, field=name)
        self.scope_reason = self.scope_reason.strip() if self.scope else ""
        self.scope_typed = self.reached.external_id if self.scope_typed.strip() else ""

    @property
    def departs(self: Any) -> bool:
        """Whether it imposes something else than the matrix recommends, its listed factors counted in."""
        return self.tier != self.recommended_tier or bool(self.days) or bool(self.left_out)

    def _reason_missing(self: Any) -> str:
        if self.tier != self.recommended_tier:
            return _("The matrix recommends %(tier)s. Another tier needs a reason.") % {"tier": self.recommended_tier}
        return _("%(tier)s has other days, or more measures, than this. That needs a reason.") % {"tier": self.tier}

    @property
    def reached(self: Any) -> Subject:
        """The account that what limits is imposed on; the rest concerns the one that the case is about."""
        return self.scope or self.case.subject

    @property
    def covering(self: Any) -> WaiverQuerySet:
        """The waivers in force at the conduct for this account and rule."""
        return Waiver.objects.covering(self.case.subject, self.rule, self.conduct_at)

    def waiver_in_the_way(self: Any) -> str | None:
        """Why this is no breach: a waiver permitted the act, and nobody said that the act was outside it."""
        if self.outcome != BREACH or self.outside_waiver.strip():
            return None
        if refs := ", ".join(waiver.ref for waiver in self.covering):
            return _("%(refs)s permits this; choose Exempt, or say why the act is outside its conditions.") % {
                "refs": refs
            }
        return None

    def claim_in_the_way(self: Any) -> str | None:
        """Why this is no breach, or not yet: research in good faith is claimed for the act, or was found to be that."""
        if self.outcome != BREACH:
            return None
        return claim.in_the_way(self.case, self.conduct_at, self.severity, restricts=self.tier_restricts)

    def check_grading(self: Any) -> None:
        """What earlier decisions made of this one may have changed since it was proposed (an appeal, another issue)."""
        if self.outcome != BREACH:
            return
        if refusal := self.waiver_in_the_way() or self.claim_in_the_way():
            raise Refused(refusal)
        answer = self.recommend()
        if (answer.recurrence, answer.evaluation.tier) != (self.recurrence, self.recommended_tier):
            raise Refused(
                _("Earlier decisions changed since this was proposed, and the matrix now says %(tier)s: send it back.")
                % {"tier": answer.evaluation.tier}
            )

    @property
    def tier_document(self: Any) -> dict[str, Any]:
        """The tier as the matrix in force at the conduct describes it; empty when there is none."""
        tiers = self.rule.version.matrix.document["tiers"]
        return next((tier for tier in tiers if tier["code"] == self.tier), {})

    @property
    def sanction_documents(self: Any) -> list[dict[str, Any]]:
        """What it imposes: the lines of its tier, with its own days and without what is left out."""
        return measured.adjusted(self.imposed_by(self.tier_document), days=self.days, left_out=self.left_out)

    def imposed_by(self: Any, tier: dict[str, Any]) -> list[dict[str, Any]]:
        """What `tier` imposes, and the referral that a rule makes mandatory whatever the tier."""
        imposed = list(tier.get("sanctions", []))
        if (self.evaluation or {}).get("adds_referral") and not any(s["type"] == "legal_referral" for s in imposed):
            imposed.append({"type": "legal_referral", "decided_by": "counsel"})
        return imposed

    @property
    def ends_account(self: Any) -> bool:
        """Whether it closes the account for good: whoever issues it types its reference first."""
        return any(document["type"] == Sanction.Kind.PERMANENT_TERMINATION for document in self.sanction_documents)

    @property
    def tier_restricts(self: Any) -> bool:
        """Whether its tier, with nothing left out, limits the account: more than words and a course."""
        imposed = {line["type"] for line in self.tier_document.get("sanctions", [])}
        return not imposed <= set(Sanction.WITHOUT_RESTRICTION)

    @property
    def self_issued(self: Any) -> bool:
        return self.outcome in approval.SELF_ISSUED or (self.lightest_warning and settings.SELF_ISSUE_T1)

    @property
    def lightest_warning(self: Any) -> bool:
        """Whether it is T1, the lightest tier, and restricts nothing: its proposer may issue it if that is wished."""
        light = {document["type"] for document in self.sanction_documents} <= set(Sanction.WITHOUT_RESTRICTION)
        return self.tier == "T1" == next(iter(self.rule.version.matrix.tiers)) and light
