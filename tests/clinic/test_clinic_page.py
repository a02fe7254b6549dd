"""The clinic's page, and the ways to reach the clinic on other pages."""

import pytest
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from clinic_site.clinic.models import ClinicProfile
from tests.admin_forms import address, errors_in, form_of
from tests.factories import signed_in
from tests.pages import read

pytestmark = pytest.mark.django_db

ENTERED = {
    "map_url": "https://maps.example/x",
    "directions": "Second gate.",
    "parking": "Behind the building.",
    "fees": "Rs. 3,000 for a first visit.",
    "fees_as_of": "2026-03-01",
}
LABELS = ("Open the map", "Directions", "Parking", "Fees")


def test_page_shows_only_what_staff_entered(client: Client) -> None:
    clinic = ClinicProfile.objects.create(name="A clinic", address="1 Mall Road")
    text = read(client.get("/clinic/")).main.text
    assert [label for label in LABELS if label in text] == []
    manager = signed_in(MANAGER)
    form = form_of(manager, address(clinic)) | ENTERED
    undated = manager.post(address(clinic), form | {"fees_as_of": ""})
    assert errors_in(undated) == ["Enter the day on which the fees were last checked."]
    assert manager.post(address(clinic), form).status_code == 302
    main = read(client.get("/clinic/")).main
    assert [label for label in LABELS if label not in main.text] == []
    assert main.one("a", href="https://maps.example/x")
    assert "Behind the building." in main.text and "Rs. 3,000" in main.text
    assert "As of 1 March 2026." in main.text


def test_whatsapp_is_beside_the_phone_number(client: Client) -> None:
    ClinicProfile.objects.create(name="A clinic", phone="042 3576 1999", whatsapp="0300 1234567")
    for path in ("/clinic/", "/accessibility/", "/procedures/", "/no-such-page/", "/search/?q=zzz"):
        page = read(client.get(path))
        links = page.main.all("a", href="https://wa.me/923001234567")
        assert len(links) == len(page.main.all("a", href="tel:+924235761999")) >= 1, path
        assert page.one("footer").all("a", href="https://wa.me/923001234567"), path
    ClinicProfile.objects.update(whatsapp="ask at the desk")
    assert b"wa.me" not in client.get("/accessibility/").content


def test_number_has_to_be_one_whole_number() -> None:
    clinic, manager = ClinicProfile.objects.create(name="A clinic"), signed_in(MANAGER)
    names = ("phone", "whatsapp", "urgent_phone")
    # Without its zero or plus, a number would be that of a stranger in another country.
    for typed in (
        *("301 1234567", "0301 1234567 or 0302 1234567", "1122", "ask at the desk", "+", "00"),
        "042 3576 1999/2000",
    ):
        form = form_of(manager, address(clinic)) | dict.fromkeys(names, typed)
        assert errors_in(manager.post(address(clinic), form)) == [
            "Enter one number, like 042 3576 1999 or +92 301 2345678."
        ] * len(names), typed
    for typed in ("042 3576 1999", "042 111 222 333", "+44 20 7946 0958"):
        form = form_of(manager, address(clinic)) | dict.fromkeys(names, typed)
        assert manager.post(address(clinic), form).status_code == 302, typed
    for typed in ("0301 1234567", "+92 301 1234567", "0092-301-1234567", "۰۳۰۱ ۱۲۳۴۵۶۷"):
        form = form_of(manager, address(clinic)) | {"whatsapp": typed}
        assert manager.post(address(clinic), form).status_code == 302, typed
        clinic.refresh_from_db()
        assert clinic.whatsapp_url == "https://wa.me/923011234567", typed
