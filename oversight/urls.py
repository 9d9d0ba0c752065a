from django.urls import path

from oversight import survey_board, views

app_name = "oversight"
urlpatterns = [
    path("", views.index, name="index"),
    path("survey/", survey_board.survey_board, name="survey"),
    path("cases/<str:ref>/", views.case_history, name="case_history"),
    path("cases/<str:ref>/download/", views.case_download, name="case_download"),
]
