"""Warnings shown to staff whose change in the admin affects existing appointments or assigned requests."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest
from django.utils.module_loading import import_string


def warn(request: HttpRequest, changed: Model) -> None:
    """Show what a changed row affects, as ``settings.CHANGE_WARNINGS`` lists for its model.

    Each listed function takes the row and the user who changed it, and returns a sentence or "".
    """
    for path in settings.CHANGE_WARNINGS.get(changed._meta.label, ()):
        if sentence := import_string(path)(changed, request.user):
            messages.warning(request, sentence)
