"""The addresses of the desk, under ``/staff/``."""

from django.urls import URLPattern

from consultations.desk import (
    actions,
    calendars,
    export,
    figures,
    keeping,
    log,
    queue,
    reminders,
    times,
    week,
)
from consultations.desk.access import address
from consultations.desk.photographs import photograph, thumbnail
from consultations.desk.presence import presence
from consultations.desk.reach import whatsapp
from consultations.desk.request import one_request

app_name = "desk"

urlpatterns: list[URLPattern] = [
    address("requests/", queue.queue, "queue"),
    address("requests/found/", queue.search, "queue_search"),
    address("requests/assigned/", queue.assign, "queue_assign"),
    address("requests/<int:pk>/", one_request, "request"),
    address("requests/<int:pk>/status/", actions.status, "status"),
    address("requests/<int:pk>/contact/", actions.contact, "contact"),
    address("requests/<int:pk>/note/", actions.note, "note"),
    address("requests/<int:pk>/assignee/", actions.hand_over, "hand_over"),
    address("requests/<int:pk>/reach/", actions.reach, "reach"),
    address("requests/<int:pk>/read/", actions.read, "read"),
    address("requests/<int:pk>/link/", actions.new_link, "link"),
    address("requests/<int:pk>/presence/", presence, "presence"),
    address("requests/<int:pk>/time/", times.offer_time, "offer_time"),
    address("requests/<int:pk>/whatsapp/", whatsapp, "whatsapp"),
    address("requests/<int:pk>/photographs/<int:photograph>/", photograph, "photograph"),
    address("requests/<int:pk>/photographs/<int:photograph>/thumbnail/", thumbnail, "thumbnail"),
    address("requests/<int:pk>/erase/", keeping.erase, "erase"),
    address("requests/<int:pk>/copy/", keeping.copy, "copy"),
    address("export/", export.export, "export"),
    address("log/", log.log, "log"),
    address("figures/", figures.figures, "figures"),
    address("figures.csv", figures.figures_csv, "figures_csv"),
    address("week/", week.week, "week"),
    address("reminders/", reminders.reminders, "reminders"),
    address("reminders/<int:pk>/done/", reminders.done, "reminder_done"),
    address("reminders/<int:pk>/undo/", reminders.undo, "reminder_undo"),
    address("calendars/", calendars.calendars, "calendars"),
    address("calendars/revoke/", calendars.revoke, "calendar_revoke"),
]
