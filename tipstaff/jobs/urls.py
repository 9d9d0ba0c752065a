from django.urls import path

from tipstaff.jobs.views import beats, letters, progress

app_name = "jobs"
urlpatterns = [
    path("", beats.heartbeat, name="heartbeat"),
    path("failed/", letters.letter_list, name="letters"),
    path("failed/retry/", letters.letters_retry, name="letters_retry"),
    path("failed/<uuid:pk>/", letters.letter, name="letter"),
    path("failed/<uuid:pk>/retry/", letters.letter_retry, name="letter_retry"),
    path("failed/<uuid:pk>/dismiss/", letters.letter_dismiss, name="letter_dismiss"),
    path("progress/", progress.progress_list, name="progress_list"),
    path("progress/<uuid:pk>/", progress.progress, name="progress"),
]
