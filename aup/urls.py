from django.urls import path

from aup.views import desk, public

app_name = "aup"
urlpatterns = [
    path("", public.policy, name="policy"),
    path("rules/<str:code>/", public.rule, name="rule"),
    path("matrix/", public.matrix, name="matrix"),
    path("versions/", desk.versions, name="versions"),
    path("versions/<str:ref>/", desk.version, name="version"),
    path("versions/<str:ref>/<str:operation>/", desk.operate, name="operate"),
]
