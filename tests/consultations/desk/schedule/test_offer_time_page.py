"""The time picker: free times, offers, conflicts and invalid input."""

from datetime import UTC, date, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import Closure
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.consultation.request_pages import a_colleague
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.desk.schedule.calendar_helpers import at, given, open_every_day
from tests.factories import a_request, a_reviewer
from tests.pages import Page, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def consultation(db: None) -> ConsultationRequest:
    return a_request()


def address(request: ConsultationRequest) -> str:
    return reverse("desk:offer_time", args=[request.pk])


def send(desk: Client, request: ConsultationRequest, **changes: Any) -> Any:
    values = {
        "practitioner": Practitioner.objects.order_by("pk")[0].pk,
        "length": "30",
        "starts": at(10).isoformat(),
        "other_day": "",
        "other_time": "",
        "way": "offered",
        "version": request.version,
    } | changes
    return desk.post(address(request), values)


def typed(days: int, hour: int = 10, minute: int = 0) -> dict[str, str]:
    moment = at(hour, minute, days=days)
    return {"starts": "other", "other_day": f"{moment:%Y-%m-%d}", "other_time": f"{moment:%H:%M}"}


def free(page: Page, day: str) -> list[str]:
    """The free start times of a day, in UTC."""
    return [radio["value"][11:16] for radio in page.all("input", name="starts") if day in radio["value"]]


def warnings(desk: Client, response: Any) -> list[str]:
    """Follow the redirect after an offer."""
    assert response.status_code == 303
    page = read(desk.get(response["Location"]))
    return [line.text for line in page.all("li", class_="warning")]


def test_free_times_are_in_opening_hours_and_not_taken(
    coordinator: Client, practitioner: Practitioner, consultation: ConsultationRequest
) -> None:
    open_every_day(time(10), time(12, 30))
    given(a_request(), practitioner, at(10, 30, days=1))
    given(a_request(), a_reviewer(name="Dr. Other", position=1), at(11, days=1))
    given(consultation, practitioner, at(12, days=1))  # would be replaced
    query = {"day": "2026-11-24", "practitioner": practitioner.pk}
    page = read(coordinator.get(address(consultation), query))
    # 10, 11, 11:30 and 12 in Lahore; 10:30 is taken.
    assert free(page, "2026-11-24") == ["05:00", "06:00", "06:30", "07:00"]
    assert "10:30 am – 11 am taken" in page.one("main").text
    # Today it is 11 am, and a long appointment ends within the opening hours.
    page = read(coordinator.get(address(consultation), {"length": "60"}))
    assert free(page, "2026-11-23") == ["06:30"]


def test_picker_names_closures_and_marks_preferences(coordinator: Client, practitioner: Practitioner) -> None:
    open_every_day(time(10), time(13))
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 26))
    for number in range(4):
        given(a_request(), practitioner, at(10 + number, days=4), minutes=60)
    given(a_request(), practitioner, at(10, days=5))
    request = a_request(days=[1], parts_of_day=["afternoon"], access_needs="A ramp")
    page = read(coordinator.get(address(request)))
    _monday, tuesday, wednesday, thursday, friday, saturday, *_others = page.all("fieldset")
    assert "Closed: Eid" in wednesday.text and "Closed: Eid" in thursday.text
    assert not free(page, "2026-11-25") and not free(page, "2026-11-26")
    assert "Nothing is free." in friday.text and "Nothing is free." not in saturday.text
    legends = [legend.text for legend in page.all("legend")]
    assert "Tuesday 24 November wished" in legends and "Monday 23 November" in legends
    assert "Morning 10 am" in tuesday.text and "Afternoon wished noon" in tuesday.text
    assert "A ramp" in page.one("main").text


def test_picker_links_to_other_weeks_but_not_past_ones(
    coordinator: Client, practitioner: Practitioner, consultation: ConsultationRequest
) -> None:
    page = read(
        coordinator.get(address(consultation), {"day": "2020-01-01", "length": "45", "to": "confirmed"})
    )
    links = {link.text: link["href"] for link in page.all("a")}
    assert "Week before" not in links
    page = read(coordinator.get(address(consultation) + links["Next week"]))
    assert "Monday 30 November" in page.one("main").text
    assert page.one("h2", id="free").text == "45 minutes with Dr. Ayesha Khan"
    assert "day=2026-11-23" in {link.text: link["href"] for link in page.all("a")}["Week before"]
    (checked,) = [radio for radio in page.all("input", name="way") if "checked" in radio.attributes]
    assert checked["value"] == "agreed"


