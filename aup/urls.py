from django.urls import path

app_name = "aup"
urlpatterns: list = []
