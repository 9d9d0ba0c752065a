from django.urls import path

from tipstaff.notices.views import webhooks

app_name = "webhooks"
urlpatterns = [
    path("", webhooks.endpoint_list, name="list"),
    path("<uuid:pk>/", webhooks.endpoint, name="endpoint"),
    path("<uuid:pk>/secret/", webhooks.endpoint_reveal, name="reveal"),
    path("<uuid:pk>/rotate/", webhooks.endpoint_rotate, name="rotate"),
    path("<uuid:pk>/test/", webhooks.endpoint_test, name="test"),
    path("<uuid:pk>/disable/", webhooks.endpoint_disable, name="disable"),
    path("<uuid:pk>/enable/", webhooks.endpoint_enable, name="enable"),
    path("<uuid:pk>/close/", webhooks.endpoint_close, name="close"),
    path("deliveries/<uuid:pk>/retry/", webhooks.delivery_retry, name="retry"),
]
