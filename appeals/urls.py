from django.urls import path

from appeals.views import desk, public

app_name = "appeals"
urlpatterns = [
    path("appeal/report/", public.lodge_by_code, name="lodge_by_code"),
    path("appeal/<str:token>/", public.lodge, name="lodge"),
    path("desk/appeals/", desk.appeal_list, name="appeal_list"),
    path("desk/appeals/<str:ref>/", desk.appeal, name="appeal"),
    path("desk/appeals/<str:ref>/take-up/", desk.appeal_take_up, name="appeal_take_up"),
    path("desk/appeals/<str:ref>/decide/", desk.appeal_decide, name="appeal_decide"),
    path("desk/appeals/<str:ref>/stay/", desk.appeal_stay, name="appeal_stay"),
    path("desk/appeals/<str:ref>/inadmissible/", desk.appeal_inadmissible, name="appeal_inadmissible"),
]
