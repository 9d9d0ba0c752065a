"""Addresses of systems, controls, the committee and waivers."""

from django.urls import URLPattern, URLResolver, path

from governance.views import controls, coverage, requests, systems, waivers

app_name = "governance"
urlpatterns: list[URLPattern | URLResolver] = [
    path("systems/", systems.system_list, name="system_list"),
    path("systems/map/", coverage.system_map, name="system_map"),
    path("systems/new/", systems.system_propose, name="system_propose"),
    path("systems/controls/", controls.control_list, name="control_list"),
    path("systems/controls/<str:ref>/", controls.control, name="control"),
    path("systems/controls/<str:ref>/edit/", controls.control_edit, name="control_edit"),
    path("systems/controls/<str:ref>/do/<str:operation>/", controls.control_operate, name="control_operate"),
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
    path("desk/waivers/<str:ref>/", waivers.waiver, name="waiver"),
]
