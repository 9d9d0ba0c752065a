"""The product's addresses and some whose views break, with what a person typed at hand."""

import logging

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tipstaff.access import public
from tipstaff.urls import handler400, handler403, handler404, urlpatterns  # noqa: F401


@public
def broken(request: HttpRequest) -> HttpResponse:
    """Fails with the typed word in a local variable, in both messages and in a note."""
    typed = request.POST["typed"]
    try:
        int(typed)
    except ValueError as error:
        failure = RuntimeError(f"cannot go on with {typed}")
        failure.add_note(f"it was {typed}")
        raise failure from error
    return HttpResponse()


@public
def conflicting(request: HttpRequest) -> HttpResponse:
    """PostgreSQL's own message repeats the value: `Key (email)=(…) already exists`."""
    with connection.cursor() as cursor:
        for _time in range(2):
            cursor.execute("INSERT INTO django_cache VALUES (%s, 'x', now())", [request.POST["typed"]])
    return HttpResponse()


@public
def careless(request: HttpRequest) -> HttpResponse:
    """Other people's code logs as it likes."""
    typed = request.POST["typed"]
    library = logging.getLogger("some.library")
    library.warning("could not fetch %s after %d tries", typed, 3)
    library.warning(f"could not fetch {typed}")
    library.error("failed: %s", ValueError(typed), exc_info=ValueError(typed), stack_info=True)
    library.error(ValueError(typed))
    library.error("%(who)s failed", {"who": typed})
    library.error("%d is no number", typed)
    return HttpResponse()


urlpatterns = [
    *urlpatterns,
    path("broken/", broken),
    path("conflicting/", conflicting, name="conflicting"),
    path("careless/", careless),
]
