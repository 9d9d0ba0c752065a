"""Every address of Tipstaff. Each view names its permission or says it is public (tests/test_access.py)."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from appeals.api import AppealViewSet
from aup.acknowledgement_api import AcknowledgementViewSet
from aup.feedback_api import FeedbackViewSet
from cases.api import CaseViewSet, DecisionViewSet, ReportViewSet, SanctionViewSet
from governance.api import AISystemViewSet, ControlViewSet
from governance.waiver_api import WaiverViewSet
from oversight.enforcement import how_we_enforce
from tipstaff import health, home, languages
from tipstaff.accounts.api import FileViewSet, SubjectViewSet
from tipstaff.metrics.views import metrics

router = SimpleRouter()
router.register("subjects", SubjectViewSet, basename="subject")
router.register("files", FileViewSet, basename="file")
router.register("reports", ReportViewSet, basename="report")
router.register("cases", CaseViewSet, basename="case")
router.register("decisions", DecisionViewSet, basename="decision")
router.register("sanctions", SanctionViewSet, basename="sanction")
router.register("appeals", AppealViewSet, basename="appeal")
router.register("systems", AISystemViewSet, basename="system")
router.register("controls", ControlViewSet, basename="control")
router.register("waivers", WaiverViewSet, basename="waiver")
router.register("acknowledgements", AcknowledgementViewSet, basename="acknowledgement")
router.register("feedback", FeedbackViewSet, basename="feedback")

api: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("", include(router.urls)),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("desk/find/", home.find, name="find"),
    path("language/", languages.choose, name="language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("accounts/", include("allauth.urls")),
    path("people/webhooks/", include("tipstaff.notices.webhook_urls")),
    path("jobs/", include("tipstaff.jobs.urls")),
    path("people/", include("tipstaff.accounts.urls")),
    path("policy/", include("aup.urls")),
    path("how-we-enforce/", how_we_enforce, name="how_we_enforce"),
    path("", include("governance.urls")),
    path("", include("cases.urls")),
    path("", include("appeals.urls")),
    path("clocks/", include("tipstaff.sla.urls")),
    path("oversight/", include("oversight.urls")),
    path("clocks/", include("oversight.clock_urls")),
    path("notice/", include("tipstaff.notices.urls")),
    path("", include("tipstaff.vault.urls")),
    path("demo/", include("tipstaff.demo.urls")),
    path("api/v1/", include((api, "api"))),
]

handler400 = "tipstaff.refusals.bad_request"
handler403 = "tipstaff.refusals.forbidden"
handler404 = "tipstaff.refusals.not_found"
