from django.urls import path

from procedures import images, mistakes, share_pictures, views

app_name = "procedures"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("procedures/", views.procedure_list, name="list"),
    path("procedures/<slug:slug>/", views.procedure, name="procedure"),
    path("surgeons/", views.surgeons, name="surgeons"),
    path("preview/<str:token>/", views.preview, name="preview"),
    path("report-a-mistake/", mistakes.report, name="report_mistake"),
    path("report-a-mistake/sent/", mistakes.sent, name="mistake_sent"),
    path("media/share/<str:name>", share_pictures.serve, name="share_picture"),
    path("media/photos/<str:name>", images.serve, name="photo"),
]
