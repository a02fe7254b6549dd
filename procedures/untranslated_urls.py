"""Files and staff pages, which have one address for all languages."""

from django.contrib import admin
from django.urls import path

from procedures.publishing import photos, share_images
from procedures.staff import past_pages

urlpatterns = [
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
