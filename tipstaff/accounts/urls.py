from django.urls import path

from tipstaff.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.people, name="people"),
    path("keys/", views.keys, name="keys"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<uuid:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("<uuid:pk>/", views.person, name="person"),
    path("<uuid:pk>/deactivate/", views.person_deactivate, name="person_deactivate"),
]
