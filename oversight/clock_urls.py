from django.urls import path

from oversight import clock_views as views

app_name = "board"
urlpatterns = [
    path("", views.board, name="board"),
    path("attainment/", views.attained, name="attainment"),
    path("attainment/download/", views.attainment_download, name="attainment_download"),
    path("<uuid:pk>/", views.clock, name="clock"),
    path("<uuid:pk>/explain/", views.explain, name="explain"),
]
