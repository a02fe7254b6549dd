"""The time picker: free times, offers, conflicts and invalid input."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import Closure, OpeningHours
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.schedule.calendar_helpers import a_coordinator, at, given, open_every_day
from tests.consultations.form_pages import Page
from tests.factories import a_request, a_reviewer

pytestmark = pytest.mark.django_db

# A Monday, 11 am in Lahore.
NOW = "2026-11-23T06:00:00Z"


@pytest.fixture(autouse=True)
def a_monday() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_coordinator())
    return client


def address(request: ConsultationRequest) -> str:
    return reverse("desk:offer_time", args=[request.pk])


def send(desk: Client, request: ConsultationRequest, by: Practitioner, **changes: Any) -> Any:
    values = {
        "practitioner": by.pk,
        "length": "30",
        "starts": at(10).isoformat(),
        "other_day": "",
        "other_time": "",
        "way": "offered",
        "expected_status": request.status,
        "expected_appointment": "",
    } | changes
    return desk.post(address(request), values)


def free(page: Page) -> list[str]:
    return [radio["value"] for radio in page.all("input", name="starts") if radio["value"] != "other"]


def test_free_times_are_in_opening_hours_and_not_taken(desk: Client) -> None:
    open_every_day(time(10), time(12))
    practitioner, other = a_reviewer(), a_reviewer(name="Dr. Other", position=1)
    given(a_request(), practitioner, at(10, 30, days=1))
    given(a_request(), other, at(11, days=1))
    page = Page(desk.get(address(a_request()), {"day": "2026-11-24", "practitioner": practitioner.pk}))
    tomorrow = [value for value in free(page) if value.startswith("2026-11-24")]
    # 10, 11 and 11:30 in Lahore; 10:30 is taken.
    assert [value[11:16] for value in tomorrow] == ["05:00", "06:00", "06:30"]
    assert "10:30 am – 11 am taken" in page.one("main").text


def test_long_appointment_ends_within_opening_hours(desk: Client) -> None:
    open_every_day(time(10), time(12, 30))
    a_reviewer()
    page = Page(desk.get(address(a_request()), {"length": "60"}))
    assert [value[11:16] for value in free(page) if value.startswith("2026-11-23")] == ["06:30"]


def test_picker_names_closures_and_marks_preferences(desk: Client) -> None:
    open_every_day(time(10), time(13))
    a_reviewer()
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 26))
    request = a_request(days=[1], parts_of_day=["afternoon"], access_needs="A ramp")
    page = Page(desk.get(address(request)))
    wednesday = page.all("fieldset")[2]
    assert "Closed: Eid" in wednesday.text and "AM" not in wednesday.text
    assert not [value for value in free(page) if value.startswith(("2026-11-25", "2026-11-26"))]
    legends = [legend.text for legend in page.all("legend")]
    assert "Tuesday 24 November wished" in legends and "Monday 23 November" in legends
    assert "Afternoon wished" in page.one("main").text and "A ramp" in page.one("main").text


def test_picker_shows_one_week_and_no_past_one(desk: Client) -> None:
    a_reviewer()
    page = Page(desk.get(address(a_request()), {"day": "2020-01-01", "length": "45", "to": "confirmed"}))
    links = {link.text: link["href"] for link in page.all("a")}
    assert "Week before" not in links
    assert "day=2026-11-30" in links["Next week"] and "length=45" in links["Next week"]
    assert "to=confirmed" in links["Next week"]
    (checked,) = [radio for radio in page.all("input", name="way") if "checked" in radio.attributes]
    assert checked["value"] == "agreed"


def test_picked_time_is_offered(desk: Client) -> None:
    open_every_day()
    request, practitioner = a_request(email="ayesha@example.com"), a_reviewer()
    response = send(desk, request, practitioner)
    assert (response.status_code, response["Location"]) == (303, reverse("desk:request", args=[request.pk]))
    appointment = Appointment.objects.get()
    assert (appointment.starts_at, appointment.ends_at) == (at(10), at(10, 30))
    assert appointment.state == Appointment.State.OFFERED
    request.refresh_from_db()
    assert request.status == Status.PROPOSED
    assert request.first_contact_at is not None


def test_typed_time_may_be_outside_opening_hours(desk: Client) -> None:
    request, practitioner = a_request(), a_reviewer()
    typed = {"starts": "other", "other_day": "2026-11-29", "other_time": "20:05", "way": "agreed"}
    response = desk.get(send(desk, request, practitioner, **typed)["Location"])
    assert Appointment.objects.get().starts_at == at(20, 5, days=6)
    assert "The clinic is not open at this time" in response.content.decode()


NOT_TOLD = "No email: the patient has not been told yet. Call, or write by WhatsApp."


@pytest.mark.parametrize(
    ("email", "way", "words"),
    [
        ("", "offered", NOT_TOLD),
        ("", "agreed", "No email: the patient has only heard this time. Confirm it by WhatsApp."),
        ("ayesha@example.com", "offered", ""),
        ("ayesha@example.com", "agreed", ""),
    ],
)
def test_staff_are_warned_when_patient_gets_no_mail(desk: Client, email: str, way: str, words: str) -> None:
    open_every_day()
    request, practitioner = a_request(email=email), a_reviewer()
    page = Page(desk.get(send(desk, request, practitioner, way=way)["Location"]))
    warnings = [line.text for line in page.all("li") if line.attributes.get("class") == "warning"]
    assert warnings == ([words] if words else [])


def typed(days: int, hour: int = 10) -> dict[str, str]:
    moment = at(hour, days=days)
    return {"starts": "other", "other_day": f"{moment:%Y-%m-%d}", "other_time": f"{moment:%H:%M}"}


def test_recent_visit_can_be_recorded_as_agreed(desk: Client) -> None:
    open_every_day()
    request, practitioner = a_request(), a_reviewer()
    response = send(desk, request, practitioner, way="agreed", **typed(-2))
    assert response.status_code == 303
    assert "No email" not in desk.get(response["Location"]).content.decode()
    assert Appointment.objects.get().starts_at == at(10, days=-2)


@pytest.mark.parametrize(
    ("days", "way", "words"),
    [
        (-2, "offered", "This time is past. Choose a later one."),
        (-8, "agreed", "Choose a time of the last seven days, or a later one."),
    ],
)
def test_other_past_times_are_refused(desk: Client, days: int, way: str, words: str) -> None:
    request, practitioner = a_request(), a_reviewer()
    response = send(desk, request, practitioner, way=way, **typed(days))
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not Appointment.objects.exists()


def test_attendance_is_required_before_next_appointment(desk: Client) -> None:
    open_every_day()
    request, practitioner = a_request(), a_reviewer()
    visit = given(request, practitioner, at(10, days=0), agreed=True)
    request.refresh_from_db()
    page = Page(desk.get(address(request)))
    assert "Record attendance first" in page.one("main").text
    assert not page.all("input", name="starts")
    assert send(desk, request, practitioner, expected_appointment=visit.pk).status_code == 409
    assert list(Appointment.objects.all()) == [visit]


def test_repeated_press_creates_one_appointment(desk: Client) -> None:
    request, practitioner = a_request(), a_reviewer()
    assert [send(desk, request, practitioner).status_code for _press in range(2)] == [303, 303]
    assert Appointment.objects.count() == 1


def test_taken_time_keeps_form_values(desk: Client) -> None:
    open_every_day()
    request, practitioner = a_request(), a_reviewer()
    given(a_request(), practitioner, at(10))
    response = send(desk, request, practitioner, way="agreed", length="15")
    assert response.status_code == 409
    page = Page(response)
    assert page.one("title").text.startswith("Error: ")
    assert "This time with Dr. Ayesha Khan is already taken" in page.one("main").text
    assert page.one("input", name="other_time")["value"] == "10:00"
    assert page.one("input", name="other_day")["value"] == "2026-11-26"
    checked = {radio["value"] for radio in page.all("input", type="radio") if "checked" in radio.attributes}
    assert checked == {"other", "agreed"}
    assert page.one("input", name="length")["value"] == "15"


def test_changed_request_can_be_submitted_again(desk: Client) -> None:
    open_every_day()
    request, practitioner = a_request(), a_reviewer()
    given(request, practitioner, at(15))
    response = send(desk, request, practitioner, expected_status="new")
    assert response.status_code == 409
    page = Page(response)
    assert "Someone else has just changed this request" in page.one("main").text
    hidden = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
    again = {name: hidden[name] for name in ("expected_status", "expected_appointment")}
    assert send(desk, request, practitioner, **again).status_code == 303
    assert [found.starts_at for found in request.appointments.live()] == [at(10)]
    assert request.appointments.count() == 2


def test_declined_request_gets_no_appointment(desk: Client) -> None:
    request, practitioner = a_request(status=Status.DECLINED), a_reviewer()
    page = Page(desk.get(address(request)))
    assert not page.all("input", name="starts")
    assert send(desk, request, practitioner).status_code == 409
    assert not Appointment.objects.exists()


INVALID: list[dict[str, Any]] = [
    {"starts": ""},
    {"starts": "2026-13-45T99:99"},
    {"starts": "2026-11-26T10:00"},
    {"starts": "9999-12-31T23:55:00-12:00"},
    {"starts": "0001-01-01T00:00:00+14:00"},
    {"starts": "2020-01-01T10:00:00+05:00"},
    {"starts": "2026-11-26T10:02:00+05:00"},
    {"starts": "2026-11-26T10:00:00.000001+05:00"},
    {"starts": "\x00🙂"},
    {"starts": "x" * 10000},
    {"starts": "other"},
    {"starts": "other", "other_day": "9999-12-31", "other_time": "23:59"},
    {"starts": "other", "other_day": "0001-01-01", "other_time": "00:00"},
    {"starts": "other", "other_day": "2028-01-01", "other_time": "10:00"},
    {"starts": "other", "other_day": "tomorrow", "other_time": "noon"},
    {"starts": "other", "other_day": "۲۰۲۶-۱۱-۲۶", "other_time": "10:01"},
    {"length": "7"},
    {"length": "9" * 400},
    {"practitioner": "9" * 400},
    {"practitioner": "\x00"},
    {"practitioner": ""},
    {"way": "sure"},
    {"expected_status": "nonsense"},
    {"expected_status": "\x00"},
    {"expected_appointment": "9" * 400},
    {"expected_appointment": "x"},
    {"day": "9999-12-31", "way": ""},
    {"day": "0001-01-01", "way": ""},
]


def test_invalid_input_stores_nothing(desk: Client) -> None:
    open_every_day()
    request, practitioner = a_request(), a_reviewer()
    for wrong in INVALID:
        response = send(desk, request, practitioner, **wrong)
        assert response.status_code in (400, 409), wrong
        assert 'role="alert"' in response.content.decode()
        assert not Appointment.objects.exists()
        query = {name: wrong[name] for name in ("practitioner", "length", "day") if name in wrong}
        assert desk.get(address(request), query).status_code == 200


def test_picker_get_writes_audit_log_only(desk: Client) -> None:
    request = a_request()
    a_reviewer()
    desk.get(address(request))
    request.refresh_from_db()
    assert (request.status, Appointment.objects.count()) == (Status.NEW, 0)
    assert Disclosure.objects.get().kind == Disclosure.Kind.OPENED


def test_picker_queries_do_not_grow_with_appointments(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    open_every_day()
    request, practitioner = a_request(), a_reviewer()
    for number in range(6):
        given(a_request(), practitioner, at(9) + timedelta(minutes=30 * number))
    OpeningHours.objects.filter(weekday=6).delete()
    desk.get("/staff/")
    with django_assert_max_num_queries(15):
        assert desk.get(address(request)).status_code == 200


def test_erased_request_shows_picker_and_takes_nothing(desk: Client) -> None:
    request, practitioner = a_request(), a_reviewer()
    erased = {"patient_name": "", "requester_name": "", "phone": "", "patient_age": None}
    ConsultationRequest.objects.filter(pk=request.pk).update(erased_at=at(1, days=0), **erased)
    assert desk.get(address(request)).status_code == 200
    assert send(desk, request, practitioner).status_code == 409
    assert not Appointment.objects.exists()
