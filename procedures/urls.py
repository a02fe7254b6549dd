from django.contrib import admin
from django.urls import path

from procedures.public import feedback, search, views
from procedures.publishing import photos, share_images
from procedures.staff import past_pages

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
    path("staff/past-pages/", admin.site.admin_view(past_pages.past_page), name="past_overview"),
    path(
        "staff/past-emergency/",
        admin.site.admin_view(past_pages.past_page),
        {"kind": "emergency"},
        name="past_emergency",
    ),
    path("staff/past-pages/<slug:slug>/", admin.site.admin_view(past_pages.past_page), name="past_procedure"),
    path("media/share/<str:name>", share_images.FILES.serve, name="share_picture"),
    path("media/photos/<str:name>", photos.FILES.serve, name="photo"),
]
