"""Each public page in each language: /x/ is English, /ur/x/ Urdu."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from consultations.models import ConsultationRequest
from consultations.workflow import Status
from procedures.models import Page as ContentPage
from procedures.publishing.publishing import withdraw
from tests.consultations.portal.portal_pages import PrivatePage, everything_stored
from tests.factories import form_data
from tests.pages import Element, Page, read
from tests.site.states import public_addresses

pytestmark = pytest.mark.usefixtures("sample_world", "db")


def get(address: str, **headers: str) -> Any:
    return Client(headers=headers).get(address)


def switch(page: Page) -> Element:
    (link,) = (element for element in page.all("a", "button") if element.get("class") == "language")
    return link


def leads_to(link: Element) -> str:
    """Return the address of the switch, which is a link, or a button where answers must not be lost."""
    return link["href"] if link.tag == "a" else link["formaction"]


def test_every_address_answers_in_urdu_and_leads_back() -> None:
    addresses = [*public_addresses(), "/search/?q=numb+hand", "/report-a-mistake/?page=overview", "/r/"]
    assert len(addresses) > 15
    for address in addresses:
        english, urdu = get(address), get(f"/ur{address}")
        assert (english.status_code, urdu.status_code) == (200, 200), address
        for response, code, way in ((english, "en", "ltr"), (urdu, "ur", "rtl")):
            root = read(response).one("html")
            assert (root["lang"], root["dir"]) == (code, way), address
            assert "Accept-Language" not in response.headers.get("Vary", ""), address
        there, back = switch(read(english)), switch(read(urdu))
        assert (leads_to(there), leads_to(back)) == (f"/ur{address}", address)
        assert (there.text, there["lang"], there["dir"]) == ("اردو", "ur", "rtl"), address
        assert (back.text, back["lang"], back["dir"]) == ("English", "en", "ltr"), address


def test_links_stay_in_the_language() -> None:
    for address in ("/ur/", "/ur/procedures/", "/ur/emergency/", "/ur/no-such-page/"):
        page = read(get(address))
        links = {link["href"].split("#")[0] for link in page.all("a") if link["href"].startswith("/")}
        left = {link for link in links if not link.startswith("/ur/")}
        assert left == {leads_to(switch(page))}, address


def test_language_is_never_taken_from_the_browser() -> None:
    for address, code in (("/", "en"), ("/ur/", "ur"), ("/nothing/", "en"), ("/ur/nothing/", "ur")):
        response = Client(headers={"Accept-Language": "ur, fr;q=0.5", "Cookie": "django_language=ur"}).get(
            address
        )
        assert read(response).one("html")["lang"] == code


def test_staff_side_and_files_have_one_address() -> None:
    for name in ("admin:login", "sitemap", "robots", "healthz"):
        with override("ur"):
            address = reverse(name)
        assert not address.startswith("/ur/")
        assert get(f"/ur{address}").status_code == 404
    assert get("/en/").status_code == get("/ur/ur/").status_code == 404
    assert read(get("/staff/login/", **{"Accept-Language": "ur"})).one("html")["lang"].startswith("en")


def test_change_of_language_never_leads_to_another_host() -> None:
    page = read(get("/ur//other.example/"))
    assert switch(page)["href"] == "/%2Fother.example/"


def test_page_without_translation_is_shown_in_english_and_says_so() -> None:
    withdraw(ContentPage.objects.get(slug="nerve-repair"), language="ur")
    page = read(get("/ur/procedures/nerve-repair/"))
    assert page.one("p", role="note").parent is page.main
    heading = page.one("h1")
    assert (heading["lang"], heading["dir"]) == ("en", "ltr")
    assert page.all("link", rel="alternate") == []
    (canonical,) = page.all("link", rel="canonical")
    assert canonical["href"] == f"{settings.SITE_URL}/procedures/nerve-repair/"
    assert page.meta("og:locale") == ["en_US"]
    assert read(get("/ur/procedures/")).meta("og:locale") == ["ur_PK"]
    assert read(get("/procedures/nerve-repair/")).all("link", rel="alternate") == []


def test_translations_name_each_other() -> None:
    for address in ("/clinic/", "/ur/clinic/"):
        page = read(get(address))
        links = {link["hreflang"]: link["href"] for link in page.all("link", rel="alternate")}
        site = settings.SITE_URL
        assert links == {
            "en": f"{site}/clinic/",
            "x-default": f"{site}/clinic/",
            "ur": f"{site}/ur/clinic/",
        }
        (canonical,) = page.all("link", rel="canonical")
        assert canonical["href"] == site + address


def test_cache_never_mixes_languages(settings: Any) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    client = Client()
    for address in ("/clinic/", "/ur/clinic/", "/clinic/", "/ur/clinic/"):
        code = "ur" if address.startswith("/ur/") else "en"
        assert read(client.get(address)).one("html")["lang"] == code


def test_search_results_stay_in_the_language() -> None:
    for prefix, word in (("", "nerve"), ("/ur", "نرو"), ("", "nerve")):
        page = read(get(f"{prefix}/search/?q={word}"))
        assert page.main.all("a", href=f"{prefix}/procedures/nerve-repair/")


def test_change_of_language_keeps_what_was_typed() -> None:
    client, typed = Client(), form_data(patient_name="Zainab Bibi", message="Numb since Monday.")
    page = read(client.get("/consultation/"))
    for form_id, answers in (("request-form", typed), ("answers", {})):
        button, form = switch(page), page.one("form", id=form_id)
        assert button["form"] == form_id
        hidden = form.hidden_fields()
        pressed = {button["name"]: button["value"]} if button.get("name") else {}
        urdu = read(client.post(button["formaction"], answers | hidden | pressed))
        assert urdu.one("html")["lang"] == "ur"
        assert urdu.one("input", name="patient_name")["value"] == "Zainab Bibi"
        assert "Numb since Monday." in urdu.main.text
        page = read(client.post(form["action"], answers | hidden))
    assert not ConsultationRequest.objects.exists()


def test_change_of_language_keeps_what_was_typed_into_other_forms() -> None:
    """Nothing is sent, and nothing is called wrong yet; also after the request was closed meanwhile."""
    patient = PrivatePage()
    patient.is_offered()
    typed: dict[str, dict[str, Any]] = {
        patient.address_of("contact"): {
            "phone": "0301 23",
            "contact_method": "sms",
            "phone_is_shared": "on",
            "days": ["1", "4"],
        },
        patient.address_of("note"): {"text": "It is worse."},
        patient.address_of("other-time"): {"version": "1", "words": "After five."},
        "/report-a-mistake/?page=overview": {"page": "overview", "text": "A word.", "email": "nobody"},
        "/r/": {"reference": "MS-7", "phone": "0301 23"},
    }
    switches = {address: switch(read(patient.client.get(address))) for address in typed}
    before = everything_stored()
    for _is_closed in (False, True):
        for address, answers in typed.items():
            button = switches[address]
            assert button["form"] == "form"
            page = read(patient.client.post(leads_to(button), {button["name"]: button["value"]} | answers))
            assert page.one("html")["lang"] == "ur"
            assert page.by_class("error-summary") == page.by_class("error-message") == []
            form = page.one("form", id="form")
            for name, value in answers.items():
                fields = form.all(name=name)
                checked = [field["value"] for field in fields if "checked" in field.attributes]
                shown = (checked, *checked, fields[0].text, "on" if checked else fields[0].get("value"))
                assert value in shown, (address, name)
        assert everything_stored() == before
        patient.change(status=Status.DECLINED)
        before = everything_stored()
