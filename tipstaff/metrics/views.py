"""`/metrics`: for the operator's own machines. To everybody else there is no such page."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from tipstaff.access import is_operators, public
from tipstaff.metrics import counts
from tipstaff.metrics.rows import Rows

ROWS = Rows()


@public
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything in the text format of Prometheus, or in OpenMetrics to who asks for it."""
    if not is_operators(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(counts.collector())
    registry.register(ROWS)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})
