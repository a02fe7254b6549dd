"""Texts that staff send by WhatsApp or SMS: length, direction, and what they may say."""

import re
from datetime import timedelta

import pytest
from bidi import get_display
from django.utils.translation import override

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.text import END_OF_ISOLATE, FIRST_STRONG, LEFT_TO_RIGHT
from consultations import private_links
from consultations.answers import ContactMethod, YesNo
from consultations.messaging import texts
from consultations.messaging.catalogue import CALL_BACK, KINDS, REMINDER, TEXTS
from consultations.models import Appointment, ConsultationRequest, PrivateLink
from tests.consultations.messaging.message_helpers import START, an_appointment
from tests.factories import a_request, a_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_world")]

# Parts of a long SMS: 153 characters of the GSM alphabet, or 67 if one of them is outside it.
GSM_PART, URDU_PART = 153, 67
MAX_PARTS = {REMINDER: 2, CALL_BACK: 2}
USUAL_MAX_PARTS = 3  # with the sample clinic's long name and address


def an_offer(*, times: int = 1, **fields: str) -> tuple[ConsultationRequest, Appointment]:
    request, practitioner = a_request(**{"may_identify_clinic": YesNo.YES} | fields), a_reviewer()
    appointments = [
        an_appointment(
            request,
            state=state,
            starts_at=START + timedelta(days=day),
            ends_at=START + timedelta(days=day, minutes=30),
            held_until=START - timedelta(days=1) if times > 1 else None,
            practitioner=practitioner,
        )
        for day, state in enumerate(("offered", "held", "held")[:times])
    ]
    return request, appointments[0]


def clinic() -> ClinicProfile:
    return ClinicProfile.objects.get()


def a_link(language: str) -> str:
    with override(language):
        return private_links.address_of(private_links.new_token())


@pytest.mark.parametrize("language", ["en", "ur"])
def test_every_text_is_short_and_nothing_in_it_turns_round(language: str) -> None:
    request, appointment = an_offer()
    request.language, link = language, a_link(language)
    for kind in TEXTS:
        text = texts.text_of(
            texts.template_for(kind, request), request, [appointment], link, clinic=clinic()
        ).strip()
        values = {
            "when": "5:30",
            "practitioner": "Dr. Ayesha Khan",
            "reference": request.reference,
            "phone": "042 0000 0000",
            "link": link,
            "emergency": "1122",
        }
        assert all(values[name] in text for name in KINDS[kind].required), kind
        # As phones do, each line in the direction of its first letter.
        shown = [get_display(line) for line in text.splitlines()]
        assert all(
            any(value in line for line in shown) == (value in text)
            for name, value in values.items()
            if name != "practitioner"
        ), kind
        if link in text:
            assert link in text.splitlines(), "a link stands on a line of its own"
        if language == "ur":
            isolated = f"[{LEFT_TO_RIGHT}{FIRST_STRONG}][^{END_OF_ISOLATE}]*{END_OF_ISOLATE}"
            assert not re.search("[A-Za-z]{2,}", re.sub(isolated, "", text.replace(link, ""))), kind
        else:
            assert text.isascii(), kind  # one other letter makes an SMS cost twice as much
        parts = -(-len(text) // (URDU_PART if language == "ur" else GSM_PART))
        assert parts <= MAX_PARTS.get(kind, USUAL_MAX_PARTS), (kind, len(text), text)


def test_offer_lists_every_time_and_how_long_they_are_held() -> None:
    request, _appointment = an_offer(times=3)
    times, link = list(request.appointments.all()), "https://clinic.example/r/x/"
    text = texts.text_of(texts.template_for("text_offered", request), request, times, link, clinic=clinic())
    assert text.splitlines() == [
        "We can see you at:",
        "Wednesday 25 November, 5:30 pm",
        "Thursday 26 November, 5:30 pm",
        "Friday 27 November, 5:30 pm",
        "with Dr. Ayesha Khan",
        "Choose a time here, or ask for another:",
        "https://clinic.example/r/x/",
        "Please answer by Tuesday 24 November, 5:30 pm.",
        "Or call 042 0000 0000.",
        "Sample Microsurgery Clinic",
    ]


def test_text_to_patient_who_must_not_be_identified_names_nobody() -> None:
    request, appointment = an_offer(may_identify_clinic=YesNo.NO)
    for language in ("en", "ur"):
        request.language = language
        for kind in TEXTS:
            may_send = texts.kind_for(kind, request)
            template = texts.template_for(may_send, request)
            assert texts.new_link_for(template, request) == ""
            text = texts.text_of(template, request, [appointment], "", clinic=clinic())
            assert not [word for word in ("Clinic", "http", "Ayesha", "Khan") if word in text], kind
            assert may_send == REMINDER or "5:30" not in text
    assert not PrivateLink.objects.filter(request=request, made_at__gt=request.created_at).exists()


def test_channels_follow_the_number_and_the_wish() -> None:
    for fields, expected in (
        ({"contact_method": ContactMethod.ANY}, ["whatsapp", "sms", "copy"]),
        ({"contact_method": ContactMethod.WHATSAPP}, ["whatsapp", "copy"]),
        ({"contact_method": ContactMethod.SMS}, ["sms", "copy"]),
        ({"contact_method": ContactMethod.CALL}, []),
        ({"contact_method": ContactMethod.ANY, "phone": "+924235761999"}, []),
    ):
        request = ConsultationRequest(**{"phone": "+923012345678"} | fields)
        assert list(texts.channels(request)) == expected, fields
