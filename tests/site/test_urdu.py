"""What patients read in Urdu: no English left over, Urdu letters alone, nothing turned round."""

import base64
import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import polib
import pytest
from bidi import get_display
from django.conf import settings
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.form_fields import EmailField
from clinic_site.core.templatetags.formatting import clock, day, isolate, listed, until
from clinic_site.core.text import END_OF_ISOLATE, FIRST_STRONG, LEFT_TO_RIGHT, words
from consultations import phone_numbers
from consultations.intake.form_fields import AgeField
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import KINDS, STAFF_KINDS
from consultations.messaging.context import MessageContext
from consultations.models import Appointment, ConsultationRequest
from consultations.references import reference_prefix
from tests.consultations.messaging.message_helpers import an_appointment, queued, with_email
from tests.factories import form_data
from tests.pages import Element, Page, read
from tests.site.states import public_addresses
from tests.static_files import own_static_files

BASE = Path(settings.BASE_DIR)
CATALOG = Path(settings.LOCALE_PATHS[0], "ur/LC_MESSAGES/django.po")
MESSAGES = BASE / "templates/consultations/messaging/ur"
# "Vein", "tendon" and "nerve" in one word; a transplant; a guarantee; bookish words for operation and tissue.
AVOIDED = re.compile(r"\b(نس|پیوند کاری|ضمانت|جراحی|بافت|ہیمرج)\b")
# Names that are written in Latin letters in Urdu, too.
LATIN = {"JPEG", "PNG", "WebP", "HEIC", "PDF", "MB", "HbA", "CNIC"}

ISOLATED = f"[{LEFT_TO_RIGHT}{FIRST_STRONG}][^{END_OF_ISOLATE}]*{END_OF_ISOLATE}"


def catalog() -> Iterator[tuple[str, str]]:
    """The English and the Urdu of each message and each text of the sample content."""
    content = [*BASE.glob("*/content/ur/*.po"), *BASE.glob("*/*/content/*.ur.po")]
    assert len(content) > 7
    for path in (CATALOG, *content):
        for entry in polib.pofile(str(path)):
            for text in (entry.msgstr, *entry.msgstr_plural.values()):
                yield entry.msgid, text
    for path in (*MESSAGES.glob("*.txt"), *BASE.glob("*/*/content/*.ur.toml")):
        yield path.name, path.read_text()
    for path in Path(settings.BASE_DIR, "deploy/nginx/pages").glob("*.html"):
        yield path.name, path.read_text().partition('<div lang="ur" dir="rtl">')[2]


def test_every_message_is_translated() -> None:
    call_command("compilemessages", check=True)
    english = {path.name for path in MESSAGES.with_name("en").glob("*.txt")}
    staff = {name for name in english if name.split(".")[0] in STAFF_KINDS}
    assert {path.name for path in MESSAGES.glob("*.txt")} == english - staff
    for kind, message in KINDS.items():
        if not message.for_staff:
            template = message_templates.default_template(kind, "ur")
            assert message_templates.problems(kind, template.subject, template.text) == {}, kind


def test_our_words_have_urdu_letters_and_ascii_digits_only() -> None:
    for source, text in catalog():
        assert not re.search("[يكهىة٠-٩۰-۹]", text), (source, text)
        assert not AVOIDED.search(text), (source, text)
        assert not re.search("[؟،۔] *[?,.]|[a-z] [۔،]{2}", text), (source, text)
        plain = re.sub(r"%\(\w+\)[sd]|\{\{ \w+ \}\}|<[^>]*>", "", text)
        assert text.count(LEFT_TO_RIGHT) + text.count(FIRST_STRONG) == text.count(END_OF_ISOLATE), source
        outside = re.sub(ISOLATED, "", plain)
        assert not re.search(r"[\w.]+@|\d[ -]\d", outside), (
            source,
            "a number or an address that may turn round",
        )


def latin_words(element: Element) -> Iterator[str]:
    """The words in Latin letters of an element, and Latin marks after Urdu words.

    Not those in an element of another language.
    """
    for child in element.children:
        if isinstance(child, str):
            yield from re.findall(r"[A-Za-z]{2,}|(?<=[ا-ے])[.,;?]", re.sub(ISOLATED, "", child))
        elif child.get("lang", "ur") == "ur" and child.tag not in ("script", "style", "textarea"):
            yield from latin_words(child)
            for name in ("alt", "aria-label", "title", "placeholder"):
                yield from re.findall(r"[A-Za-z]{2,}", child.get(name))


