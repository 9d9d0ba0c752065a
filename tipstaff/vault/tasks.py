"""Celery's part in the vault: ticks. What is due is computed from the rows and the directory."""

from celery import shared_task

from tipstaff.vault import derive, fixity, retention, scanner


@shared_task(ignore_result=True)
def check_fixity() -> None:
    fixity.check_sample()


@shared_task(ignore_result=True)
def remove_unclaimed() -> None:
    derive.sweep()
    fixity.remove_unclaimed()


@shared_task(ignore_result=True)
def propose_disposals() -> None:
    retention.propose_disposals()


@shared_task(ignore_result=True)
def scan_files() -> None:
    scanner.scan_due()
