"""The addresses of the desk, under ``/staff/``."""

from django.urls import URLPattern

from consultations.data_rights import audit_log
from consultations.data_rights import views as data_rights_views
from consultations.desk.consultation import actions, text_views
from consultations.desk.consultation.attachment_views import add_attachments, attachment, thumbnail
from consultations.desk.consultation.details import details
from consultations.desk.consultation.new_request import new_request
from consultations.desk.consultation.page import one_request, whatsapp
from consultations.desk.consultation.presence import presence
from consultations.desk.queue import views as queue_views
from consultations.desk.schedule import arrival_views, calendar_feeds, offer_views, reminder_views, week
from consultations.desk.statistics import views
from consultations.staff_pages import address

app_name = "desk"

urlpatterns: list[URLPattern] = [
    address("requests/", queue_views.queue, "queue"),
    address("requests/news/", queue_views.new_requests, "new_requests"),
    address("requests/new/", new_request, "new_request"),
    address("requests/found/", queue_views.search, "queue_search"),
    address("requests/assigned/", queue_views.assign, "queue_assign"),
    address("requests/held/", queue_views.move_held, "queue_held"),
    address("requests/<int:pk>/", one_request, "request"),
    address("requests/<int:pk>/status/", actions.status, "status"),
    address("requests/<int:pk>/contact/", actions.contact, "contact"),
    address("requests/<int:pk>/note/", actions.note, "note"),
    address("requests/<int:pk>/assignee/", actions.assign, "assign"),
    address("requests/<int:pk>/details/", details, "details"),
    address("requests/<int:pk>/contact-details/", actions.contact_details, "contact_details"),
    address("requests/<int:pk>/read/", actions.acknowledge, "acknowledge"),
    address("requests/<int:pk>/link/", actions.new_link, "link"),
    address("requests/<int:pk>/text/", text_views.open_text, "open_text"),
    address("requests/<int:pk>/text/sent/", text_views.text_sent, "text_sent"),
    address("requests/<int:pk>/presence/", presence, "presence"),
    address("requests/<int:pk>/time/", offer_views.offer_time, "offer_time"),
    address("requests/<int:pk>/whatsapp/", whatsapp, "whatsapp"),
    address("requests/<int:pk>/attachments/", add_attachments, "add_attachments"),
    address("requests/<int:pk>/attachments/<int:attachment>/", attachment, "attachment"),
    address("requests/<int:pk>/attachments/<int:attachment>/thumbnail/", thumbnail, "thumbnail"),
    address("requests/<int:pk>/erase/", data_rights_views.erase, "erase"),
    address("requests/<int:pk>/copy/", data_rights_views.copy, "copy"),
    address("export/", data_rights_views.export, "export"),
    address("log/", audit_log.log, "log"),
    address("statistics/", views.statistics, "statistics"),
    address("week/", week.week, "week"),
    address("appointments/<int:pk>/arrival/", arrival_views.arrival, "arrival"),
    address("reminders/", reminder_views.reminders, "reminders"),
    address("reminders/<int:pk>/done/", reminder_views.done, "reminder_done"),
    address("reminders/<int:pk>/answer/", reminder_views.answer, "reminder_answer"),
    address("reminders/<int:pk>/text/", reminder_views.open_text, "reminder_text"),
    address("reminders/<int:pk>/undo/", reminder_views.undo, "reminder_undo"),
    address("calendars/", calendar_feeds.calendars, "calendars"),
    address("calendars/revoke/", calendar_feeds.revoke, "calendar_revoke"),
]