def left_over(page: Page) -> set[str]:
    body = page.one("body")
    numbers = {word for bdi in body.all("bdi", dir="ltr") for word in re.findall(r"[A-Za-z]{2,}", bdi.text)}
    return set(latin_words(body)) - LATIN - numbers


@pytest.mark.usefixtures("sample_world", "db")
def test_no_english_is_left_on_urdu_pages() -> None:
    client, form = Client(), "/ur/consultation/"
    others = ("search/?q=hand", "search/?q=ززز", "r/", "r/wrong/", "none/", "report-a-mistake/")
    addresses = [*public_addresses(), *(f"/{address}" for address in others)]
    client.get("/r/")  # words that one language has shown must not stay
    responses = [*(client.get(f"/ur{address}") for address in addresses), client.post(form, {})]
    hidden = read(client.get(form)).main.hidden_fields()
    texts = dict.fromkeys(("patient_name", "requester_name", "relationship", "city", "message"), "بلال")
    answers = form_data() | hidden | texts
    responses.append(client.post(form, answers))
    sent = client.post(form, answers | {"send": "1"})
    assert sent["Location"].startswith("/ur/r/")
    actions = ("", "note/", "contact/", "withdraw/", "attachments/")
    responses += [client.get(sent["Location"] + action) for action in actions]
    assert len(responses) > 25
    found = {}
    for response in responses:
        page = read(response)
        root = page.one("html")
        assert (root["lang"], root["dir"]) == ("ur", "rtl"), response.request["PATH_INFO"]
        if english := left_over(page):
            found[response.request["PATH_INFO"]] = english
    assert found == {}
    request = ConsultationRequest.objects.get()
    assert request.language == "ur"


@pytest.mark.usefixtures("sample_world", "db")
def test_no_message_has_english_or_a_turned_number() -> None:
    """Mail, SMS and WhatsApp: as their programs show each line, in the direction of its first letter."""
    request = with_email()
    request.language = "ur"
    link = "https://clinic.example/ur/r/x/"
    context = MessageContext(request, an_appointment(request), link)
    for kind in set(KINDS) - STAFF_KINDS:
        template = message_templates.template_for(kind, request.language)
        assert template.language == "ur"
        text = message_templates.render_text(template, context)
        if KINDS[kind].is_mail:
            mail = message_templates.render(template, context)
            assert 'lang="ur" dir="rtl"' in mail.html, kind
            text = f"{mail.subject}\n{mail.text}"
            assert request.reference in text, kind
        assert not re.search("[A-Za-z]{2,}", re.sub(f"{ISOLATED}|{link}", "", text)), (kind, text)
        shown = [get_display(line) for line in text.splitlines()]
        for value in (request.reference, "042 0000 0000", "1122", link, "Dr. Sample One", "5:30"):
            assert any(value in line for line in shown) == (value in text), (kind, value)


@pytest.mark.usefixtures("sample_world", "db")
def test_calendar_file_is_in_urdu() -> None:
    request = with_email()
    request.language = "ur"
    (message,) = queued("appointment_agreed", request, appointment=an_appointment(request))
    calendar = base64.b64decode(message.attachments[0]["content"]).replace(b"\r\n ", b"").decode()
    (summary,) = re.findall("SUMMARY:(.*)\r", calendar)
    assert not re.search("[A-Za-z]{2,}", re.sub(ISOLATED, "", summary))
    assert request.reference in get_display(summary)


@pytest.mark.usefixtures("sample_world", "db")
def test_sms_reminder_fits_two_parts(monkeypatch: Any) -> None:
    request = ConsultationRequest(reference="MS-7K4Q-92XD", language="ur", phone="+923012345678")
    request.may_identify_clinic = "yes"
    template = message_templates.template_for("sms_reminder", "ur")
    texts = []
    for days in range(1, 367):
        at = timezone.localtime().replace(hour=14, minute=30) + timedelta(days=days)
        appointment = Appointment(request=request, starts_at=at)
        monkeypatch.setattr(MessageContext, "choices", [appointment])
        texts.append(message_templates.render_text(template, MessageContext(request, appointment)))
    longest = max(texts, key=len)
    clinic = ClinicProfile.current()
    assert clinic and clinic.in_language("ur").name in longest
    assert request.reference in longest and len(longest) <= 134, (len(longest), longest)