def test_picked_time_is_offered_once(coordinator: Client, practitioner: Practitioner) -> None:
    consultation = a_request(email="ayesha@example.com")
    for _press in range(2):
        response = send(coordinator, consultation)
        there = reverse("desk:request", args=[consultation.pk])
        assert (response.status_code, response["Location"]) == (303, there)
    for changes in ({"length": "45"}, {"way": "agreed"}, {"starts": at(11).isoformat()}):
        assert send(coordinator, consultation, **changes).status_code == 409, changes
    coordinator.force_login(a_colleague())
    assert send(coordinator, consultation).status_code == 409
    appointment = Appointment.objects.get()
    assert (appointment.starts_at, appointment.ends_at) == (at(10), at(10, 30))
    assert appointment.state == Appointment.State.OFFERED
    assert consultation.events.filter(kind="time_offered").count() == 1
    consultation.refresh_from_db()
    assert consultation.status == Status.PROPOSED
    assert consultation.first_contact_at is not None


def test_typed_time_may_be_closed_or_past(coordinator: Client, practitioner: Practitioner) -> None:
    request = a_request(email="ayesha@example.com")
    closed = "The clinic is closed at this time. Make sure that staff will be there."
    assert warnings(coordinator, send(coordinator, request, way="agreed", **typed(6, 20, 5))) == [closed]
    assert Appointment.objects.get().starts_at == at(20, 5, days=6)
    open_every_day()
    visited = a_request()
    assert warnings(coordinator, send(coordinator, visited, way="agreed", **typed(-2))) == []
    assert visited.appointments.get().starts_at == at(10, days=-2)


def test_staff_are_warned_when_patient_gets_no_mail(coordinator: Client, practitioner: Practitioner) -> None:
    open_every_day()
    unannounced = "No email: nobody has been told yet. Call, or write on WhatsApp."
    by_phone_only = "No email: the time was only agreed by phone. Confirm it on WhatsApp."
    for days, (email, way, expected) in enumerate(
        (
            ("", "offered", [unannounced]),
            ("", "agreed", [by_phone_only]),
            ("ayesha@example.com", "offered", []),
            ("ayesha@example.com", "agreed", []),
        )
    ):
        response = send(
            coordinator, a_request(email=email), way=way, starts=at(10, days=2 + days).isoformat()
        )
        assert warnings(coordinator, response) == expected, (email, way)


def test_begun_closed_or_erased_request_gets_no_appointment(
    coordinator: Client, practitioner: Practitioner
) -> None:
    given(begun := a_request(), practitioner, at(10, days=0), agreed=True)
    declined, erased = a_request(status=Status.DECLINED), a_request()
    as_erased(erased)
    for consultation, sentence in (
        (begun, "Record attendance first"),
        (declined, "A request with this status cannot get an appointment."),
        (erased, ""),
    ):
        response = coordinator.get(address(consultation))
        assert response.status_code == 200
        assert sentence in read(response).one("main").text
        assert not read(response).all("input", name="starts")
        response = send(coordinator, consultation)
        assert response.status_code == 409
        assert "This request cannot get an appointment now." in read(response).one("main").text
    assert Appointment.objects.count() == 1


def test_taken_time_keeps_form_values(
    coordinator: Client, practitioner: Practitioner, consultation: ConsultationRequest
) -> None:
    open_every_day()
    given(a_request(), practitioner, at(10))
    response = send(coordinator, consultation, way="agreed", length="15")
    assert response.status_code == 409
    page = read(response)
    assert page.one("title").text.startswith("Error: ")
    assert "A time with Dr. Ayesha Khan that you chose is already taken" in page.one("main").text
    assert page.one("input", name="other_time")["value"] == "10:00"
    assert page.one("input", name="other_day")["value"] == "2026-11-26"
    checked = {each["value"] for each in page.all("input") if "checked" in each.attributes}
    assert checked == {"other", "agreed"}
    assert page.one("input", name="length")["value"] == "15"


def test_any_change_of_request_is_a_conflict_that_can_be_submitted_again(
    coordinator: Client, practitioner: Practitioner, consultation: ConsultationRequest
) -> None:
    given(consultation, practitioner, at(15))
    contact = {"version": consultation.version, "outcome": "no_answer"}
    coordinator.post(reverse("desk:contact", args=[consultation.pk]), contact)
    response = send(coordinator, consultation)
    assert response.status_code == 409
    page = read(response)
    assert "Someone else has just changed this request" in page.one("main").text
    assert send(coordinator, consultation, version=page.hidden_fields()["version"]).status_code == 303
    assert [found.starts_at for found in consultation.appointments.live()] == [at(10)]
    assert consultation.appointments.count() == 2


