"""The product's addresses and one more, whose view is public and whose operation is not."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.workflow.boxes import Box
from tipstaff.access import public
from tipstaff.urls import handler400, handler403, handler404, urlpatterns  # noqa: F401


@public
def open_box(request: HttpRequest, ref: str) -> HttpResponse:
    Box.objects.get(ref=ref).open(actor=request.user)
    return HttpResponse("opened")


urlpatterns = [*urlpatterns, path("boxes/<str:ref>/open/", open_box)]
