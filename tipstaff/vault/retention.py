"""Files whose retention is over are proposed for disposal; two people decide."""

from datetime import timedelta

from django.conf import settings

from tipstaff.time import now
from tipstaff.vault.models import Disposal, SealedFile
from tipstaff.workflow.actors import System

RETENTION = System("retention")
BATCH = 200


def propose_disposals() -> int:
    """Propose what nothing keeps any more, oldest first; how many. A refused proposal is not repeated for a year."""
    at = now()
    again = at - timedelta(days=365)
    old_enough = SealedFile.objects.filter(
        state=SealedFile.State.SEALED, received_at__lt=at - timedelta(days=settings.RETENTION_DAYS)
    )
    candidates = (
        old_enough.originals()
        .exclude(disposals__state="proposed")
        .exclude(disposals__state="refused", disposals__ended_at__gt=again)
    )
    proposed = 0
    for file in candidates.order_by("received_at", "id").iterator(chunk_size=BATCH):
        if proposed >= BATCH:
            break
        if file.kept_because(at) is None:
            Disposal(
                file=file, ground=Disposal.Ground.EXPIRED, reason=f"Kept for {settings.RETENTION_DAYS} days."
            ).propose(actor=RETENTION)
            proposed += 1
    return proposed
