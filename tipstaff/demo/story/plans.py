"""What will have happened by now: how many matters there are of each kind, when they began and where they stand.

Numbers stand in tables here, so that every outcome, tier and state is there by design and not by luck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tipstaff.demo.story.cast import Account, accounts
from tipstaff.demo.story.prose import Matter, governance, matters
from tipstaff.sla.clocks import usual_length
from tipstaff.sla.models import Clock

DAY = 86_400.0  # seconds
SPAN = 118.0  # days back to the first matter under the policy in force
BEFORE = (206.0, 232.0)  # days back: conduct under the version before
AFTER_APPEAL = 24.0  # days between a decision and the end of its appeal, at most


@dataclass(frozen=True)
class Plan:
    """One case from its first report to where it stands now (`ends`). Frozen, so that plans can be compared."""

    key: str
    matter: Matter
    account: str
    days_ago: float
    severity: int
    reports: int = 1
    ends: str = "decided"
    outcome: str = "breach"
    intent: str = "negligent"
    sensitivity: str = ""
    pace: float = 0.5  # share of the decision clock's target that was used up when it was issued
    appeal: str = ""
    extra: str = ""  # what else happens on the way: `returned`, `withdrawn`, `awaited`, `departure`, `lifted`, `fresh`
    into: str = ""  # the key of the plan whose case this one is merged into

    @property
    def weight(self) -> float:
        """How long it takes to tell, roughly, in tenths of a second."""
        followed = {"decided": 1.6, "confirmed": 1.2, "proposed": 1.0}.get(self.ends, 0.4)
        return 0.3 * self.reports + followed + (0.8 if self.appeal else 0)

    @property
    def target_days(self) -> float:
        return usual_length(Clock.Kind.DECISION, self.severity).total_seconds() / DAY


# How many cases end in what, and what else is so with them. A small telling keeps at least one of each under way.
DECIDED: list[tuple[int, dict[str, Any]]] = [
    (6, {}),
    (5, {"appeal": "upheld"}),
    (3, {"appeal": "varied", "intent": "negligent", "sensitivity": "personal"}),
    (5, {"appeal": "reversed"}),
    (2, {"appeal": "remanded"}),
    (1, {"appeal": "remanded_again"}),
    (1, {"appeal": "remanded_proposed"}),
    (2, {"appeal": "inadmissible"}),
    (2, {"appeal": "withdrawn"}),
    (4, {"appeal": "lodged"}),
    (3, {"appeal": "under_review"}),
    (4, {"extra": "fresh"}),
    (4, {"extra": "returned"}),
    (2, {"extra": "withdrawn"}),
    (3, {"extra": "awaited"}),
    (3, {"extra": "departure"}),
    (4, {"extra": "lifted"}),
    (4, {"outcome": "no_breach"}),
    (1, {"outcome": "no_breach", "extra": "contested_lodged"}),
    (1, {"outcome": "no_breach", "extra": "contested_upheld"}),
    (4, {"outcome": "insufficient_evidence"}),
    (3, {"outcome": "exempt"}),
    (3, {"outcome": "safe_harbour"}),
    (3, {"outcome": "support_routing"}),
    (3, {"outcome": "corrected"}),
    (3, {"outcome": "system_behaviour"}),
    (3, {"outcome": "referred"}),
]
UNDER_WAY: list[tuple[int, dict[str, Any]]] = [
    (10, {"ends": "open"}),
    (6, {"ends": "investigating"}),
    (3, {"ends": "claimed"}),
    (2, {"ends": "investigating", "extra": "returned"}),
    (1, {"ends": "investigating", "extra": "withdrawn"}),
    (5, {"ends": "awaiting"}),
    (4, {"ends": "proposed"}),
    (3, {"ends": "confirmed", "intent": "deliberate"}),
    (3, {"ends": "open", "pace": 1.3}),
    (1, {"ends": "investigating", "pace": 2.2}),
]
OLD: list[tuple[int, dict[str, Any]]] = [
    (5, {}),
    (2, {"appeal": "upheld"}),
    (1, {"appeal": "reversed"}),
    (2, {"outcome": "no_breach"}),
]
MERGED = 4
LATE, SLOW = 0.07, 0.15  # the shares of decisions that came after their target, and late in its time
# Which rules an outcome is believable for; any other outcome fits any rule but those kept for somebody.
FITTING: Mapping[str, tuple[str, ...]] = {
    "support_routing": ("SH-01", "SH-02"),
    "corrected": ("MI-02",),
    "safe_harbour": ("OP-06", "CY-01", "CY-03"),
    "exempt": ("CY-03", "FR-02", "RA-02", "VE-05", "IP-01"),
    "system_behaviour": ("MI-02", "RA-03", "AD-05", "CY-05", "SH-03"),
    "referred": ("VE-02", "CH-06", "LW-03"),
}
# Appeals that leave something open now; at severity 4 it would be late by the time that somebody looks.
UNHURRIED = ("lodged", "under_review", "remanded", "remanded_proposed")
KEPT = ("SH-01", "VE-02", "CH-03", "LW-03")
# One case for each tier from T1 to T9 as the matrix gives it, each on an account that has no other case.
TIERS: list[dict[str, Any]] = [
    {"rule": "IP-03", "account": "acct_60b3", "severity": 1, "intent": "inadvertent", "sensitivity": "public"},
    {"rule": "DI-01", "account": "app_halcyon_chat", "severity": 2, "intent": "negligent", "sensitivity": "public"},
    {"rule": "SP-01", "account": "acct_a7f4", "severity": 2, "intent": "negligent", "sensitivity": "personal"},
    {"rule": "OP-02", "account": "ws_meadow", "severity": 3, "intent": "negligent", "sensitivity": "internal"},
    {"rule": "FR-02", "account": "acct_8c55", "severity": 3, "intent": "negligent", "sensitivity": "personal"},
    {"rule": "CY-04", "account": "acct_e871", "severity": 4, "intent": "negligent", "sensitivity": "internal"},
    {"rule": "FR-04", "account": "key_northwind_42", "severity": 3, "intent": "deliberate", "sensitivity": "personal"},
    {"rule": "LW-03", "account": "org_kite", "severity": 4, "intent": "deliberate", "sensitivity": "public"},
    {"rule": "CH-03", "account": "acct_c3d8", "severity": 4, "intent": "deliberate", "sensitivity": "special_category"},
]
# The same account under the same rules again and again: first, repeat, persistent. Days back to each time.
AGAIN: list[tuple[str, str, tuple[float, ...]]] = [
    ("SP-03", "acct_77ab", (112, 76, 41)),
    ("DI-01", "app_northwind_desk", (101, 55)),
    ("IP-01", "acct_d4a6", (95, 48)),
    ("RA-02", "app_puerta_citas", (88, 50)),
]


def thinned[T](everything: Sequence[T], scale: float) -> list[T]:
    """As large a share of the things as `scale` says, evenly from all of them."""
    return [one for place, one in enumerate(everything) if int((place + 1) * scale) > int(place * scale)]


@dataclass
class Planner:
    """Deals matters and accounts out, so that no account has two open cases under one group of rules."""

    rng: Random
    severities: Mapping[str, int]  # of each rule in force, by code
    scale: float = 1.0
    busy: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    breaches: dict[str, int] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts: list[Account] = accounts()
        self.trees = {account.external_id: account.tree for account in self.accounts}
        self.permitted = {(given["account"], code) for given in governance()["waivers"] for code in given["rules"]}
        self.reserved = {given["account"] for given in TIERS}
        self.decks: dict[str, list[Matter]] = {}

    def deal(self) -> list[Plan]:
        """All plans, the same for the same seed."""
        self._fixed()
        for given in thinned([given for count, given in OLD for _case in range(count)], self.scale):
            self._add("old", given, self.rng.uniform(*BEFORE))
        for count, given in UNDER_WAY:
            for _case in range(max(1, round(count * self.scale))):
                self._add("under_way", given)
        for given in thinned([given for count, given in DECIDED for _case in range(count)], self.scale):
            self._add("decided", given)
        for place in range(max(1, round(MERGED * self.scale))):
            self._merge(place)
        return self.plans

    def _fixed(self) -> None:
        by_rule = {matter.rule: matter for matter in matters()}
        for place, given in thinned(list(enumerate(TIERS)), self.scale):
            given = {"days_ago": 100.0 - 9 * place, **given}
            self._keep(Plan(key=f"tier{place + 1}", matter=by_rule[given.pop("rule")], reports=3, **given))
        for rule, account, times in thinned(AGAIN, self.scale):
            for place, days_ago in enumerate(times):
                plan = Plan(f"again{rule}{place}", by_rule[rule], account, days_ago, severity=2)
                self._keep(replace(plan, intent="inadvertent", sensitivity="public"))

    def _keep(self, plan: Plan) -> None:
        self.plans.append(plan)
        span = (plan.days_ago + 1, plan.days_ago - plan.target_days * max(plan.pace, 1) - AFTER_APPEAL)
        self.busy.setdefault((plan.account, plan.matter.group), []).append(span)
        if plan.outcome == "breach":
            self.breaches[plan.account] = self.breaches.get(plan.account, 0) + 1

    def _add(self, kind: str, given: Mapping[str, Any], days_ago: float | None = None) -> None:
        rng, outcome = self.rng, given.get("outcome", "breach")
        matter = self._matter(outcome)
        severity = max(1, min(4, self.severities[matter.rule] + rng.choice((0, 0, 0, 0, -1, 1))))
        plan = Plan(
            key=f"{kind}{len(self.plans)}",
            matter=matter,
            account="",
            days_ago=0,
            severity=severity,
            reports=rng.choice((1, 1, 1, 2, 2, 3, 4)),
            intent=rng.choices(("inadvertent", "negligent", "deliberate"), (45, 42, 13))[0],
            sensitivity=matter.sensitivity,
            pace=self._pace(),
        )
        plan = replace(plan, **given)
        if plan.appeal in UNHURRIED:
            plan = replace(plan, severity=min(plan.severity, 3))
        if plan.ends != "decided":
            plan = replace(plan, pace=plan.pace if "pace" in given else rng.uniform(0.06, 0.68))
        plan = replace(plan, days_ago=self._began(plan) if days_ago is None else days_ago)
        self._keep(replace(plan, account=self._account(plan, self._free(plan))))

    def _pace(self) -> float:
        """Most decisions come early, some in the second half, and a few after their time."""
        lot = self.rng.random()
        if lot < LATE:
            return self.rng.uniform(1.05, 2.3)
        return self.rng.uniform(0.55, 0.92) if lot < LATE + SLOW else self.rng.uniform(0.12, 0.48)

    def _began(self, plan: Plan) -> float:
        used = plan.target_days * plan.pace
        if plan.ends != "decided":
            return used
        if plan.appeal in ("lodged", "under_review"):
            return used + self.rng.uniform(4, 9)
        if plan.extra == "fresh":
            return used + self.rng.uniform(0.02, 0.8)
        if plan.appeal in ("remanded", "remanded_proposed"):
            return used + self.rng.uniform(19, 22)
        least = used + (AFTER_APPEAL + 9 if plan.appeal else 1.2)
        return self.rng.uniform(least, max(SPAN, least + 3))

    def _matter(self, outcome: str) -> Matter:
        """The next matter of a shuffled deck, so that each is told about as often as the others."""
        deck = self.decks.setdefault(outcome if outcome in FITTING else "", [])
        if not deck:
            codes = FITTING.get(outcome)
            deck += [m for m in matters() if (m.rule in codes if codes else m.rule not in KEPT)]
            self.rng.shuffle(deck)
        return deck.pop()

    def _permitted(self, account: Account, rule: str) -> bool:
        """Whether a waiver may stand in the way of holding this account to this rule."""
        return any((above, rule) in self.permitted for above in (account.external_id, *account.above))

    def _free(self, plan: Plan, beside: str = "") -> list[Account]:
        """The accounts that have no case under these rules then; with `beside`, only others of that account's tree."""
        begins, ends = plan.days_ago + 1, plan.days_ago - plan.target_days * max(plan.pace, 1) - AFTER_APPEAL
        return [
            account
            for account in self.accounts
            if account.external_id not in self.reserved
            and account.external_id != beside
            and (not beside or account.tree == self.trees[beside])
            and not self._permitted(account, plan.matter.rule)
            and all(
                begins < earlier_ends or ends > earlier_begins
                for earlier_begins, earlier_ends in self.busy.get((account.external_id, plan.matter.group), ())
            )
        ]

    def _account(self, plan: Plan, free: list[Account]) -> str:
        """One of those that are free: of a fitting kind if there is one, and with few breaches."""
        fitting = [account for account in free if account.kind in plan.matter.kinds] or free
        fewest = min(self.breaches.get(account.external_id, 0) for account in fitting)
        few = [account for account in fitting if self.breaches.get(account.external_id, 0) <= fewest + 1]
        return self.rng.choice(few).external_id

    def _merge(self, place: int) -> None:
        """A second case about the same thing on another account of the tree, merged a while later."""
        targets = [
            plan
            for plan in self.plans
            if plan.ends in ("open", "awaiting", "claimed") and plan.pace < 1 and self._free(plan, plan.account)
        ]
        target = targets[place % len(targets)]
        plan = replace(
            target, key=f"merged{place}", days_ago=target.days_ago * 0.9, ends="merged", into=target.key, reports=2
        )
        self._keep(replace(plan, account=self._account(plan, self._free(plan, target.account))))
