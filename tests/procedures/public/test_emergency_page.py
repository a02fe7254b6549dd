"""First aid: its own page, and the top of an emergency procedure."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import ClinicProfile, EmergencyHospital
from procedures.models import Emergency, Procedure
from procedures.models.pages import FIRST_AID_DRAWINGS
from procedures.public import selectors
from tests.admin_forms import address
from tests.factories import published
from tests.pages import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_world")]

EMERGENCY, REPLANTATION = "/emergency/", "/procedures/replantation/"
ORDER = ("Call 1122 now", "Press firmly on the wound", "What not to do", "Call 1122 or go to the nearest")
TOURNIQUET = "tie a wide band above the wound"


def test_first_aid_comes_in_order_on_both_pages(client: Client) -> None:
    for path in (EMERGENCY, REPLANTATION):
        page = read(client.get(path))
        places = [page.main.text.index(words) for words in ORDER]
        assert places == sorted(places), path
        drawings = [image["src"].split("/")[-1].split(".")[0] for image in page.main.all("img")][:6]
        assert drawings == ["press", "lie", "rings", "wrap", "ice", "label"], path


def test_operated_part_has_one_instruction(client: Client) -> None:
    clinic = ClinicProfile.objects.get()
    for phone in (clinic.urgent_phone, ""):
        ClinicProfile.objects.update(urgent_phone=phone)
        (card, *_others) = read(client.get(EMERGENCY)).main.all("div", class_="care care--urgent")
        assert "go back now to the hospital that operated" in card.text
        on_the_way = f"Call our urgent number on the way: {phone}" if phone else "Call them on the way."
        assert on_the_way in card.text
        assert "If you cannot get there, call 1122." in card.text


def test_tourniquet_line_is_shown_only_when_switched_on(client: Client) -> None:
    assert TOURNIQUET in Emergency.objects.get().tourniquet
    assert TOURNIQUET not in read(client.get(EMERGENCY)).main.text
    Emergency.objects.update(shows_tourniquet=True)
    published(Emergency.objects.get())
    assert TOURNIQUET in read(client.get(EMERGENCY)).main.text


def test_step_may_have_any_drawing_or_none(client: Client) -> None:
    Emergency.objects.update(drawings="\n".join(["none", *FIRST_AID_DRAWINGS[:6]]))
    published(Emergency.objects.get())
    steps = read(client.get(EMERGENCY)).main.all("ol", class_="aid")[0]
    drawings = [image["src"].split("/")[-1].split(".")[0] for image in steps.all("img")]
    assert drawings == ["press", "lie", "rings", "wrap", "bag"]


def test_unknown_drawing_is_refused() -> None:
    text = Emergency.objects.get()
    text.drawings = "call\nnone\nleech"
    with pytest.raises(ValidationError, match="There is no drawing “leech”"):
        text.full_clean()


def test_every_page_leads_to_first_aid(client: Client) -> None:
    for path in ("/", "/procedures/nerve-repair/", REPLANTATION, "/surgeons/", "/consultation/"):
        page = read(client.get(path))
        assert len(page.all("a", href=EMERGENCY)) >= 2, path


def test_page_without_a_published_text_still_calls(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "live_document", lambda *args, **which: None)
    page = read(client.get(EMERGENCY))
    assert page.main.all("a", href="tel:1122")[0].text == "Call 1122 now"
    assert "go to the nearest emergency department" in page.main.text


def test_hospitals_are_shown_in_order_once_entered(client: Client) -> None:
    heading = "Hospitals that treat these injuries day and night"
    for path in (EMERGENCY, REPLANTATION):
        assert heading not in read(client.get(path)).main.text
    for position, name in ((2, "Second Hospital"), (1, "First Hospital")):
        EmergencyHospital.objects.create(
            name=name, address="Some Road", phone="042 111 222 333", treats="hands", position=position
        )
    for path in (EMERGENCY, REPLANTATION):
        text = read(client.get(path)).main.text
        assert text.index(heading) < text.index("First Hospital") < text.index("Second Hospital"), path
        assert text.index("Press firmly") < text.index(heading)
    assert read(client.get(EMERGENCY)).all("a", href="tel:+9242111222333")


def test_former_address_is_gone(client: Client) -> None:
    assert reverse("procedures:emergency") == EMERGENCY
    assert client.get("/consultation/emergency/").status_code == 404


def test_home_has_doors_ways_to_reach_us_and_surgeons(client: Client) -> None:
    main = read(client.get("/")).main
    doors = {link.text: link["href"] for link in main.one("ul", class_="doors").all("a")}
    assert doors["A finger or hand is cut off"] == REPLANTATION
    assert len(doors) == 4
    hrefs = [link["href"] for link in main.all("p", class_="actions")[0].all("a")]
    assert hrefs == ["/consultation/", "tel:+924200000000", "https://wa.me/923000000000"]
    assert main.one("a", href="/surgeons/dr-sample-one/").text == "Dr. Sample One"


def test_procedure_leads_to_a_request_about_itself(client: Client) -> None:
    page = read(client.get("/procedures/nerve-repair/"))
    links = [link["href"] for link in page.all("a") if link.text == "Request a consultation"]
    assert set(links) == {"/consultation/?about=nerve-repair"}


def test_correction_is_on_every_page_at_once(client: Client, editor: Client) -> None:
    """Pages show the published emergency text; a draft shows only in its own preview."""
    emergency = Emergency.objects.get()
    emergency.first_aid = emergency.first_aid.replace("Press firmly", "Press hard")
    emergency.signs = "a toe is cut off"
    emergency.save()
    replantation = Procedure.objects.get(slug="replantation")
    assert "Press hard" in read(editor.get(address(emergency, "preview"))).main.text
    assert "Press firmly" in read(editor.get(address(replantation, "preview"))).main.text
    pages = {"/": "a toe is cut off", EMERGENCY: "Press hard", REPLANTATION: "Press hard"}
    pages |= {"/consultation/": "A toe is cut off"}
    for is_published in (False, True):
        if is_published:
            published(emergency)
        for path, words in pages.items():
            assert (words in read(client.get(path)).main.text) == is_published, path
    text = read(client.get(EMERGENCY)).main.text
    assert "Dr. Ayesha Khan" in text and "Version 2" in text


def test_feedback_on_first_aid_names_it(client: Client) -> None:
    (link,) = (link for link in read(client.get(EMERGENCY)).all("a") if "Report a mistake" in link.text)
    assert "About the page “Finger or hand cut off? Do this now.”" in read(client.get(link["href"])).main.text
