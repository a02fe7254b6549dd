"""Who may see a request, who may move it on, and who may do neither, beyond the roles of tests/site."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from clinic_site.accounts.roles import COORDINATOR, EDITOR, MANAGER
from consultations.models import ConsultationRequest, PrivacyNotice
from tests.consultations.form_pages import Page
from tests.factories import a_notice, a_request, staff

pytestmark = pytest.mark.django_db

REQUESTS = "/staff/consultations/consultationrequest/"
DESK = "/staff/requests/"
NOTICES = "/staff/consultations/privacynotice/"
NEW_NOTICE = {"language": "en", "summary": "A. B. C.", "text": "All of it."}


def answer(client: Client, what: str, request: ConsultationRequest) -> int:
    one, notice = f"{REQUESTS}{request.pk}", f"{NOTICES}{request.notice_id}"
    calls = {
        "status": lambda: client.post(f"{DESK}{request.pk}/status/", {"to": "contacting", "expected": "new"}),
        "add": lambda: client.get(f"{REQUESTS}add/"),
        "delete": lambda: client.post(f"{one}/delete/", {"post": "yes"}),
        "change notice": lambda: client.post(f"{notice}/change/", NEW_NOTICE),
        "delete notice": lambda: client.post(f"{notice}/delete/", {"post": "yes"}),
    }
    return int(calls[what]().status_code)


@pytest.mark.parametrize(
    ("what", "code"), [("add", 403), ("delete", 403), ("change notice", 403), ("delete notice", 403)]
)
def test_not_even_a_superuser_adds_edits_or_deletes(client: Client, what: str, code: int) -> None:
    request = a_request()
    client.force_login(staff(is_superuser=True))
    assert answer(client, what, request) == code


def test_whoever_may_only_look_sees_no_buttons_and_presses_none(client: Client) -> None:
    request, user = a_request(), staff()
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    client.force_login(user)
    page = Page(client.get(f"{DESK}{request.pk}/"))
    assert not page.all("button", name="to")
    assert answer(client, "status", request) == 403


def test_whoever_may_press_but_not_look_presses_none(client: Client) -> None:
    request, user = a_request(), staff()
    user.user_permissions.add(Permission.objects.get(codename="change_status"))
    client.force_login(user)
    assert answer(client, "status", request) == 403


def test_a_status_is_changed_by_post_with_a_token_only(client: Client) -> None:
    request = a_request()
    address = f"{DESK}{request.pk}/status/"
    strict = Client(enforce_csrf_checks=True)
    for browser in (client, strict):
        browser.force_login(staff(MANAGER, email=f"manager-{id(browser)}@clinic.example"))
    assert client.get(address, {"to": "contacting", "expected": "new"}).status_code == 303
    assert strict.post(address, {"to": "contacting", "expected": "new"}).status_code == 403
    request.refresh_from_db()
    assert request.status == "new"


@pytest.mark.parametrize("pk", ["999999", "9" * 30, "x"])
def test_a_request_that_does_not_exist_is_not_found(client: Client, pk: str) -> None:
    client.force_login(staff(COORDINATOR))
    assert client.get(f"{REQUESTS}{pk}/change/").status_code == 404


def test_an_editor_sees_no_trace_of_requests_on_the_staff_side(client: Client) -> None:
    a_request()
    client.force_login(staff(EDITOR))
    assert "consultationrequest" not in client.get("/staff/").content.decode()


def test_a_new_notice_gets_the_next_number_of_its_language(client: Client) -> None:
    a_notice(), a_notice(), a_notice(language="ur")
    client.force_login(staff(MANAGER))
    client.post(f"{NOTICES}add/", NEW_NOTICE)
    newest = PrivacyNotice.objects.current("en")
    assert newest and (newest.number, newest.text) == (3, "All of it.")


def test_a_notice_is_read_but_not_edited(client: Client) -> None:
    notice = a_notice()
    client.force_login(staff(MANAGER))
    page = Page(client.get(f"{NOTICES}{notice.pk}/change/"))
    assert notice.summary in page.one("main").text
    assert not page.all("textarea")
