from django.urls import path

from tipstaff.notices.views import public

app_name = "notices"
urlpatterns = [
    path("<str:token>/", public.notice, name="notice"),
    path("<str:token>/opened/", public.opened, name="opened"),
]
