"""The patients' pages, which exist in each language."""

from django.urls import path

from consultations.intake import views as intake_views
from consultations.portal import lost_link, views

app_name = "consultations"

urlpatterns = [
    path("consultation/", intake_views.request_form, name="request"),
    path("r/", lost_link.lost_link, name="lost_link"),
    # Any text may be a token, so that a mistyped link gets a helpful page.
    path("r/<str:token>/", views.private, name="private"),
    path("r/<str:token>/withdraw/", views.withdraw, name="private_withdraw"),
    path("r/<str:token>/contact/", views.contact, name="private_contact"),
    path("r/<str:token>/note/", views.note, name="private_note"),
    path("r/<str:token>/attachments/", views.attachments, name="private_attachments"),
    path("r/<str:token>/attachments/<int:attachment>/thumbnail/", views.thumbnail, name="private_thumbnail"),
    path("r/<str:token>/time/", views.time, name="private_time"),
    path("r/<str:token>/other-time/", views.other_time, name="private_other_time"),
    path("r/<str:token>/appointment.ics", views.calendar, name="private_calendar"),
    path("r/<str:token>/<path:rest>/", views.no_such_action, name="private_other"),
    # Django's own redirect could be cached, with the token in it.
    path("r/<path:address>", views.with_slash),
    path("privacy/", intake_views.privacy, name="privacy"),
]
