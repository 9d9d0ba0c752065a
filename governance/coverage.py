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
    Channel.INTERFACE: frozenset({Rule.Audience.USER}),
    Channel.INTERNAL: frozenset({Rule.Audience.USER}),
    Channel.API: frozenset({Rule.Audience.USER, Rule.Audience.DEVELOPER}),
    Channel.DISTRIBUTOR: frozenset(Rule.Audience),
    Channel.WEIGHTS: frozenset(Rule.Audience),
}
RULE_FACTS = (
    "version_id", "code", "cite", "title", "severity", "disposition", "enabled", "modalities", "audience",
    "jurisdictions", "controls", "group__code", "group__title",
)  # fmt: skip
CONTROL_TEXTS = ("description", "evidence", "evidence_url", "finding", "reason")
ENFORCING = (Mode.TECHNICAL, Mode.AUTOMATED)


class Coverage(models.TextChoices):
    """The four answers, the worst first."""

    GAP = "gap", gettext_lazy("Gap")
    UNDOCUMENTED = "undocumented", gettext_lazy("Undocumented")
    WEAK = "weak", gettext_lazy("Weak")
    ENFORCED = "enforced", gettext_lazy("Enforced")


@dataclass(frozen=True)
class Bounds:
    """What a rule is about, or what a system does: an empty part bounds nothing."""

    modalities: frozenset[str]
    audience: frozenset[str]
    places: frozenset[str]

    @classmethod
    def of_rule(cls, rule: Rule) -> "Bounds":
        return cls(frozenset(rule.modalities), frozenset(rule.audience), _places(rule.jurisdictions))

    @classmethod
    def of_system(cls, system: AISystem) -> "Bounds":
        return cls(frozenset(system.modalities), REACHES[Channel(system.channel)], _places(system.geographies))

    def meet(self, other: "Bounds") -> bool:
        return (
            _meet(self.modalities, other.modalities)
            and _meet(self.audience, other.audience)
            and _meet(self.places, other.places)
        )


def _meet(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    return not ours or not theirs or not ours.isdisjoint(theirs)


def _places(codes: Iterable[str]) -> frozenset[str]:
    """The countries of `codes`; the empty set for everywhere."""
    named = frozenset(codes)
    if EVERYWHERE in named:
        return frozenset()
    return named | EU if "EU" in named else named


def applies(rule: Rule, system: AISystem) -> bool:
    """Whether `rule` binds what `system` does: it is enabled and forbids or restricts something, in a modality that the
    system handles, for somebody whom its channel reaches, in a place where it is offered. A fact that is not settled
    excludes nothing, and neither does a list that a rule leaves empty.
    """
    return binds(rule) and Bounds.of_rule(rule).meet(Bounds.of_system(system))


def binds(rule: Rule) -> bool:
    """Whether there is anything to enforce: what is permitted, or not enabled, needs no control."""
    return rule.enabled and rule.disposition != Rule.Disposition.PERMITTED


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
    if not documented(system):
        return Coverage.UNDOCUMENTED
    own = (control for control in controls if control.system_id == system.pk)
    return best(strength(control, at) for control in own if covers(control, rule.code))


def documented(system: AISystem) -> bool:
    return not system.unanswered and system.facts_missing() is None


def strength(control: Control, at: datetime) -> Coverage:
    """What this control alone makes of the rules that it covers: enforced, weak or still a gap."""
    holds = verified(control, at)
    if control.mode in ENFORCING:
        return Coverage.ENFORCED if holds else Coverage.WEAK
    return Coverage.WEAK if holds or control.mode != Mode.SELF_REPORTED else Coverage.GAP


def best(found: Iterable[Coverage]) -> Coverage:
    """The best of these strengths: a rule is enforced as well as its strongest control enforces it."""
    given = set(found)
    return next((one for one in (Coverage.ENFORCED, Coverage.WEAK) if one in given), Coverage.GAP)


def covers(control: Control, code: str) -> bool:
    return works(control) and code in control.rules


def works(control: Control) -> bool:
    """Whether it is in use and nobody found it broken since it was last changed or verified."""
    return control.state == Control.State.ACTIVE and control.failed_at is None


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
        """Work out `coverage` for every pair, asking each system, rule and control only once."""
        strengths: dict[tuple[UUID, str], set[Coverage]] = {}
        for control in self.controls:
            given = strength(control, self.at)
            for code in control.rules if works(control) else ():
                strengths.setdefault((control.system_id, code), set()).add(given)
        binding = [(rule.code, Bounds.of_rule(rule)) for rule in self.rules if binds(rule)]
        self.results = {}
        for system in self.systems:
            clear, bounds = documented(system), Bounds.of_system(system)
            for code, rule_bounds in binding:
                if rule_bounds.meet(bounds):
                    found = best(strengths.get((system.pk, code), ())) if clear else Coverage.UNDOCUMENTED
                    self.results[system.pk, code] = found

    def of(self, system: AISystem, rule: Rule) -> Coverage | None:
        return self.results.get((system.pk, rule.code))

    def tally(self, *, systems: Iterable[AISystem] | None = None, rules: Iterable[Rule] | None = None) -> Tally:
        """The results of these systems and rules, of all of them where nothing is given."""
        chosen = self.rules if rules is None else list(rules)
        pairs = ((system, rule) for system in (self.systems if systems is None else systems) for rule in chosen)
        return Tally(Counter(result for system, rule in pairs if (result := self.of(system, rule))))


def survey(systems: Iterable[AISystem], at: datetime) -> Survey:
    """These systems against the rules in force at `at`, in two queries beside that of the systems. Without the texts:
    a map of every rule needs none of them.
    """
    rows = list(systems)
    rules = Rule.objects.in_force(at).select_related("group").order_by("group__position", "position")
    controls = Control.objects.filter(system__in=rows, state=Control.State.ACTIVE).defer(*CONTROL_TEXTS)
    return Survey(rows, list(rules.only(*RULE_FACTS)), list(controls), at)
