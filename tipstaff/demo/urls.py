from django.urls import path

from tipstaff.demo import views

app_name = "demo"
urlpatterns = [path("switch/", views.switch, name="switch"), path("mail/", views.mail, name="mail")]
