"""Traces for an OpenTelemetry collector, if OTEL_EXPORTER_OTLP_ENDPOINT names one and the extra `otel` is installed.

What leaves is what stands in KEPT: routes, statements without values, names of tasks. The libraries would send paths,
addresses and the messages of exceptions as well.
"""

import importlib.util
import logging
import os
import re
from collections.abc import Sequence
from typing import Any

from tipstaff.logs import neutral, scrub

logger = logging.getLogger(__name__)
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PACKAGES = (
    "opentelemetry.sdk.trace",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.instrumentation.celery",
    "opentelemetry.instrumentation.django",
    "opentelemetry.instrumentation.psycopg",
)
KEPT = frozenset({
    "http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
    "db.system", "db.system.name", "db.name", "db.namespace", "db.operation", "db.statement", "db.query.text",
    "celery.action", "celery.state", "celery.task_name", "messaging.message.id", "messaging.message_id",
    "exception.type",
})  # fmt: skip
LITERAL = re.compile(r"'(?:[^']|'')*'")
_running = False


def trouble() -> str:
    """Why there are no traces although a collector is named; empty when all is well."""
    if not os.environ.get(ENDPOINT) or all(_is_there(name) for name in PACKAGES):
        return ""
    return f"{ENDPOINT} is set, and the packages for traces are missing: install the extra `otel`, or unset it."


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def start(part: str) -> bool:
    """Trace this process, called `tipstaff-<part>` unless OTEL_SERVICE_NAME says otherwise; whether it is traced now.
    To be called after a fork, and before Django loads its middleware.
    """
    global _running
    if sentence := trouble():
        logger.warning(sentence)
    elif os.environ.get(ENDPOINT) and not _running:
        _set_up(part)
        _running = True
    return _running


def _set_up(part: str) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.propagate import set_global_textmap
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    exporter = OTLPSpanExporter()
    send = exporter.export
    exporter.export = lambda spans: send([safe(span) for span in spans])
    name = os.environ.get("OTEL_SERVICE_NAME") or f"tipstaff-{part}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    set_global_textmap(TraceContextTextMapPropagator())  # no baggage: a stranger could have us carry anything
    for instrumentor in (DjangoInstrumentor(), PsycopgInstrumentor(), CeleryInstrumentor()):
        instrumentor.instrument()


def safe(span: Any) -> Any:
    """The span as it may leave."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    events = [Event(event.name, _kept(event.attributes), event.timestamp) for event in span.events]
    return ReadableSpan(
        name=neutral(scrub(span.name)),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes),
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in (attributes or {}).items() if name in KEPT}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return neutral(scrub(LITERAL.sub("'…'", value)))
    if isinstance(value, Sequence):
        return [_plain(part) for part in value]
    return value


def ids() -> dict[str, str]:
    """The trace that runs now, for log lines."""
    if not _running:
        return {}
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return {"trace_id": f"{context.trace_id:032x}"} if context.is_valid else {}
