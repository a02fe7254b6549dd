"""Limits of the admin for requests and privacy notices; roles are tested in tests/site."""

import pytest
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from consultations.models import PrivacyNotice
from tests.factories import a_notice, a_request, signed_in, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

REQUESTS = "/staff/consultations/consultationrequest/"
NOTICES = "/staff/consultations/privacynotice/"
NEW_NOTICE = {"language": "en", "summary": "A. B. C.", "text": "All of it."}


def test_superuser_cannot_add_edit_or_delete(client: Client) -> None:
    request = a_request()
    client.force_login(staff(is_superuser=True))
    one, notice = f"{REQUESTS}{request.pk}", f"{NOTICES}{request.notice_id}"
    for answer in (
        client.get(f"{REQUESTS}add/"),
        client.post(f"{one}/delete/", {"post": "yes"}),
        client.post(f"{notice}/change/", NEW_NOTICE),
        client.post(f"{notice}/delete/", {"post": "yes"}),
    ):
        assert answer.status_code == 403


def test_notice_is_numbered_by_language_and_never_edited() -> None:
    notice = a_notice()
    a_notice(), a_notice(language="ur")
    client = signed_in(MANAGER)
    client.post(f"{NOTICES}add/", NEW_NOTICE)
    newest = PrivacyNotice.objects.current("en")
    assert newest and (newest.number, newest.text) == (3, "All of it.")
    page = read(client.get(f"{NOTICES}{notice.pk}/change/"))
    assert notice.summary in page.one("main").text
    assert not page.all("textarea")
