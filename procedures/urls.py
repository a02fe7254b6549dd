from django.urls import path

from procedures import images, views

app_name = "procedures"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("procedures/", views.procedure_list, name="list"),
    path("procedures/<slug:slug>/", views.procedure, name="procedure"),
    path("surgeons/", views.surgeons, name="surgeons"),
    path("preview/<str:token>/", views.preview, name="preview"),
    path("media/photos/<str:name>", images.serve, name="photo"),
]
