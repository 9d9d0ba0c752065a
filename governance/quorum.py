"""When a committee is constituted, when it has a quorum, and what its ballots come to. Pure: no database, no clock.

The rules are those of review boards (45 CFR 46.107 and 46.108): members of varying background, one of them outside the
field and one with no tie to the provider; a majority of those who may vote; an abstention is a ballot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SEATS_MINIMUM = 5


@dataclass(frozen=True)
class Seat:
    """What counts of a member: their function, whether AI is their field, and whether they belong to the provider."""

    function: str
    in_field: bool
    affiliated: bool


@dataclass(frozen=True)
class Paper:
    """One member who may vote, with what they chose: "grant", "refuse", "abstain", or nothing yet."""

    seat: Seat
    choice: str = ""


@dataclass(frozen=True)
class Tally:
    """What the ballots come to. `missing` says in sentences why there is no result yet; empty when there is one."""

    grant: int
    refuse: int
    abstain: int
    voters: int
    missing: tuple[str, ...]

    @property
    def cast(self) -> int:
        return self.grant + self.refuse + self.abstain

    @property
    def quorum(self) -> int:
        return quorum(self.voters)

    @property
    def complete(self) -> bool:
        """Whether everybody who may vote has."""
        return self.cast == self.voters

    @property
    def granted(self) -> bool:
        """More than half of the ballots cast, abstentions among them, say grant; anything else is a refusal."""
        return not self.missing and 2 * self.grant > self.cast


def quorum(voters: int) -> int:
    """How many ballots are needed where `voters` may vote: more than half of them."""
    return voters // 2 + 1


def lacking(seats: Sequence[Seat]) -> list[str]:
    """What a committee of `seats` lacks to be constituted, in sentences; empty when it is."""
    lacks = []
    if short := max(0, SEATS_MINIMUM - len(seats)):
        lacks.append(
            ngettext("%(count)s more member is needed.", "%(count)s more members are needed.", short) % {"count": short}
        )
    if len({seat.function for seat in seats}) < 2:
        lacks.append(_("All members have the same function; one from another is needed."))
    if not any(seat.in_field for seat in seats):
        lacks.append(_("One member who works in the field is needed."))
    if all(seat.in_field for seat in seats):
        lacks.append(_("One member from outside the field is needed."))
    if all(seat.affiliated for seat in seats):
        lacks.append(_("One member with no tie to the provider is needed."))
    return lacks


def count(papers: Sequence[Paper]) -> Tally:
    """Count the ballots of everybody who may vote: seated and not recused."""
    cast = [paper for paper in papers if paper.choice]
    missing = [
        _("Without the recused the committee is not constituted: %(lack)s") % {"lack": lack}
        for lack in lacking([paper.seat for paper in papers])
    ]
    if short := max(0, quorum(len(papers)) - len(cast)):
        missing.append(
            ngettext("%(count)s more ballot is needed.", "%(count)s more ballots are needed.", short) % {"count": short}
        )
    if all(paper.seat.in_field for paper in cast):
        missing.append(_("A ballot of a member from outside the field is needed."))
    choices = [paper.choice for paper in cast]
    return Tally(
        grant=choices.count("grant"),
        refuse=choices.count("refuse"),
        abstain=choices.count("abstain"),
        voters=len(papers),
        missing=tuple(missing),
    )
