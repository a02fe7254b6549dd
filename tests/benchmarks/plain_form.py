"""A plain Django form to compare with: default middleware, one row, the site's own database options."""

import os

import django
from django.conf import settings

from clinic_site import settings as site

settings.configure(
    SECRET_KEY="for-benchmarks-only",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": site.database(os.environ["DATABASE_URL"])},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    # Those of ``django-admin startproject``.
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING_CONFIG=None,
)
django.setup()

from django import forms
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path


class Row(models.Model):
    patient_name = models.CharField(max_length=120)
    phone = models.CharField(max_length=30)
    email = models.EmailField(blank=True)
    message = models.TextField(blank=True)

    class Meta:
        app_label = "plain"
        db_table = "plain_form"

    def __str__(self) -> str:
        return self.patient_name


class RowForm(forms.ModelForm):
    class Meta:
        model = Row
        fields = ("patient_name", "phone", "email", "message")


def store(request: HttpRequest) -> HttpResponse:
    form = RowForm(request.POST)
    if not form.is_valid():
        return HttpResponse(form.as_p(), status=400)
    form.save()
    response = HttpResponseRedirect("/")
    response.status_code = 303
    return response


urlpatterns = [path("consultation/", store)]
application = get_wsgi_application()
