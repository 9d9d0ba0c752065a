"""When each version bound: computed from stored times alone, as everybody lived through it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aup.models import PolicyVersion


@dataclass(frozen=True)
class Spell:
    """From `start` until `end` (None: still, or until something is published) this version bound."""

    version: PolicyVersion
    start: datetime
    end: datetime | None

    def binds(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def spells(published: Iterable[PolicyVersion]) -> list[Spell]:
    """Every time in which a version bound, newest first, those that lie ahead too. The one that took effect last
    binds; once it is withdrawn the one before it binds again.
    """
    versions = [version for version in published if version.effective_from and not _never(version)]
    moments = {version.effective_from for version in versions} | {version.withdrawn_at for version in versions}
    found: list[Spell] = []
    for moment in sorted(moment for moment in moments if moment):
        binding = max(
            (version for version in versions if _stands(version, moment)),
            key=lambda version: version.effective_from or moment,
            default=None,
        )
        last = found[-1] if found else None
        if last and last.end is None:
            if binding == last.version:
                continue
            found[-1] = Spell(last.version, last.start, moment)
        if binding is not None:
            found.append(Spell(binding, moment, None))
    return found[::-1]


def _stands(version: PolicyVersion, at: datetime) -> bool:
    """Whether it had taken effect at `at` and was not withdrawn by then."""
    taken_effect = version.effective_from is not None and version.effective_from <= at
    return taken_effect and (version.withdrawn_at is None or version.withdrawn_at > at)


def _never(version: PolicyVersion) -> bool:
    """Whether it was withdrawn before it took effect."""
    return bool(version.withdrawn_at and version.effective_from and version.withdrawn_at <= version.effective_from)
