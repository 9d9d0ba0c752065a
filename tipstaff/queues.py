"""Which task goes where and how often: the three queues, the routes and the schedule. Read by the settings.

`urgent` is what promises hang on, and short; `bulk` is what takes minutes and may wait; the rest is `default`.
Bulk has a worker of its own (Procfile), so it holds up nothing else; where one worker takes all three, priorities do.
"""

from typing import Any

URGENT, DEFAULT, BULK = "urgent", "default", "bulk"
QUEUES = (URGENT, DEFAULT, BULK)

ROUTES = {
    "tipstaff.sla.tasks.sweep": URGENT,
    "tipstaff.sla.tasks.recalculate_clocks": BULK,
    "tipstaff.notices.tasks.deliver": URGENT,
    "tipstaff.jobs.tasks.*": URGENT,
    "cases.tasks.issue_committed": URGENT,
    "cases.tasks.prepare_evidence": BULK,
    "tipstaff.vault.tasks.check_fixity": BULK,
    "tipstaff.vault.tasks.remove_unclaimed": BULK,
    "tipstaff.vault.tasks.propose_disposals": BULK,
    "*.export*": BULK,
    "*": DEFAULT,
}

# Valkey and Redis: lists of their own, asked in this order whatever the queue. A default for all tasks in the settings
# would go before what a route says.
PRIORITIES = {URGENT: 0, DEFAULT: 3, BULK: 9}
PRIORITY_STEPS = [0, 3, 6, 9]

HOUR, DAY = 3600.0, 86400.0
REMIND = 300.0
SELDOM = HOUR  # from this interval on the rows say when a job is due (tipstaff/jobs/scheduler.py)
AGAIN = 900.0  # how soon such a job is sent again that no worker has begun


def routes(*, priorities: bool) -> dict[str, dict[str, Any]]:
    """CELERY_TASK_ROUTES. A quorum queue knows no priorities of this kind: there the workers are what keeps apart."""
    return {
        task: {"queue": queue} | ({"priority": PRIORITIES[queue]} if priorities else {})
        for task, queue in ROUTES.items()
    }


def schedule(*, sweep: float, delivery: float, scan: float) -> dict[str, dict[str, Any]]:
    """CELERY_BEAT_SCHEDULE. What is due stands in rows; a tick only looks. `expires` drops ticks that piled up while no
    worker was there.
    """
    ticks = {
        "sweep-clocks": ("tipstaff.sla.tasks.sweep", sweep, sweep * 2),
        "deliver-messages": ("tipstaff.notices.tasks.deliver", delivery, delivery * 4),
        "deliver-webhooks": ("tipstaff.notices.tasks.deliver_webhooks", delivery, delivery * 4),
        "go-on": ("tipstaff.jobs.tasks.go_on", 60.0, 60.0),
        "scan-files": ("tipstaff.vault.tasks.scan_files", scan, scan * 4),
        "issue-committed": ("cases.tasks.issue_committed", delivery, delivery * 4),
        "prepare-evidence": ("cases.tasks.prepare_evidence", 15.0, 30.0),
        "tell-endings-cases": ("cases.tasks.tell_endings", REMIND, REMIND * 2),
        "tell-endings-waivers": ("governance.tasks.tell_endings", REMIND, REMIND * 2),
        "tell-endings-appeals": ("appeals.tasks.tell_endings", REMIND, REMIND * 2),
        "tell-endings-custody": ("oversight.tasks.tell_endings", REMIND, REMIND * 2),
        "close-cases": ("cases.tasks.close_at_rest", HOUR, AGAIN),
        "check-fixity": ("tipstaff.vault.tasks.check_fixity", DAY, AGAIN),
        "remove-unclaimed-files": ("tipstaff.vault.tasks.remove_unclaimed", DAY, AGAIN),
        "propose-disposals": ("tipstaff.vault.tasks.propose_disposals", DAY, AGAIN),
    }
    return {
        name: {"task": task, "schedule": every, "options": {"expires": expires}}
        for name, (task, every, expires) in ticks.items()
    }