@pytest.mark.usefixtures("sample_world", "db")
def test_request_keeps_its_language_in_later_messages() -> None:
    """Staff work in English; what reaches the patient is in the language of the request."""
    for language, prefix in (("en", ""), ("ur", "/ur")):
        request = with_email()
        request.language = language
        (message,) = queued("appointment_agreed", request, appointment=an_appointment(request))
        assert f"{settings.SITE_URL}{prefix}/r/" in message.text
        assert f'lang="{language}"' in message.html
        calendar = base64.b64decode(message.attachments[0]["content"])
        assert ("اپائنٹمنٹ" in calendar.decode()) == ("شام 5:30 بجے" in message.text) == (language == "ur")


def test_error_pages_are_in_urdu() -> None:
    others = ("portal/too_many", "portal/unknown", "intake/too_large", "intake/closed")
    for name in (
        *(f"{status}.html" for status in ("400", "403", "403_csrf", "404", "410", "500", "503")),
        *(f"consultations/{other}.html" for other in others),
    ):
        with override("ur"):
            page = Page(Template("{% include name %}").render(Context({"name": name, "is_post": True})))
        assert (page.one("html")["lang"], page.one("html")["dir"]) == ("ur", "rtl")
        assert left_over(page) == set()


def test_formats() -> None:
    with override("ur"):
        assert [clock(time(hour)) for hour in (0, 4, 11, 12, 15, 16, 19, 20)] == [
            "رات 12 بجے",
            "صبح 4 بجے",
            "صبح 11 بجے",
            "دوپہر 12 بجے",
            "دوپہر 3 بجے",
            "شام 4 بجے",
            "شام 7 بجے",
            "رات 8 بجے",
        ]
        assert clock(time(17, 30)) == "شام 5:30 بجے"
        assert until(time(10), time(14)) == "صبح 10 سے دوپہر 2 بجے تک"
        assert until(time(21), time(1)) == "رات 9 سے اگلے دن رات 1 بجے تک"
        assert day(date(2026, 8, 6)) == "6 اگست 2026"
        assert listed(["الف", "ب", "ج"]) == "الف، ب اور ج"
    assert (clock(time(17, 30)), clock(time(12)), clock(time(0))) == ("5:30 pm", "noon", "12 am")
    assert (until(time(10), time(14)), until(time(20), time(0))) == ("10 am–2 pm", "8 pm–midnight")
    assert until(time(21), time(1)) == "9 pm–1 am the next day"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_style_sheets_of_patients_pages_name_no_side() -> None:
    for sheet in own_static_files(".css"):
        if not re.search("staff|desk|data_rights", str(sheet)):
            css = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
            four_sides = r"(?:padding|margin|border-radius):(?: [\d.]+\w*){4}"
            assert re.findall(rf"\b(?:left|right)\b|{four_sides}", css) == [], sheet


def test_isolated_numbers_do_not_turn_round() -> None:
    for value in (
        "0301 2345678",
        "042 3576 1999",
        "MS-7K4Q-92XD",
        "10-0",
        "+44 20 7946 0018",
        "name@example.com",
    ):
        with override("ur"):
            sentence = f"نمبر {isolate(value)} ہے"
        assert value in get_display(sentence, base_dir="R"), value
        assert isolate(value) == value  # in English
    assert "0301 2345678" not in get_display("نمبر 0301 2345678 ہے", base_dir="R"), "the test can fail"


def test_digits_of_every_script_are_understood() -> None:
    for digits in ("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"):  # on Urdu and on Arabic keyboards
        typed = str.maketrans("0123456789", digits)
        for number in ("0301 2345678", "+92 301-2345678", "0092 301 2345678"):
            assert phone_numbers.parse(number.translate(typed)).e164 == "+923012345678"
        assert phone_numbers.parse("042 35761999 ext 12".translate(typed)).extension == "12"
        assert AgeField(sentence="").clean("40".translate(typed)) == 40
        assert AgeField(sentence="").clean("8 مہینے".translate(typed)) == 0
        assert EmailField(sentence="").clean("ali92@a7.pk".translate(typed)) == "ali92@a7.pk"
        assert reference_prefix("MS-7K4Q-92XD".translate(typed)) == "MS-7K4Q-92XD"
        assert words("10-0".translate(typed)) == words("10-0")
