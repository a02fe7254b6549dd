from django.urls import path

from consultations import feeds, private, views

app_name = "consultations"

urlpatterns = [
    path("consultation/", views.start, name="start"),
    path("consultation/emergency/", views.emergency, name="emergency"),
    path("consultation/request/", views.request_form, name="request"),
    path("consultation/request/photographs/", views.photographs, name="photographs"),
    # Any text is taken for a token: an address that lost or gained a character is answered as kindly.
    path("consultation/<str:token>/", private.private, name="private"),
    path("consultation/<str:token>/withdraw/", private.withdraw, name="private_withdraw"),
    path("consultation/<str:token>/phone/", private.phone, name="private_phone"),
    path("consultation/<str:token>/note/", private.note, name="private_note"),
    path("consultation/<str:token>/photographs/", private.photographs, name="private_photographs"),
    path("consultation/<str:token>/time/", private.time, name="private_time"),
    path("consultation/<str:token>/other-time/", private.other_time, name="private_other_time"),
    path("consultation/<str:token>/<path:rest>/", private.no_such_action, name="private_other"),
    # Django's own redirect could be kept by a cache, with the token in it.
    path("consultation/<path:address>", private.with_slash),
    path("calendar/<slug:token>.ics", feeds.calendar, name="calendar"),
    path("privacy/", views.privacy, name="privacy"),
]
