"""Addresses that programs fetch: one for all languages."""

from django.urls import path

from consultations.appointments import feeds

urlpatterns = [path("calendar/<slug:token>.ics", feeds.calendar, name="calendar_feed")]
