"""Opening a chat with the patient with a text filled in, and confirming that it was sent.

The answer to an opened chat is a page that leads on at once. A redirect would be refused by browsers: the
policy that keeps our forms on this site also holds for where they redirect.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.core.http.languages import direction, known
from consultations.desk.consultation.actions import Action, action_view
from consultations.desk.consultation.forms import TextForm, TextSentForm
from consultations.lifecycle import disclosures, patient_texts, staff_actions
from consultations.lifecycle.staff_actions import Outcome
from consultations.messaging import texts
from consultations.messaging.texts import TextMethod
from consultations.models import ConsultationRequest, Disclosure
from consultations.staff_pages import member, show


def answer_with_text(
    request: HttpRequest,
    consultation: ConsultationRequest,
    *,
    kind: str,
    channel: str,
    text: str,
    sent: str,
    back: str,
) -> HttpResponse:
    """Lead to the chat, or show the text to copy. ``sent`` and ``back`` are addresses."""
    disclosures.record(member(request), [consultation], Disclosure.Kind.OPENED)
    if (
        channel == TextMethod.COPY
        and request.accepts("application/json")
        and not request.accepts("text/html")
    ):
        return JsonResponse({"text": text})
    href = texts.chat_address(channel, consultation, text)
    language = known(consultation.language)
    response = show(
        request,
        "consultations/desk/consultation/text_opened.html",
        {
            "consultation": consultation,
            "kind": kind,
            "channel": channel,
            "text": text,
            "href": href,
            "sent": sent,
            "back": back,
            "language": language,
            "direction": direction(language),
        },
        title=_("Text for %(reference)s") % {"reference": consultation.reference},
    )
    if href:
        response.headers["Refresh"] = f"0; url={href}"
    return response


def _answer(action: Action[TextForm], text: str) -> HttpResponse:
    chosen, pk = action.form.cleaned_data, action.consultation.pk
    return answer_with_text(
        action.request,
        action.consultation,
        kind=texts.kind_for(chosen["kind"], action.consultation),
        channel=chosen["channel"],
        text=text,
        sent=reverse("desk:text_sent", args=[pk]),
        back=reverse("desk:request", args=[pk]),
    )


@action_view(TextForm, _answer)
def open_text(action: Action[TextForm]) -> str:
    chosen = action.form.cleaned_data
    return patient_texts.open_text(
        action.consultation, chosen["kind"], chosen["channel"], actor=action.actor, version=action.version
    )


@action_view(TextSentForm)
def text_sent(action: Action[TextSentForm]) -> str:
    chosen = action.form.cleaned_data
    if chosen["sent"] == "no":
        patient_texts.record_not_sent(
            action.consultation, chosen["kind"], actor=action.actor, version=action.version
        )
        return _("Recorded: not sent.")
    staff_actions.record_contact(
        action.consultation,
        Outcome.MESSAGE_SENT,
        actor=action.actor,
        version=action.version,
        text=chosen["kind"],
        channel=chosen["channel"],
    )
    return _("Recorded: sent.")
