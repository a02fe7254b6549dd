"""Telling a patient by WhatsApp or SMS: what is told after each step, and when it counts as told."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clinic_site.mail.models import OutgoingMessage
from consultations.lifecycle import staff_actions
from consultations.models import Appointment, Disclosure, Event, PrivateLink
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.consultation.request_pages import NOT_POSSIBLE, SOMEONE_ELSE, Desk
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.desk.schedule.calendar_helpers import at, due, given, open_every_day
from tests.consultations.messaging.message_helpers import a_clinic
from tests.factories import a_coordinator, a_request, a_reviewer, change_status, version_of
from tests.pages import Element

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

IDENTIFIED = {"may_identify_clinic": "yes", "contact_method": "any"}


@pytest.fixture
def practitioner(db: None) -> Practitioner:
    a_clinic()
    open_every_day()
    return a_reviewer()


def a_desk(**changes: Any) -> Desk:
    return Desk(a_request(**IDENTIFIED | changes), a_coordinator())


def panel(desk: Desk) -> Element | None:
    found = desk.opens().by_class("tell")
    return found[0] if found else None


def heading(desk: Desk) -> str:
    found = panel(desk)
    return found.one("h2").text if found else ""


def sends(desk: Desk, channel: str = "whatsapp", kind: str = "") -> Any:
    """Press the button of the panel on the screen; return the response."""
    found = panel(desk)
    assert found
    kind = kind or found.one("form", class_="tell__send").hidden_fields()["kind"]
    return desk.client.post(desk.address("text/"), desk.carried | {"kind": kind, "channel": channel})


def text_in(response: Any) -> str:
    """The text that the chat is opened with."""
    assert response.status_code == 200
    address = urlsplit(response["Refresh"].removeprefix("0; url="))
    assert (address.netloc, address.path) == ("wa.me", "/923012345678")
    return parse_qs(address.query)["text"][0]


def confirms(desk: Desk, sent: str = "yes") -> str:
    found = panel(desk)
    assert found
    fields = found.one("form", class_="tell__confirm").hidden_fields()
    desk.presses("text/sent", **{name: fields[name] for name in ("kind", "channel")}, sent=sent)
    return desk.problem or desk.message


def test_each_step_has_its_text(practitioner: Practitioner) -> None:
    desk = a_desk()
    assert panel(desk) is None
    given(desk.request, practitioner, at(10))
    assert heading(desk) == "Tell the patient: time offered"
    given(desk.request, practitioner, at(11), agreed=True)
    assert heading(desk) == "Tell the patient: appointment agreed"
    given(desk.request, practitioner, at(12), agreed=True)
    assert heading(desk) == "Tell the patient: appointment moved"
    assert "The new time is Thursday 26 November, noon" in text_in(sends(desk))
    given(desk.request, practitioner, at(15))  # held beside the agreed one
    assert heading(desk) == "Tell the patient: time offered"
    assert "3 pm" in text_in(sends(desk)) and "noon" not in text_in(sends(desk))
    change_status(desk.request, Status.CONTACTING)
    assert heading(desk) == "Tell the patient: appointment canceled"
    assert "noon is canceled" in text_in(sends(desk))
    given(desk.request, practitioner, at(12), agreed=True)
    assert heading(desk) == "Tell the patient: appointment agreed"
    change_status(desk.request, Status.DECLINED)
    assert heading(desk) == "Tell the patient: declined"
    assert "In an emergency, call 1122." in text_in(sends(desk))
    assert confirms(desk) == "Recorded: sent."
    change_status(desk.request, Status.CONTACTING)
    assert panel(desk) is None


def test_patient_is_not_told_what_they_did_or_what_is_past(practitioner: Practitioner, clock: Any) -> None:
    desk = a_desk()
    offered = given(desk.request, practitioner, at(10))
    actions.accept_time(desk.request, offered.pk)
    assert panel(desk) is None
    actions.request_another_time(desk.request, desk.stored().version, "")
    assert panel(desk) is None
    actions.withdraw(desk.request)
    assert panel(desk) is None
    withdrawn, erased, past = a_desk(), a_desk(), a_desk()
    for hour, desk in enumerate((withdrawn, erased, past), start=11):
        given(desk.request, practitioner, at(hour), agreed=True)
        assert panel(desk)
    change_status(withdrawn.request, Status.WITHDRAWN)  # at their request
    as_erased(erased.request)
    clock.move_to(at(13) + timedelta(minutes=1))
    for desk in (withdrawn, erased, past):
        desk.client.force_login(desk.user)
        assert 'id="tell"' not in desk.client.get(desk.address()).content.decode()


def test_opened_is_not_told_until_confirmed(practitioner: Practitioner, clock: Any) -> None:
    desk = a_desk()
    offered = given(desk.request, practitioner, at(10))
    links = PrivateLink.objects.count()
    assert panel(desk) and PrivateLink.objects.count() == links, "looking makes no link"
    text = text_in(sends(desk))
    assert PrivateLink.objects.count() == links + 1
    [link] = [line for line in text.splitlines() if "/r/" in line]
    assert desk.client.get(urlsplit(link).path).status_code == 200
    clock.shift(60)
    found = panel(desk)
    assert found and "Opened at 11 am, not confirmed." in found.text
    offered.refresh_from_db()
    assert offered.patient_informed_at is None and due() == [desk.request]
    assert confirms(desk, "no") == "Recorded: not sent."
    found = panel(desk)
    assert found and "not confirmed" not in found.text and due() == [desk.request]
    sends(desk)
    assert confirms(desk) == "Recorded: sent."
    offered.refresh_from_db()
    assert offered.patient_informed_at == desk.stored().first_contact_at
    assert due() == []
    found = panel(desk)
    assert found and "Told by WhatsApp on" in found.text
    assert "open" not in found.one("details").attributes
    assert desk.kinds()[-4:] == ["message_opened", "message_not_sent", "message_opened", "contacted"]
    assert "Message sent. Text: time offered (WhatsApp)" in desk.timeline()
    assert Disclosure.objects.filter(request=desk.request, kind=Disclosure.Kind.OPENED).exists()


def test_second_press_counts_once(practitioner: Practitioner, clock: Any) -> None:
    desk = a_desk()
    given(desk.request, practitioner, at(10))
    sends(desk), sends(desk)
    assert desk.kinds().count("message_opened") == 1
    sent = {"kind": "text_offered", "channel": "whatsapp", "sent": "yes"}
    for _press in range(2):
        desk.presses("text/sent", **sent)  # with the version before the first press
        assert desk.message == "Recorded: sent."
    assert desk.kinds().count("contacted") == 1
    sends(desk)
    for _press in range(2):
        desk.presses("text/sent", **sent | {"sent": "no"})
        assert desk.message == "Recorded: not sent."
    assert desk.kinds().count("message_not_sent") == 1


def test_older_screen_tells_nothing(practitioner: Practitioner) -> None:
    desk = a_desk()
    offered = given(desk.request, practitioner, at(10))
    desk.opens()
    given(desk.request, practitioner, at(12))
    links = PrivateLink.objects.count()
    desk.presses("text", kind="text_offered", channel="whatsapp")
    assert desk.response.status_code == 409 and SOMEONE_ELSE in desk.problem
    desk.presses("text/sent", kind="text_offered", channel="whatsapp", sent="yes")
    assert desk.response.status_code == 409 and SOMEONE_ELSE in desk.problem
    assert PrivateLink.objects.count() == links and "message_opened" not in desk.kinds()
    offered.refresh_from_db()
    assert offered.patient_informed_at is None
    desk.looks()
    for changes, status in (
        ({"kind": "text_agreed"}, 409),  # not the step
        ({"kind": "sms_reminder"}, 409),  # nothing is agreed
        ({"kind": "declined"}, 400),
        ({"kind": "", "channel": "fax"}, 400),
    ):
        desk.presses("text", **{"kind": "text_offered", "channel": "whatsapp"} | changes)
        assert desk.response.status_code == status, changes
    landline = a_desk(phone="+924235761999")
    given(landline.request, practitioner, at(15))
    landline.looks()
    landline.presses("text", kind="text_offered", channel="sms")
    assert landline.problem == NOT_POSSIBLE
    found = panel(landline)
    assert found and found.one("a", href="tel:+924235761999")
    landline.presses("contact", outcome="spoke")
    found = panel(landline)
    assert found and "Told on" in found.text


def test_patient_who_must_not_be_identified_is_only_asked_to_call(practitioner: Practitioner) -> None:
    desk = a_desk(may_identify_clinic="no")
    offered = given(desk.request, practitioner, at(10))
    links = PrivateLink.objects.count()
    found = panel(desk)
    assert found and "the text only asks them to call" in found.text
    text = text_in(sends(desk))
    assert "Please call us: 042 3576 1999." in text
    assert not [word for word in ("Canal", "http", "10 am", "Ayesha") if word in text]
    assert PrivateLink.objects.count() == links
    assert confirms(desk) == "Recorded: sent."
    offered.refresh_from_db()
    assert offered.patient_informed_at is None, "asked to call is not told"
    assert desk.stored().call_back_at
    found = panel(desk)
    assert found and "They do not know the rest yet." in found.text
    desk.presses("text", kind="text_private_link", channel="whatsapp")
    assert desk.problem == NOT_POSSIBLE and PrivateLink.objects.count() == links


def test_page_says_whom_to_ask_for(practitioner: Practitioner) -> None:
    desk = a_desk()
    assert "Ask for Ayesha Khan." in desk.opens().main.text
    desk = a_desk(
        for_whom="adult",
        requester_name="Bilal Khan",
        relationship="son",
        patient_name="Zainab Bibi",
        patient_knows="no",
    )
    given(desk.request, practitioner, at(10))
    found = panel(desk)
    assert found and "Ask for Bilal Khan (son)." in found.text
    assert "Not for the patient, who does not know." in found.text
    assert "Zainab" not in text_in(sends(desk))


def test_mail_about_the_step_folds_the_panel(practitioner: Practitioner) -> None:
    desk = a_desk(email="ayesha@example.com")
    given(desk.request, practitioner, at(10))
    found = panel(desk)
    assert found and "An email to them is on its way." in found.text
    assert "open" not in found.one("details").attributes
    OutgoingMessage.objects.filter(kind="appointment_offered").update(failed_at=at(9))
    found = panel(desk)
    assert found and "open" in found.one("details").attributes


def test_private_link_is_sent_without_telling_of_a_step(practitioner: Practitioner) -> None:
    desk = a_desk()
    offered = given(desk.request, practitioner, at(10))
    called = desk.stored().call_back_at
    text = text_in(sends(desk, kind="text_private_link"))
    assert "/r/" in text and desk.request.reference in text
    found = panel(desk)
    assert found and "A text with a new private link: Opened at 11 am, not confirmed." in found.text
    confirms(desk)
    offered.refresh_from_db()
    assert offered.patient_informed_at is None and desk.stored().call_back_at == called
    assert heading(desk) == "Tell the patient: time offered"


def test_nothing_is_sent_to_a_wrong_number(practitioner: Practitioner) -> None:
    desk = a_desk()
    assert desk.opens().by_class("tell__send")
    desk.presses("contact", outcome="wrong_number")
    assert not desk.opens().by_class("tell__send")
    links = PrivateLink.objects.count()
    desk.presses("text", kind="text_private_link", channel="whatsapp")
    assert desk.problem == NOT_POSSIBLE and PrivateLink.objects.count() == links
    given(desk.request, practitioner, at(10))
    found = panel(desk)
    assert found and not found.by_class("tell__send") and "The number is wrong" in found.text
    assert [button.text for button in found.all("button")] == ["Told on the phone"]


def test_copy_is_a_page_without_script_and_data_with_it(practitioner: Practitioner) -> None:
    desk = a_desk()
    desk.set_to(language="ur")
    given(desk.request, practitioner, at(10))
    response = sends(desk, "copy")
    assert "Refresh" not in response.headers
    desk.response = response
    area = desk.page.one("textarea")
    assert (area["lang"], area["dir"]) == ("ur", "rtl") and "/ur/r/" in area.text
    desk.opens()
    values = desk.carried | {"kind": "text_offered", "channel": "copy"}
    answer = desk.client.post(desk.address("text/"), values, headers={"accept": "application/json"})
    assert "/ur/r/" in answer.json()["text"]
    assert sends(desk, "sms")["Refresh"].startswith("0; url=sms:+923012345678?body=")


def test_told_on_the_phone_is_told(practitioner: Practitioner) -> None:
    desk = a_desk()
    given(desk.request, practitioner, at(10))
    staff_actions.record_contact(
        desk.request, "spoke", actor=a_coordinator(), version=version_of(desk.request)
    )
    found = panel(desk)
    assert found and "Told on" in found.text and not found.by_class("tell__confirm")
    assert Event.objects.filter(kind=Event.Kind.MESSAGE_OPENED).count() == 0
    assert Appointment.objects.get().patient_informed_at
