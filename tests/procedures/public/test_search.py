"""Search of what patients can read."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Procedure, Publication
from procedures.public.search import EQUIVALENTS, _terms
from procedures.publishing import publishing
from tests.factories import a_procedure, a_reviewer, an_overview, published, translated
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

NOTHING = "Nothing found"


def search(client: Client, text: str, prefix: str = "") -> Page:
    response = client.get(f"{prefix}/search/", {"q": text})
    assert response.status_code == 200, text
    return read(response)


def found(client: Client, text: str, prefix: str = "") -> list[str]:
    page = search(client, text, prefix)
    if NOTHING in page.main.text or "کچھ نہیں ملا" in page.main.text or not page.main.all("h2"):
        return []
    return [link["href"].removeprefix(prefix) for link in page.main.one("ul", class_="rows").all("a")]


@pytest.fixture
def bilingual_site(sample_site: None) -> None:
    """The sample site, with some pages in Urdu that have not a word of English, and no others in Urdu."""
    Publication.objects.filter(language="ur").update(withdrawn_at=timezone.now())
    nothing = dict.fromkeys(
        (
            *("sections", "alternate_names", "risks", "questions", "care_cards", "key_facts", "steps"),
            *("recovery_notes", "benefits", "expectations", "sources"),
        ),
        (),
    )
    texts = dict.fromkeys(("body_location", "description", "door", "menu_label", "plain_name", "summary"), "")
    nerve, replantation, tumor = (
        Publication.objects.get(slug=slug, language="en")
        for slug in ("nerve-repair", "replantation", "tumor-removal")
    )
    emergency = Publication.objects.get(page__kind="emergency", language="en")
    no_first_aid = {"first_aid": None, "title": "یہ ابھی کریں"}
    translated(emergency, **nothing | texts | no_first_aid)
    names = {"title": "نَرو جوڑنے کا آپریشن", "door": "ہاتھ یا پاؤں سُن ہے", "summary": "کٹی ہوئی نَرو"}
    translated(nerve, **nothing | texts | names)
    names = {"title": "کٹا ہوا حصہ دوبارہ جوڑنا", "plain_name": "انگوٹھا یا انگلیاں", "summary": "صحت یابی"}
    translated(replantation, **nothing | texts | names)
    translated(tumor, **nothing | texts | {"title": "رسولی نکالنا بے ہوشی میں", "summary": "خوردبین سے"})


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


def test_urdu_is_found_in_every_spelling(client: Client, bilingual_site: None) -> None:
    for page, spellings in (
        ("procedures/nerve-repair/", ("نرو", "نَرو", "نـرو", "سن", "سُن", "نرو کا اپریشن", "نرو کٹی ہوی")),
        ("procedures/replantation/", ("دوبارہ جوڑنا", "دوبارہ\u200cجوڑنا", "دوبارهجوڑنا", "دوبارە جوڑنا")),
        ("procedures/replantation/", ("انگوٹھا", "أنگوٹهہ", "انگوٹھے")),
        ("procedures/replantation/", ("صحت یابی", "صحت\u200cیابی", "صحتیابی")),
        ("procedures/tumor-removal/", ("رسولی", "رسولي", "رسولیاں", "رسولی اور اس کے بعد کیا؟")),
        ("procedures/tumor-removal/", ("خورد بین", "خوردبین", "خورد\u200cبین")),
        ("procedures/tumor-removal/", ("بے ہوشی", "بے\u200cہوشی", "بےہوشی", "بیہوشی", "behoshi")),
        ("", ("مائیکرو سرجری", "مائکرو سرجری", "مايكرو سرجرى", "مائیکروسرجری")),
        ("emergency/", ("انگلی کٹ گئی", "انگلي كٹ گئي", "۱۱۲۲ حادثہ", "حادثة", "خون")),
        ("clinic/", ("فیس", "فيس", "پتا کیا ہے؟")),
        ("consultation/", ("اپائنٹمنٹ", "اپاينٹمنٹ")),
    ):
        for text in spellings:
            assert found(client, text, "/ur")[:1] == [f"/{page}"], text
    # English pages have one word for these two.
    assert found(client, "بے ہوشی")[:1] == ["/"]


def test_each_language_and_roman_urdu_find_the_page(client: Client, bilingual_site: None) -> None:
    for text, first in (
        ("ungli kat gayi", "/emergency/"),
        ("انگلی کٹ گئی ہے", "/emergency/"),
        ("khoon band nahi ho raha", "/emergency/"),
        ("nas kat gayi", "/procedures/nerve-repair/"),
        ("haath sun hai", "/procedures/nerve-repair/"),
        ("ہاتھ سن ہے", "/procedures/nerve-repair/"),
        ("numb hand", "/procedures/nerve-repair/"),
        ("rasoli", "/procedures/tumor-removal/"),
        ("rasuli", "/procedures/tumor-removal/"),
        ("رسولی", "/procedures/tumor-removal/"),
        ("lump", "/procedures/tumor-removal/"),
        ("angutha", "/procedures/replantation/"),
        ("replantation", "/procedures/replantation/"),
        ("fees kitni hai", "/clinic/"),
        ("فیس کتنی ہے", "/clinic/"),
        ("Sample Two", "/surgeons/dr-sample-two/"),
        ("appointment", "/consultation/"),
        ("اپائنٹمنٹ", "/consultation/"),
    ):
        for prefix in ("", "/ur"):
            assert found(client, text, prefix)[:1] == [first], (prefix, text)


def test_results_are_in_the_language_of_the_page(client: Client, bilingual_site: None) -> None:
    urdu, english = search(client, "آپریشن", "/ur"), search(client, "operation")
    titles = {item.one("a").text: item.get("lang") for item in urdu.main.one("ul", class_="rows").all("li")}
    assert titles["نَرو جوڑنے کا آپریشن"] == ""
    assert titles["Microvascular Surgery"] == "en"
    assert "Nerve Repair" not in titles
    assert "نَرو" not in english.main.text and "Nerve Repair" in english.main.text


def test_each_word_has_one_line_of_equivalents() -> None:
    listed = [word for line in EQUIVALENTS.splitlines() for word in _terms(line)]
    assert [word for word, times in Counter(listed).items() if times > 1] == []


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
