from django.urls import path

from aup.views import desk, matrix, public

app_name = "aup"
urlpatterns = [
    path("", public.policy, name="policy"),
    path("rules/<slug:code>/", public.rule, name="rule"),
    path("matrix/", public.matrix, name="matrix"),
    path("versions/", desk.versions, name="versions"),
    path("versions/<slug:ref>/", desk.version, name="version"),
    path("versions/<slug:ref>/matrix/", matrix.matrix_edit, name="matrix_edit"),
    path("versions/<slug:ref>/matrix/check/", matrix.matrix_check, name="matrix_check"),
    path("versions/<slug:ref>/<slug:operation>/", desk.operate, name="operate"),
]
