"""Addresses of systems, controls, the committee and waivers."""

from django.urls import URLPattern, URLResolver, path

from governance.views import ballots, committee, controls, coverage, dossier, requests, systems, tasks, waivers

app_name = "governance"
urlpatterns: list[URLPattern | URLResolver] = [
    path("systems/", systems.system_list, name="system_list"),
    path("systems/map/", coverage.system_map, name="system_map"),
    path("systems/new/", systems.system_propose, name="system_propose"),
    path("systems/controls/", controls.control_list, name="control_list"),
    path("systems/controls/<str:ref>/", controls.control, name="control"),
    path("systems/controls/<str:ref>/edit/", controls.control_edit, name="control_edit"),
    path("systems/controls/<str:ref>/do/<str:operation>/", controls.control_operate, name="control_operate"),
    path("systems/tasks/", tasks.task_list, name="control_task_list"),
    path("systems/tasks/<str:ref>/", tasks.task, name="control_task"),
    path("systems/tasks/<str:ref>/do/<str:operation>/", tasks.task_operate, name="control_task_operate"),
    path("systems/<str:ref>/", systems.system, name="system"),
    path("systems/<str:ref>/rules/", coverage.system_rules, name="system_rules"),
    path("systems/<str:ref>/edit/", systems.system_edit, name="system_edit"),
    path("systems/<str:ref>/intake/", systems.system_intake, name="system_intake"),
    path("systems/<str:ref>/release/", systems.system_release, name="system_release"),
    path("systems/<str:ref>/control/", controls.control_record, name="control_record"),
    path("systems/<str:ref>/do/<str:operation>/", systems.system_operate, name="system_operate"),
    path("waivers/", requests.waiver_register, name="waiver_register"),
    path("waivers/ask/", requests.waiver_ask, name="waiver_ask"),
    path("waivers/follow/<str:token>/", requests.waiver_follow, name="waiver_follow"),
    path("waivers/follow/<str:token>/again/", requests.waiver_again, name="waiver_again"),
    path("desk/waivers/", waivers.waiver_list, name="waiver_list"),
    path("desk/waivers/new/", waivers.waiver_new, name="waiver_new"),
    path("desk/waivers/<str:ref>/", dossier.waiver, name="waiver"),
    path("desk/waivers/<str:ref>/edit/", waivers.waiver_edit, name="waiver_edit"),
    path("desk/waivers/<str:ref>/ballot/", ballots.ballot_open, name="ballot_open"),
    path("desk/waivers/<str:ref>/do/<str:operation>/", waivers.waiver_act, name="waiver_act"),
    path("desk/ballots/<str:ref>/do/<str:operation>/", ballots.ballot_act, name="ballot_act"),
    path("desk/committee/", committee.committee_list, name="committee_list"),
    path("desk/committee/<uuid:pk>/", committee.committee, name="committee"),
    path("desk/committee/<uuid:pk>/seat/", committee.committee_seat, name="committee_seat"),
    path("desk/committee/seats/<uuid:pk>/unseat/", committee.committee_unseat, name="committee_unseat"),
]
