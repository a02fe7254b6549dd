"""Overrides of message texts: checked, previewed on a real request, and deleted."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import KINDS
from consultations.models import Disclosure, MessageText, PrivateLink
from consultations.workflow import Status
from tests.admin_forms import errors_in, sent_by, warnings_in
from tests.consultations.messaging.message_helpers import a_clinic, an_appointment, with_email
from tests.factories import staff
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

LIST = "/staff/consultations/messagetext/"
EDIT = f"{LIST}appointment_agreed/en/"
GOOD = "New words: {{ when }} with {{ practitioner }}\n\n{{ link }}"


def grant(user: User, *codenames: str) -> User:
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(
        grant(staff(email="zara@clinic.example"), "change_messagetext", "view_consultationrequest")
    )
    return client


def form_of(client: Client, url: str = EDIT) -> dict[str, Any]:
    (form,) = (form for form in read(client.get(url)).main.all("form") if form.get("method") == "post")
    return sent_by(form)


def post(client: Client, do: str, url: str = EDIT, **changes: str) -> Any:
    return client.post(url, form_of(client, url) | changes | {"do": do})


def test_list_shows_which_texts_are_changed(manager: Client) -> None:
    post(manager, "save", text=GOOD)
    page = read(manager.get(LIST))
    rows = [row.text for row in page.main.all("tr")[1:]]
    assert len(rows) == len(KINDS)
    [row] = [row for row in rows if row.startswith("Appointment agreed")]
    assert "English: Appointment agreed changed by zara@clinic.example on" in row
    assert len([row for row in rows if "changed by" in row]) == 1


def test_staff_messages_exist_in_the_site_language_only(manager: Client, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("ur", "Urdu")]
    assert manager.get(f"{LIST}appointment_agreed/ur/").status_code == 200
    assert manager.get(f"{LIST}new_request/ur/").status_code == 404
    [text] = read(manager.get(f"{LIST}appointment_agreed/ur/")).all("textarea")
    assert (text["lang"], text["dir"]) == ("ur", "rtl")


def test_only_managers_are_allowed(client: Client) -> None:
    viewer = grant(staff(email="viewer@clinic.example"), "view_messagetext")
    for user in (*map(staff, ("", roles.EDITOR, roles.CLINICAL_REVIEWER, roles.COORDINATOR)), viewer):
        client.force_login(user)
        assert client.get(EDIT).status_code == 403, user
        for do in ("save", "preview", "default"):
            assert client.post(EDIT, {"subject": "x", "text": GOOD, "do": do}).status_code == 403, (user, do)
    assert client.get(LIST).status_code == 403
    assert not MessageText.objects.exists()


def test_unknown_messages_are_not_found_and_other_methods_refused(manager: Client) -> None:
    for url in (
        f"{LIST}nothing/en/",
        f"{LIST}appointment_agreed/xx/",
        f"{LIST}1/change/",
        f"{LIST}add/",
    ):
        assert manager.get(url).status_code == 404
        assert manager.post(url, {"do": "save", "text": GOOD}).status_code == 404
    assert manager.post(LIST).status_code == 405
    assert manager.put(EDIT).status_code == 405


def test_override_is_saved_and_deleted(manager: Client) -> None:
    answer = post(manager, "save", subject="Your time {{ reference }}", text=GOOD)
    assert (answer.status_code, answer["Location"]) == (303, EDIT)
    row = MessageText.objects.get()
    assert (row.kind, row.language, row.subject) == ("appointment_agreed", "en", "Your time {{ reference }}")
    assert row.text == GOOD
    assert row.changed_by.email == "zara@clinic.example"
    assert form_of(manager)["subject"] == "Your time {{ reference }}"
    assert message_templates.template_for("appointment_agreed", "en").text == GOOD
    answer = post(manager, "default")
    assert answer.status_code == 303
    assert warnings_in(answer)[-1] == "The default text will be sent again."
    assert not MessageText.objects.exists()
    assert "Your appointment is confirmed" in form_of(manager)["text"]
    logged = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(logged) == ["Changed the text.", "Went back to the default text."]


def test_default_text_can_be_saved_unchanged(manager: Client) -> None:
    for kind in KINDS:
        assert post(manager, "save", f"{LIST}{kind}/en/").status_code == 303, kind
        row = MessageText.objects.get(kind=kind)
        assert message_templates.problems(kind, row.subject, row.text) == {}


def test_unusable_text_is_not_saved_and_nothing_typed_is_lost(manager: Client) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        (
            {"text": GOOD + " {{ refrence }}"},
            "{{ refrence }} is not a placeholder of this message. Use {{ reference }}.",
        ),
        ({"text": "{{ when }} {{ practitioner }}"}, "Add {{ link }}. The address of the private page."),
        (
            {"text": GOOD + " {reference}"},
            "Write a placeholder in two pairs of braces, like {{ reference }}.",
        ),
        ({"text": ""}, "This field is required."),
        ({"text": "\u200e\u202e"}, "Write a text."),
        ({"text": "a\0b"}, "Null characters are not allowed."),
        ({"text": GOOD + "x" * 4000}, "Ensure this value has at most 4000 characters"),
        ({"subject": ""}, "This field is required."),
        ({"subject": "For {{ name }}"}, "{{ name }} is not a placeholder of this message."),
        ({"subject": "x" * 121}, "Ensure this value has at most 120 characters"),
    ]
    for changes, error in cases:
        for do in ("save", "preview"):
            answer = post(manager, do, **changes)
            assert answer.status_code == 200
            errors = errors_in(answer)
            assert [sentence for sentence in errors if sentence.startswith(error)], errors
        [(name, typed)] = changes.items()
        control = read(answer).one(id=f"id_{name}")
        kept = control.get("value") if name == "subject" else "".join(map(str, control.children))
        assert kept.removeprefix("\n") == typed
        assert not MessageText.objects.exists()


def test_stale_form_does_not_overwrite(manager: Client) -> None:
    opened = form_of(manager)
    post(manager, "save", text=GOOD)
    for do in ("save", "default"):
        answer = manager.post(EDIT, opened | {"text": GOOD + "\n\nOverwritten", "do": do})
        said = errors_in(answer) or warnings_in(answer)
        assert said[-1].startswith("Someone else has changed this text since you opened it.")
    assert MessageText.objects.get().text == GOOD


def test_corrected_override_is_usable_again(manager: Client) -> None:
    post(manager, "save", text=GOOD)
    MessageText.objects.update(text="{{ nothing }}", broken_at=timezone.now())
    assert "This text cannot be used." in read(manager.get(EDIT)).main.text
    assert "cannot be used: the default text is sent" in read(manager.get(LIST)).main.text
    post(manager, "save", text=GOOD)
    assert MessageText.objects.get().broken_at is None


def test_text_message_has_no_subject(manager: Client) -> None:
    url = f"{LIST}whatsapp_opening/en/"
    assert "subject" not in form_of(manager, url)
    assert post(manager, "save", url, text="Salaam, about {{ reference }}", subject="x").status_code == 303
    assert message_templates.whatsapp_opening(with_email()).startswith("Salaam, about MS-")


def preview(manager: Client, **changes: str) -> Page:
    answer = post(manager, "preview", **changes)
    assert answer.status_code == 200
    return read(answer)


def shown(page: Page) -> str:
    return page.one("section", class_="mail").text


def test_preview_uses_newest_request_and_writes_only_the_log(manager: Client) -> None:
    a_clinic()
    older, newest = with_email(), with_email(patient_name="Bilal Aslam")
    assert not read(manager.get(EDIT)).all("section", class_="mail")
    assert not Disclosure.objects.exists()
    an_appointment(newest)
    with_email(status=Status.QUARANTINED)
    links = PrivateLink.objects.count()
    text = shown(preview(manager, text="Hello {{ name }}\n\n" + GOOD))
    assert "Hello Bilal Aslam New words: Wednesday 25 November, 5:30 pm with Dr. Ayesha Khan" in text
    assert newest.reference in text
    assert "Made up here: {{ link }} ." in text
    [seen] = Disclosure.objects.all()
    assert (seen.request, seen.kind, seen.actor.email) == (newest, "opened", "zara@clinic.example")
    assert PrivateLink.objects.count() == links
    assert not OutgoingMessage.objects.exists()
    assert not MessageText.objects.exists()
    assert older.reference in shown(preview(manager, reference=older.reference.replace("-", " ").lower()))


def test_preview_of_unknown_reference_is_an_error(manager: Client) -> None:
    with_email()
    for reference in ("MS-2222-2222", "x" * 5000, "۱۲۳", "<b>", "' or 1=1"):
        answer = post(manager, "preview", reference=reference)
        assert errors_in(answer) == ["There is no request with this reference. Check it, or leave it empty."]
    assert not Disclosure.objects.exists()


def test_preview_of_every_message(manager: Client) -> None:
    text = shown(preview(manager, text="{{ reference }}\n" + GOOD))
    assert "Made up here: {{ reference }} , {{ when }} , {{ practitioner }} , {{ link }} ." in text
    request = with_email(contact_method="call", email="")
    for kind, message in KINDS.items():
        page = read(post(manager, "preview", f"{LIST}{kind}/en/"))
        to_patient = message.is_mail and not message.for_staff
        assert ("no mail would be sent" in shown(page)) == to_patient, kind
    assert Disclosure.objects.filter(request=request).count() == len(KINDS)


def test_preview_hides_requests_without_permission(client: Client) -> None:
    client.force_login(grant(staff(), "change_messagetext"))
    request = with_email()
    page = preview(client, reference=request.reference)
    assert request.reference not in shown(page)
    assert not page.all(id="id_reference")
    assert not Disclosure.objects.exists()


def test_preview_escapes_names_and_text(manager: Client) -> None:
    request = with_email(patient_name="<b>x</b>")
    page = preview(manager, text="<i>{{ name }}</i>\n\n" + GOOD, reference=request.reference)
    assert "<i>" not in page.source
    assert "<b>x" not in page.source


def test_panel_lists_unusable_overrides_for_managers(manager: Client, rf: Any) -> None:
    request = rf.get("/staff/")
    request.user = User.objects.get(email="zara@clinic.example")
    post(manager, "save", text=GOOD)
    assert message_templates.texts_panel(request) is None
    MessageText.objects.update(text="{{ nothing }}")
    panel = message_templates.texts_panel(request)
    page = Page(render_to_string("consultations/desk/message_texts/panel.html", {"panel": panel}))
    assert page.one("a")["href"] == EDIT
    assert "Appointment agreed (English)" in page.text
    request.user = staff(roles.COORDINATOR)
    assert message_templates.texts_panel(request) is None
