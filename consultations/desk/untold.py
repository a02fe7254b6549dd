"""Requests as the list of messages knows them: where each is, and whether a caller may say who is calling."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.outbox.subjects import Subject
from consultations.answers import YesNo
from consultations.models import ConsultationRequest, Disclosure
from consultations.services import disclosures


def show(actor: User, abouts: Collection[str], *, is_search: bool) -> dict[str, Subject]:
    """The requests with these references. Whom their patients' addresses are shown to is recorded."""
    requests = list(
        ConsultationRequest.objects.filter(reference__in=abouts).only("pk", "reference", "may_say_who")
    )
    disclosures.record(actor, requests, Disclosure.Kind.FOUND if is_search else Disclosure.Kind.LISTED)
    return {
        request.reference: Subject(
            page=reverse("desk:request", args=[request.pk]),
            caution="" if request.may_say_who == YesNo.YES else _("Do not say who is calling"),
        )
        for request in requests
    }
