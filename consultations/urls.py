from django.urls import path

from consultations import views

app_name = "consultations"

urlpatterns = [
    path("consultation/", views.start, name="start"),
    path("consultation/emergency/", views.emergency, name="emergency"),
    path("consultation/request/", views.request_form, name="request"),
    path("consultation/<slug:token>/", views.private, name="private"),
    path("privacy/", views.privacy, name="privacy"),
]
