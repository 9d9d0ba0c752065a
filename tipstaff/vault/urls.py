from django.urls import path

from tipstaff.vault.views import custody, download, picture

app_name = "vault"
urlpatterns = [
    path("files/<uuid:pk>/", download.download, name="download"),
    path("files/<uuid:pk>/unseal/", download.unseal, name="unseal"),
    path("files/pictures/<uuid:pk>/", picture.picture, name="picture"),
    path("desk/custody/", custody.index, name="custody"),
    path("desk/custody/files/", custody.files, name="files"),
    path("desk/custody/files/<uuid:pk>/", custody.file, name="file"),
    path("desk/custody/files/<uuid:pk>/<slug:operation>/", custody.file_act, name="file_act"),
    path("desk/custody/holds/", custody.holds, name="holds"),
    path("desk/custody/holds/<slug:ref>/", custody.hold, name="hold"),
    path("desk/custody/holds/<slug:ref>/<slug:operation>/", custody.hold_act, name="hold_act"),
    path("desk/custody/unsealings/<slug:ref>/<slug:operation>/", custody.unsealing_act, name="unsealing_act"),
    path("desk/custody/disposals/<slug:ref>/<slug:operation>/", custody.disposal_act, name="disposal_act"),
]
