from django.urls import path

from tipstaff.jobs.views import progress

app_name = "jobs"
urlpatterns = [
    path("progress/", progress.progress_list, name="progress_list"),
    path("progress/<uuid:pk>/", progress.progress, name="progress"),
]
