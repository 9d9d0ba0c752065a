"""Many clocks at once, as rows: for plans and pages at size. Everything else starts clocks as the house does."""

from datetime import datetime

from django.db import connection, connections

from tipstaff.sla.clocks import target_for
from tipstaff.sla.models import Kind

SPREAD = """
INSERT INTO sla_clock (about, about_stream, kind, severity, referral, matched_id, statutory, target, started_at, due_at,
    next_check_at, level, pause_reason, pauses, paused, outcome, cancelled_because, breach_reason, breach_comment,
    breached_at, detected_at, stopped_at, elapsed, difference)
SELECT 'case:N-' || %(name)s || n, 'case:none', 'decision', 4, false, %(target)s, false, interval '24 hours',
    at - interval '24 hours', at, at, 0, '', '[]', interval '0', outcome, '', '', '',
    CASE WHEN missed THEN at END, CASE WHEN missed THEN at END,
    CASE WHEN outcome <> '' THEN stopped END,
    CASE WHEN outcome <> '' THEN stopped - at + interval '24 hours' END,
    CASE WHEN outcome <> '' THEN stopped - at END
FROM (
    SELECT n, %(first)s + (n || ' minutes')::interval AS at,
        %(first)s + (n || ' minutes')::interval +
            CASE WHEN n %% 4 = 0 THEN interval '2 hours' ELSE interval '-2 hours' END AS stopped,
        CASE WHEN NOT %(done)s THEN '' WHEN n %% 4 = 0 THEN 'breached' ELSE 'met' END AS outcome,
        (%(done)s AND n %% 4 = 0) AS missed
    FROM generate_series(1, %(count)s) AS n
) AS rows
"""


def many_clocks(count: int, first: datetime, *, done: bool = False) -> None:
    """`count` clocks about nothing in particular, due a minute apart from `first` on. Those that are `done` were
    stopped two hours before, or in one case of four after they were due.
    """
    target = target_for(Kind.DECISION, 4)
    assert target is not None
    facts = {"name": "D" if done else "O", "target": target.pk, "first": first, "done": done, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(SPREAD, facts)


def as_planned() -> None:
    """Let the planner know what was committed; only the owner of a table may look through it."""
    owner = connections["owner"]
    owner.close()  # it may still be at the database of another test
    with owner.cursor() as cursor:
        cursor.execute("ANALYZE sla_clock")
    owner.close()
