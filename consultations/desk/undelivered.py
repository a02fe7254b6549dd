"""The requests that undelivered messages are about, for the staff's list of messages."""

from collections.abc import Collection

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from clinic_site.mail.related_objects import RelatedObject
from consultations.answers import YesNo
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure


def related_requests(actor: User, abouts: Collection[str], *, is_search: bool) -> dict[str, RelatedObject]:
    """Return the requests with these references, and record that their patients' addresses were shown."""
    found = ConsultationRequest.objects.filter(reference__in=abouts)
    consultations = list(found.only("pk", "reference", "may_identify_clinic"))
    disclosures.record(actor, consultations, Disclosure.Kind.FOUND if is_search else Disclosure.Kind.LISTED)
    return {
        consultation.reference: RelatedObject(
            page=reverse("desk:request", args=[consultation.pk]),
            caution="" if consultation.may_identify_clinic == YesNo.YES else _("Do not say who is calling"),
        )
        for consultation in consultations
    }
