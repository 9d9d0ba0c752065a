from django.urls import path

from cases.views import console, course, decisions, desk, measures, public, simulation

app_name = "cases"
urlpatterns = [
    path("report/", public.report, name="report"),
    path("follow/", public.follow, name="follow"),
    path("desk/reports/", desk.report_list, name="report_list"),
    path("desk/reports/<str:ref>/", desk.report_desk, name="report_desk"),
    path("desk/reports/<str:ref>/accept/", desk.report_accept, name="report_accept"),
    path("desk/reports/<str:ref>/decline/", desk.report_decline, name="report_decline"),
    path("desk/reports/<str:ref>/ask/", desk.report_ask, name="report_ask"),
    path("desk/queue/", desk.queue, name="queue"),
    path("desk/queue/next/", desk.claim_next, name="claim_next"),
    path("desk/cases/", desk.case_list, name="case_list"),
    path("desk/cases/<str:ref>/", console.case, name="case"),
    path("desk/cases/<str:ref>/claim/", console.case_claim, name="case_claim"),
    path("desk/cases/<str:ref>/release/", console.case_release, name="case_release"),
    path("desk/cases/<str:ref>/evidence/", console.evidence_add, name="evidence_add"),
    path("desk/cases/<str:ref>/finding/", console.finding_record, name="finding_record"),
    path("desk/cases/<str:ref>/propose/", console.decision_propose, name="decision_propose"),
    path("desk/cases/<str:ref>/advice/", console.decision_advice, name="decision_advice"),
    path("desk/cases/<str:ref>/await/", course.case_await, name="case_await"),
    path("desk/cases/<str:ref>/resume/", course.case_resume, name="case_resume"),
    path("desk/cases/<str:ref>/merge/", course.case_merge, name="case_merge"),
    path("desk/cases/<str:ref>/close/", course.case_close, name="case_close"),
    path("desk/sanctions/", measures.measure_list, name="measure_list"),
    path("desk/sanctions/<str:ref>/lift/", course.sanction_lift, name="sanction_lift"),
    path("desk/decisions/", decisions.decision_list, name="decision_list"),
    path("desk/decisions/<str:ref>/", decisions.decision, name="decision"),
    path("desk/decisions/<str:ref>/confirm/", decisions.decision_confirm, name="decision_confirm"),
    path("desk/decisions/<str:ref>/issue/", decisions.decision_issue, name="decision_issue"),
    path("desk/decisions/<str:ref>/withdraw/", decisions.decision_withdraw, name="decision_withdraw"),
    path("desk/decisions/<str:ref>/send-back/", decisions.decision_send_back, name="decision_send_back"),
    path("desk/simulation/<slug:ref>/", simulation.simulation, name="simulation"),
    path("desk/subjects/<str:external_id>/", desk.subject, name="subject"),
]
