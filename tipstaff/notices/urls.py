from django.urls import path

from tipstaff.notices import views

app_name = "notices"
urlpatterns = [path("<str:token>/", views.notice, name="notice")]
