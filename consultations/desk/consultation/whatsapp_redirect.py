"""Redirect to a WhatsApp chat with the patient."""

from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from consultations import phone_numbers
from consultations.desk.consultation.page import find, whatsapp_number
from consultations.lifecycle import disclosures
from consultations.messaging import templates as message_templates
from consultations.models import Disclosure
from consultations.staff_pages import VIEW, member, page


@page(VIEW)
@require_safe
def whatsapp(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect to a chat with the patient, with the approved opening message filled in."""
    consultation = find(pk)
    number = whatsapp_number(consultation)
    if not number:
        raise Http404
    disclosures.record(
        member(request), [consultation], Disclosure.Kind.OPENED
    )  # the redirect shows the number
    words = quote(message_templates.whatsapp_opening(consultation), safe="")
    response = HttpResponseRedirect(f"{phone_numbers.whatsapp_link(number)}?text={words}")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
