"""A request that staff take: by phone, at the desk or on WhatsApp."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail.models import OutgoingMessage
from consultations.data_rights import csv_export, erasure, subject_access
from consultations.desk.statistics.tables import Period, tables_of
from consultations.intake import response_time
from consultations.models import ConsultationRequest, Disclosure
from consultations.portal.presenters import RequestStatusPresenter
from tests.consultations.desk.schedule.calendar_helpers import at, due, open_every_day
from tests.factories import a_notice, a_request, a_reviewer, staff
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

ADDRESS = "/staff/requests/new/"
CALL = {
    "phone": "0321 7654987",
    "patient_name": "Bilal Ahmad",
    "about": "not_sure",
    "channel": "phone",
    "consent": "phone",
    "then": "time",
}


@pytest.fixture
def amna(db: None, client: Client) -> User:
    a_notice()
    open_every_day()
    ClinicProfile.objects.create(name="A clinic", answer_within_hours=4)
    user = staff(COORDINATOR, first_name="Amna", last_name="Sheikh")
    client.force_login(user)
    return user


def sends(client: Client, page: Page | None = None, **changes: str) -> Any:
    """Send the form with the hidden fields of a page: this one, or a new one."""
    page = page or read(client.get(ADDRESS))
    return client.post(ADDRESS, page.one("form", class_="new-request").hidden_fields() | CALL | changes)


def taken(client: Client, **changes: str) -> ConsultationRequest:
    assert sends(client, **changes).status_code == 303
    return ConsultationRequest.objects.latest("pk")


def test_phone_call_is_recorded_as_it_was(client: Client, amna: User) -> None:
    response = sends(client)
    request = ConsultationRequest.objects.get()
    assert response["Location"] == f"/staff/requests/{request.pk}/time/?to=confirmed"
    assert (request.channel, request.consent, request.taken_by) == ("phone", "phone", amna)
    assert (request.patient_age, request.assignee, request.status) == (None, amna, "contacting")
    assert (request.promised_by, request.call_back_at) == (None, None)
    assert request.first_contact_at == request.consented_at == request.created_at
    assert not request.links.exists() and request not in due()
    page = read(client.get(f"/staff/requests/{request.pk}/"))
    assert "Taken by Amna Sheikh on the phone Consent: Said on the phone" in page.by_class("timeline")[0].text
    assert "Sent by" not in page.main.text
    mother = {"for_whom": "child", "requester_name": "Sana Ahmad", "relationship": "mother"}
    baby = {"phone": "0300 1112223", "patient_age": "8 months"}
    with_age = taken(client, channel="desk", consent="in_person", then="request", **mother, **baby)
    assert (with_age.patient_age, with_age.age_as_typed) == (0, "8 months")
    assert "Taken by Amna Sheikh at the desk" in read(client.get(f"/staff/requests/{with_age.pk}/")).main.text


def test_walk_is_phone_call_to_agreed_time(client: Client, amna: User) -> None:
    practitioner = a_reviewer()
    page = read(client.get(sends(client)["Location"]))
    agreed = page.one("input", name="way", value="agreed")
    assert "checked" in agreed.attributes
    form = page.by_class("times__offer")[0]
    sent = form.hidden_fields() | {"starts": at(12).isoformat(), "way": "agreed"}
    request = ConsultationRequest.objects.get()
    assert client.post(f"/staff/requests/{request.pk}/time/", sent).status_code == 303
    request.refresh_from_db()
    appointment = request.appointments.get()
    assert (request.status, appointment.practitioner) == ("confirmed", practitioner)
    assert appointment.patient_informed_at


def test_number_is_looked_up_first(client: Client, amna: User) -> None:
    other = a_request(patient_name="Hina Malik", phone="+923217654987")
    half = {"patient_name": "", "about": "", "consent": ""}
    page = read(sends(client, look_up="1", **half))
    assert "Also from this number Hina Malik" in page.main.text and "Open: New" in page.main.text
    folded = [part for part in page.by_class("new-request__more") if "open" in part.attributes]
    assert not folded
    assert page.one("input", name="phone")["value"] == "0321 7654987"
    assert not page.by_class("errorlist") and "autofocus" in page.one("input", name="patient_name").attributes
    assert Disclosure.objects.get().request == other
    unknown = read(sends(client, look_up="1", phone="0300 1112223", **half))
    assert "No request from this number yet." in unknown.main.text
    wrong = read(sends(client, look_up="1", phone="12", **half))
    assert len(wrong.by_class("errorlist")) == 1 and wrong.title.startswith("Error: ")

    # Saved without looking up: the open request is shown once, and then it is meant.
    asked = sends(client)
    assert asked.status_code == 400 and "This number has an open request." in read(asked).main.text
    assert ConsultationRequest.objects.count() == 1
    assert sends(client, read(asked)).status_code == 303
    ConsultationRequest.objects.update(status="completed")
    assert sends(client).status_code == 303


def test_double_press_stores_one_and_another_call_another(client: Client, amna: User) -> None:
    page = read(client.get(ADDRESS))
    first, second = sends(client, page), sends(client, page)
    assert first["Location"] == second["Location"]
    assert ConsultationRequest.objects.count() == 1
    # Back, and the next caller typed over the last one.
    response = sends(client, page, patient_name="Hina Malik")
    reference = ConsultationRequest.objects.get().reference
    assert response.status_code == 400
    assert reference in read(response).by_class("errornote")[0].text
    assert read(response).one("input", name="patient_name")["value"] == "Hina Malik"
    assert sends(client, read(response), patient_name="Hina Malik", known="+923217654987").status_code == 303
    assert ConsultationRequest.objects.count() == 2
    forged = sends(client, key="forged", known="+923217654987")
    assert "Press the button again." in read(forged).main.text


def test_errors_are_sentences_and_nothing_typed_is_lost(client: Client, amna: User) -> None:
    cases = (
        ({"phone": "0301"}, "Enter one phone number"),
        ({"patient_name": "\x00\u200b"}, "Enter the patient’s full name"),
        ({"patient_name": "a" * 200_000}, "Use 120 characters or fewer"),
        ({"about": "procedure:gone"}, "Choose what it is about"),
        ({"channel": "website"}, "Choose how they contacted us"),
        ({"consent": ""}, "Read the notice aloud, then choose how they agreed"),
        ({"consent": "form"}, "Read the notice aloud, then choose how they agreed"),
        ({"patient_age": "old"}, "Enter the patient’s age in years"),
        ({"patient_age": "0"}, "Enter the age of the person who asks"),
        ({"onset": "99"}, "Choose when it began"),
        ({"for_whom": "dog"}, "Choose who is asking"),
        ({"for_whom": "child"}, "Enter the name of the person who asks"),
        ({"for_whom": "adult", "requester_name": "Ali"}, "Enter their relationship"),
        ({"contact_method": "email"}, "Enter an email address"),
        ({"email": "ali@"}, "Enter an email address"),
        ({"contact_method": "whatsapp", "phone": "042 35761999"}, "Enter a mobile number"),
        ({"speaks": "other"}, "Enter the name of the language"),
    )
    for changes, sentence in cases:
        response = sends(client, message="He cut his hand.", **changes)
        assert response.status_code == 400, changes
        page = read(response)
        assert any(sentence in found.text for found in page.by_class("errorlist")), changes
        assert page.title.startswith("Error: ")
        assert page.one("textarea", name="message").text == "He cut his hand."
        folded = page.one("input", name="city").parent
        while folded and folded.tag != "details":
            folded = folded.parent
        assert folded and "open" in folded.attributes
    assert not ConsultationRequest.objects.exists()


def test_relative_language_and_shared_phone(client: Client, amna: User) -> None:
    relative = {"for_whom": "adult", "requester_name": "Sana Ahmad", "relationship": "wife"}
    relative["patient_knows"] = "yes"
    request = taken(client, phone_is_shared="on", speaks="en", city="Multan", **relative)
    assert (request.sender, request.language, request.city) == ("Sana Ahmad (wife)", "en", "Multan")
    assert (request.phone_is_shared, request.may_identify_clinic) == (True, "no")
    found = ConsultationRequest.objects.search("Sana Ahmad")
    assert list(found) == [request]
    alone = taken(client, phone="0300 1112223", speaks="pa")
    assert (alone.language, alone.may_identify_clinic, alone.contact_name) == ("en", "yes", "Bilal Ahmad")


def test_only_a_given_email_gets_a_mail_and_staff_none(client: Client, amna: User, settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@clinic.example"]
    taken(client)
    settings.MAIL_DELIVERY = "off"
    taken(client, phone="0300 1112224")
    settings.MAIL_DELIVERY = "smtp"
    assert not OutgoingMessage.objects.exists()
    assert not ConsultationRequest.objects.unannounced().exists()
    taken(client, phone="0300 1112223", email="ali@example.com", speaks="en")
    message = OutgoingMessage.objects.get()
    assert (message.kind, message.to) == ("acknowledgement", "ali@example.com")
    assert "to set a time" in message.text


def test_desk_is_not_limited_like_the_public_form(client: Client, amna: User) -> None:
    for number in range(12):  # of one number, more than the public form may send in a day
        request = taken(client, patient_name=f"Child{number} Ahmad", known="+923217654987")
        assert request.status == "contacting"


def test_taken_requests_are_copied_exported_and_erased(client: Client, amna: User) -> None:
    request = taken(client)
    data = subject_access.everything(request)
    assert (data["channel"], data["how they agreed"]) == ("Phone call", "Said on the phone")
    assert "Sheikh" not in str(data)
    today = timezone.localdate()
    rows = b"".join(
        csv_export.export(today, today, ["channel", "consent", "taken_by"], actor=amna, reason="report")
    )
    assert rows.decode().splitlines()[1:] == ["Phone call,Said on the phone,Amna Sheikh"]
    presenter = RequestStatusPresenter(request)
    assert presenter.headline == "We have your request" and not presenter.waits_for_first_contact
    erasure.erase(request, actor=amna, reason="asked_by_phone")
    assert (request.patient_name, request.channel, request.taken_by) == ("", "phone", amna)


def test_figures_of_the_first_contact_leave_out_taken_requests(client: Client, amna: User) -> None:
    taken(client)
    a_request(phone="+923001112223")
    today = timezone.localdate()
    tables = {table.name: table for table in tables_of(Period(today, today), timezone.now())}
    assert tables["first-contact"].rows[0][1] == "1" and tables["first-contact"].rows[1][1] == "0 (0%)"
    promises = {row[0]: row[1] for row in tables["promise"].rows}
    assert (promises["Not due yet"], promises["Nothing was promised"]) == ("1", "0")
    assert {row[0]: row[1] for row in tables["pages"].rows} == {"Not known": "1", "Phone call": "1"}


def test_usual_response_time_leaves_out_taken_requests(client: Client, amna: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(response_time, "MIN_ANSWERED_REQUESTS", 1)
    taken(client)
    assert response_time._median_hours(timezone.now()) is None


def test_form_is_closed_without_a_notice(client: Client) -> None:
    client.force_login(staff(COORDINATOR))
    page = read(client.get(ADDRESS))
    assert "No privacy notice is published" in page.main.text and not page.by_class("new-request")
