"""How the database finds what is due, on a database of its own: what other tests left behind would change the plan."""

from django.db import connection, transaction

from tests import factories
from tests.notices.test_webhooks import queued, registered
from tipstaff.notices.models import Delivery
from tipstaff.time import now


def test_a_sudden_backlog_is_not_compared_with_itself(clone: str) -> None:
    """Each message asks its own line for the first, whatever the planner knows; a join would be quadratic."""
    endpoint, accounts = registered("http://127.0.0.1:9/"), [factories.subject() for _ in range(5)]
    for number in range(40):
        queued(endpoint, accounts[number % 5], number)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # tables this small are read whole otherwise
        plan = Delivery.objects.due(now()).filter(endpoint=endpoint).order_by("next_attempt_at")[:4].explain()
    steps = plan.splitlines()
    asked = [steps[at + 1] for at, step in enumerate(steps) if "using delivery_line" in step]
    assert asked, plan
    assert all("subject_key" in condition for condition in asked), plan
