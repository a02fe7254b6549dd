"""The public pages, which exist in each language."""

from django.urls import path

from procedures.public import feedback, search, views

app_name = "procedures"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("questions/", views.questions, name="questions"),
    path("procedures/", views.procedure_list, name="list"),
    path("procedures/<slug:slug>/", views.procedure, name="procedure"),
    path("emergency/", views.emergency, name="emergency"),
    path("surgeons/", views.surgeons, name="surgeons"),
    path("surgeons/<slug:slug>/", views.surgeon, name="surgeon"),
    path("search/", search.search, name="search"),
    path("preview/<str:token>/", views.preview, name="preview"),
    path("report-a-mistake/", feedback.feedback, name="feedback"),
    path("report-a-mistake/sent/", feedback.sent, name="feedback_sent"),
]