LIST, FIVE_MINUTES = "Choose one of the times, or type another.", "Choose a full five minutes, like 17:35."
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"starts": ""}, LIST),
    ({"starts": "2026-13-45T99:99"}, LIST),
    ({"starts": "9999-12-31T23:55:00-12:00"}, "Choose a time within the next year."),
    ({"starts": "0001-01-01T00:00:00+14:00"}, "This time is past. Choose a later one."),
    ({"starts": "2026-11-26T10:02:00+05:00"}, FIVE_MINUTES),
    ({"starts": "2026-11-26T10:00:00.000001+05:00"}, FIVE_MINUTES),
    ({"starts": "\x00🙂"}, LIST),
    ({"starts": "x" * 10000}, LIST),
    ({"starts": "other"}, "Enter the day."),
    ({"starts": "other", "other_day": "2026-11-26"}, "Enter the time."),
    ({"starts": "other", "other_day": "9999-12-31", "other_time": "23:59"}, "Choose a time within the next"),
    ({"starts": "other", "other_day": "0001-01-01", "other_time": "00:00"}, "This time is past."),
    ({"starts": "other", "other_day": "tomorrow", "other_time": "noon"}, "Enter the day, like 2026-11-30."),
    (
        {"starts": "other", "other_day": "۲۰۲۶-۱۱-۲۶", "other_time": "10:01"},
        "Enter the day, like 2026-11-30.",
    ),
    ({"length": "7"}, "Choose how long it takes."),
    ({"length": "9" * 400}, "Choose how long it takes."),
    ({"practitioner": "9" * 400}, "Choose a practitioner who is in the list."),
    ({"practitioner": "\x00"}, "Null characters are not allowed."),
    ({"practitioner": ""}, "Choose a practitioner."),
    ({"way": "sure"}, "Say whether the time is offered or agreed."),
    ({"version": ""}, "Someone else has just changed this request."),
    ({"version": "\x00"}, "Someone else has just changed this request."),
    ({"version": "9" * 400}, "Someone else has just changed this request."),
    ({"version": "-1"}, "Someone else has just changed this request."),
    ({"day": "9999-12-31", "way": ""}, "Say whether the time is offered or agreed."),
    ({"day": "0001-01-01", "way": ""}, "Say whether the time is offered or agreed."),
]


def test_invalid_input_stores_nothing(
    coordinator: Client, practitioner: Practitioner, consultation: ConsultationRequest
) -> None:
    for wrong, sentence in INVALID:
        response = send(coordinator, consultation, **wrong)
        assert response.status_code in (400, 409), wrong
        assert sentence in read(response).one("div", role="alert").text, wrong
        query = {name: wrong[name] for name in ("practitioner", "length", "day") if name in wrong}
        if query:
            assert coordinator.get(address(consultation), query).status_code == 200, wrong
    for days, way, sentence in (
        (-2, "offered", "This time is past. Choose a later one."),
        (-8, "agreed", "Choose a time of the last seven days, or a later one."),
        (400, "agreed", "Choose a time within the next year."),
    ):
        response = send(coordinator, consultation, way=way, **typed(days))
        assert response.status_code == 400
        assert sentence in read(response).one("span", id="other_day-error").text
    response = send(coordinator, consultation, **typed(3, 10, 2))
    assert read(response).one("span", id="other_time-error").text == FIVE_MINUTES
    assert not Appointment.objects.exists()


def test_up_to_three_times_are_offered_and_one_is_agreed(
    coordinator: Client, practitioner: Practitioner, consultation: ConsultationRequest
) -> None:
    open_every_day()
    ten, *others = [at(hour).astimezone(UTC).isoformat() for hour in (10, 11, 12, 13)]
    half_past = at(10, 30).astimezone(UTC).isoformat()
    for times, changes, sentence in (
        ([ten, *others], {}, "Choose up to three times."),
        ([ten, others[0]], {"way": "agreed"}, "Choose only the time that was agreed."),
        ([ten, half_past], {"length": "45"}, "Choose times that do not overlap."),
    ):
        response = send(coordinator, consultation, starts=times, **changes)
        assert response.status_code == 400
        assert sentence in read(response).one("div", role="alert").text
        checked = [box for box in read(response).all("input", name="starts") if "checked" in box.attributes]
        assert len(checked) >= 2
    response = send(coordinator, consultation, starts=[ten, *others[:2]])
    assert [row.starts_at for row in consultation.appointments.all()] == [at(10), at(11), at(12)]
    shown = read(coordinator.get(response["Location"]))
    assert "Thursday 26 November, noon" in shown.one("li", class_="success").text
    # Times that a new offer would replace are free.
    picker = read(coordinator.get(address(consultation), {"day": "2026-11-26"}))
    assert {"05:00", "06:00", "07:00"} <= set(free(picker, "2026-11-26"))
    assert "Thursday 26 November, 11 am; Thursday 26 November, noon" in picker.one("dl").text


def test_picker_get_writes_audit_log_only(coordinator: Client, consultation: ConsultationRequest) -> None:
    coordinator.get(address(consultation))
    assert Disclosure.objects.get(request=consultation).kind == Disclosure.Kind.OPENED
    stored = ConsultationRequest.objects.get()
    assert (stored.status, stored.version, stored.appointments.count()) == (Status.NEW, 0, 0)
