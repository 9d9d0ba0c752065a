"""What the targets in force promise, in words, for pages that tell people how long something takes."""

from collections.abc import Iterable

from django.utils.translation import pgettext

from tipstaff.sla.models import Kind, Target


def between(targets: Iterable[Target], kind: Kind | str) -> str:
    """From the shortest to the longest target of `kind`, in words; "" where there is none."""
    found = sorted((row for row in targets if row.kind == kind), key=lambda row: row.about)
    if not found:
        return ""
    shortest, longest = found[0], found[-1]
    if (shortest.unit, shortest.amount) == (longest.unit, longest.amount):
        return shortest.spoken
    return pgettext("from shortest to longest time", "%(shortest)s to %(longest)s") % {
        "shortest": shortest.spoken,
        "longest": longest.spoken,
    }


def spans(*kinds: Kind) -> dict[str, str]:
    """`between` for each of `kinds`, by its value, from the targets in force. One query."""
    targets = list(Target.objects.in_force().filter(kind__in=kinds))
    return {kind.value: between(targets, kind) for kind in kinds}
