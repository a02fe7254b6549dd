"""Search of what patients can read."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Procedure
from procedures.publishing import publishing
from tests.factories import a_procedure, a_reviewer, an_overview, published
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

NOTHING = "Nothing found"


def search(client: Client, text: str) -> Page:
    response = client.get("/search/", {"q": text})
    assert response.status_code == 200, text
    return read(response)


def found(client: Client, text: str) -> list[str]:
    page = search(client, text)
    if NOTHING in page.main.text or not page.main.all("h2"):
        return []
    return [link["href"] for link in page.main.one("ul", class_="rows").all("a")]


def test_everyday_words_find_the_page(client: Client, sample_site: None) -> None:
    for text, first in (
        ("finger cut off", "/emergency/"),
        ("numb hand", "/procedures/nerve-repair/"),
        ("NUMBNESS", "/procedures/nerve-repair/"),
        ("thumb", "/procedures/replantation/"),
        ("a lump in my arm", "/procedures/tumor-removal/"),
        ("can I drive?", "/questions/"),
        ("Sample Two", "/surgeons/dr-sample-two/"),
        ("opening hours", "/clinic/"),
        ("appointment", "/consultation/"),
        ("۱۱۲۲", "/emergency/"),
        ("amputated", "/emergency/"),
        ("ungli kat gayi", "/emergency/"),
        ("انگلی کٹ گئی", "/emergency/"),
    ):
        assert found(client, text)[:1] == [first], text
    assert "/procedures/replantation/" in found(client, "finger cut off")[:2]
    corrected = search(client, "replentation")
    assert "We searched for “replantation” instead." in corrected.main.text
    assert corrected.main.one("ul", class_="rows").all("a")[0]["href"] == "/procedures/replantation/"


def test_only_what_is_live_is_found(client: Client) -> None:
    published(an_overview())
    live, withdrawn = a_procedure(), a_procedure("withdrawn", title="Quokka")
    published(live)
    published(withdrawn)
    assert found(client, "quokka") == ["/procedures/withdrawn/"]
    publishing.withdraw(withdrawn, language="en")
    Procedure.objects.filter(pk=live.pk).update(title="Quokka")
    published(a_procedure("later", title="Quokka 2"), live_from=timezone.now() + timezone.timedelta(days=1))
    a_reviewer(name="Dr. Quokka", is_active=False)
    assert found(client, "quokka") == []
    live.refresh_from_db()
    published(live)
    assert found(client, "quokka") == ["/procedures/lymph-vessel-repair/"]


def test_odd_input_gets_a_page_with_advice(client: Client, sample_site: None) -> None:
    for text in (
        "ڈاکٹر",
        "zzzzzz " * 9,
        '"nurse" NEAR/2 (AND* OR -col:x) ^',
        "'; DROP TABLE procedures_page; --",
        "\x00\x1b\u202e",
        "😀",
        "%_\\",
        "<script>alert(1)</script>",
        "w" * 10_000,
        "ﷺ" * 100,
        "",
        " ",
    ):
        page = search(client, text)
        assert page.one("input", type="search")["value"] in (text, text.strip()[:100]) or "\x00" in text
        if not found(client, text):
            assert [link.text for link in page.main.all("a")][-1] == "All procedures", text
            assert "/procedures/nerve-repair/" in [link["href"] for link in page.main.all("a")]
        assert page.all("a", href="tel:1122")
    assert "We used its first 100 characters." in search(client, "w" * 10_000).main.text
    assert client.get("/search/?q=%ff%00&q=nerve").status_code == 200
    nothing = search(client, "zzz").main
    assert NOTHING in nothing.text and nothing.all("a", href="tel:+924200000000")


def test_search_text_does_not_replace_the_text_of_links(client: Client, sample_site: None) -> None:
    links = search(client, "numb hand").one("footer").all("a")
    assert "WhatsApp" in [link.text for link in links]


def test_results_are_neither_indexed_nor_cached(client: Client) -> None:
    ClinicProfile.objects.create(name="A real clinic")
    response = client.get("/search/?q=nerve")
    assert read(response).meta("robots") == ["noindex"]
    assert "private" in response["Cache-Control"]
    assert client.post("/search/", {"q": "nerve"}).status_code == 405


def test_number_of_queries_is_constant(client: Client, django_assert_num_queries: Any) -> None:
    published(an_overview())
    for number in range(1, 6):
        published(a_procedure(f"procedure-{number}", position=number))
        if number in (1, 5):
            with django_assert_num_queries(4):
                client.get("/search/?q=lymph")
