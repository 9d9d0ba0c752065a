from django.urls import path

from tipstaff.demo import hooks, views

app_name = "demo"
urlpatterns = [
    path("switch/", views.switch, name="switch"),
    path("mail/", views.mail, name="mail"),
    path("webhooks/", hooks.webhooks, name="webhooks"),
]
