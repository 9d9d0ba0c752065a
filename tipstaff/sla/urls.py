from django.urls import path

from tipstaff.sla.views import calendars, mine, recalculation, targets

app_name = "clocks"
urlpatterns = [
    path("mine/", mine.mine, name="mine"),
    path("targets/", targets.target_list, name="targets"),
    path("targets/<int:table>/", targets.target_table, name="table"),
    path("targets/change/<str:kind>/", targets.target_edit, name="target_edit"),
    path("calendars/", calendars.calendar_list, name="calendars"),
    path("calendars/<uuid:pk>/", calendars.calendar, name="calendar"),
    path("recalculate/", recalculation.recalculate, name="recalculate"),
]
