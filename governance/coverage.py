"""How well each system follows each rule: computed from what is on record, for an instant, and never stored."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy

from aup.models import Rule
from governance.models import AISystem, Control
from governance.models.control import VERIFIED_FOR

Channel, Mode = AISystem.Channel, Control.Mode
EVERYWHERE = "*"
EU = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
# Whom a system reaches through its channel, in the words of a rule's audience.
REACHES = {
    Channel.INTERFACE: {Rule.Audience.USER},
    Channel.INTERNAL: {Rule.Audience.USER},
    Channel.API: {Rule.Audience.USER, Rule.Audience.DEVELOPER},
    Channel.DISTRIBUTOR: set(Rule.Audience),
    Channel.WEIGHTS: set(Rule.Audience),
}
ENFORCING = (Mode.TECHNICAL, Mode.AUTOMATED)


class Coverage(models.TextChoices):
    """The four answers, the worst first."""

    GAP = "gap", gettext_lazy("Gap")
    UNDOCUMENTED = "undocumented", gettext_lazy("Undocumented")
    WEAK = "weak", gettext_lazy("Weak")
    ENFORCED = "enforced", gettext_lazy("Enforced")


def applies(rule: Rule, system: AISystem) -> bool:
    """Whether `rule` binds what `system` does: it is enabled and forbids or restricts something, in a modality
    that the system handles, for somebody whom its channel reaches, in a territory where it is offered. A fact that is
    not settled excludes nothing, and neither does a list that a rule leaves empty.
    """
    if not rule.enabled or rule.disposition == Rule.Disposition.PERMITTED:
        return False
    return (
        _meet(rule.modalities, system.modalities)
        and _meet(rule.audience, REACHES.get(Channel(system.channel), ()))
        and _meet(_territory(rule.jurisdictions), _territory(system.geographies))
    )


def _meet(bound: Iterable[str], found: Iterable[str]) -> bool:
    ours, theirs = set(bound), set(found)
    return not ours or not theirs or bool(ours & theirs)


def _territory(codes: Iterable[str]) -> set[str]:
    """The countries of `codes`; the empty set, which excludes nothing, for everywhere."""
    named = set(codes)
    if EVERYWHERE in named:
        return set()
    return named | EU if "EU" in named else named


def coverage(rule: Rule, system: AISystem, controls: Iterable[Control], at: datetime) -> Coverage | None:
    """How `rule` is enforced in `system` at `at`: the first of these that holds, or None where the rule does not apply.

    1. undocumented: an intake question has no answer, or modalities or geographies are not settled. Nobody can say what
       a control would have to catch, so no recorded control counts yet.
    2. enforced: a technical or automated control covers it, and somebody verified that control within `VERIFIED_FOR`.
    3. weak: a control covers it that is more than a promise: technical, automated or manual however long ago it was
       verified, if ever; or self-reported and verified within `VERIFIED_FOR`.
    4. gap: none of these. The only control is the policy itself; a promise that nobody checked in time is no more.

    A control covers a rule by its code, while it is in use and was not found broken. Controls of other systems are
    left aside.
    """
    if not applies(rule, system):
        return None
    if system.unanswered or system.facts_missing():
        return Coverage.UNDOCUMENTED
    found = [control for control in controls if control.system_id == system.pk and covers(control, rule.code)]
    if any(control.mode in ENFORCING and verified(control, at) for control in found):
        return Coverage.ENFORCED
    if any(control.mode != Mode.SELF_REPORTED or verified(control, at) for control in found):
        return Coverage.WEAK
    return Coverage.GAP


def covers(control: Control, code: str) -> bool:
    return control.state == Control.State.ACTIVE and control.failed_at is None and code in control.rules


def verified(control: Control, at: datetime) -> bool:
    """Whether its verification holds at `at`."""
    return (
        control.last_verified_at is not None
        and control.last_verified_at <= at < control.last_verified_at + VERIFIED_FOR
    )


@dataclass(frozen=True)
class Tally:
    """How many rules there are of each result."""

    counts: Counter[Coverage]

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def worst(self) -> Coverage | None:
        """The worst result there is; None where no rule applies."""
        return next((result for result in Coverage if self.counts[result]), None)

    @property
    def of_worst(self) -> int:
        return self.counts[self.worst] if self.worst else 0

    @property
    def parts(self) -> list[tuple[Coverage, int]]:
        """Every result with its number, zeros too, the worst first."""
        return [(result, self.counts[result]) for result in Coverage]


@dataclass
class Survey:
    """Systems × rules at one instant. `results` has an entry for each pair that applies."""

    systems: Sequence[AISystem]
    rules: Sequence[Rule]
    controls: Sequence[Control]
    at: datetime
    results: dict[tuple[UUID, str], Coverage] = field(init=False)

    def __post_init__(self) -> None:
        own: dict[UUID, list[Control]] = {}
        for control in self.controls:
            own.setdefault(control.system_id, []).append(control)
        self.results = {
            (system.pk, rule.code): result
            for system in self.systems
            for rule in self.rules
            if (result := coverage(rule, system, own.get(system.pk, ()), self.at))
        }

    def of(self, system: AISystem, rule: Rule) -> Coverage | None:
        return self.results.get((system.pk, rule.code))

    def tally(self, *, systems: Iterable[AISystem] | None = None, rules: Iterable[Rule] | None = None) -> Tally:
        """The results of these systems and rules, of all of them where nothing is given."""
        chosen = self.rules if rules is None else list(rules)
        pairs = ((system, rule) for system in (self.systems if systems is None else systems) for rule in chosen)
        return Tally(Counter(result for system, rule in pairs if (result := self.of(system, rule))))


def survey(systems: Iterable[AISystem], at: datetime) -> Survey:
    """These systems against the rules in force at `at`, in two queries beside that of the systems."""
    rows = list(systems)
    rules = Rule.objects.in_force(at).select_related("group").order_by("group__position", "position")
    controls = Control.objects.filter(system__in=rows, state=Control.State.ACTIVE)
    return Survey(rows, list(rules), list(controls), at)
