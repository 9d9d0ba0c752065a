from django.urls import path

from tipstaff.vault import views

app_name = "vault"
urlpatterns = [path("<uuid:pk>/", views.download, name="download")]
