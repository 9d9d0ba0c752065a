"""What is known of the work behind the pages: how far long tasks are."""

from tipstaff.jobs.models.progress import Progress

__all__ = ["Progress"]
