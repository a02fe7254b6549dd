"""The wording of messages: whatever staff write, a message goes out whole."""

from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from consultations.messaging import catalogue, rendering
from consultations.messaging import context as message_context
from consultations.messaging import templates as message_templates
from consultations.messaging.default_templates import SHIPPED
from consultations.messaging.rendering import Value
from consultations.models import MessageText
from tests.consultations.messaging.message_helpers import a_clinic, an_appointment, queued, with_email
from tests.factories import staff
from tests.pages import unescaped

pytestmark = pytest.mark.django_db

GOOD = "New words for {reference}.\n\n{promise}\n{emergency}\n{link}"
BROKEN = [
    "",
    "   \n ",
    "Nothing required is here.",
    GOOD + " {refrence}",
    GOOD + " {",
    GOOD + " }}",
    GOOD + " {0} {}",
    GOOD + " {reference.__class__}",
    GOOD + " {first_name}",  # nobody has spoken to the patient yet
    GOOD.replace("{link}", "{link} {phone}"),  # left out while no phone is entered, and the link with it
]


def changed(text: str = GOOD, *, kind: str = "acknowledgement", **fields: Any) -> MessageText:
    values = {
        "language": "en",
        "subject": "About {reference}",
        "changed_by": staff(email="manager@clinic.example"),
    }
    return MessageText.objects.create(kind=kind, text=text, changed_at=timezone.now(), **values | fields)


# What is shipped


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_shipped_text_can_be_used(kind: str) -> None:
    message = SHIPPED[kind]
    assert message_templates.problems(kind, str(message.subject), str(message.text)) == {}
    assert set(message.required) <= set(message.allowed) <= rendering.EXPLAINED.keys()


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_placeholder_has_a_value(kind: str) -> None:
    request = with_email()
    values = message_context.values_for(
        SHIPPED[kind].allowed, message_context.Told(request, an_appointment(request), "x", "y")
    )
    empty = {name for name, value in values.items() if not value.text}
    assert empty <= rendering.MAY_BE_EMPTY


def a_time_told(kind: str) -> str:
    tell = {"time_offered": catalogue.time_offered, "time_agreed": catalogue.time_agreed}[kind]
    [message] = queued(tell, an_appointment(with_email()))
    return str(message.text)


@pytest.mark.parametrize("kind", ["time_offered", "time_agreed"])
def test_of_two_times_that_were_told_the_later_says_that_the_first_no_longer_holds(kind: str) -> None:
    words = "It takes the place of any time that we told you before."
    assert words in a_time_told(kind)


@pytest.mark.parametrize("kind", ["time_offered", "time_agreed"])
def test_what_a_manager_wrote_of_a_time_is_left_as_it_is(kind: str) -> None:
    changed("{when}, {practitioner}: {link}", kind=kind)
    assert "It takes the place" not in a_time_told(kind)


# A manager's words


def test_a_managers_words_are_sent_in_place_of_the_shipped() -> None:
    a_clinic()
    changed()
    request = with_email()
    [message] = queued(catalogue.received, request, "token")
    assert message.subject == f"About {request.reference}"
    assert message.text.startswith(f"New words for {request.reference}.\n\nby the end of")
    assert f"<p>New words for <bdi>{request.reference}</bdi>.</p>" in message.html


@pytest.mark.parametrize("text", BROKEN)
def test_words_that_cannot_be_used_stop_nothing_and_are_noted(text: str) -> None:
    row = changed(text)
    [message] = queued(catalogue.received, with_email(), "token")
    assert message.text.startswith("We have your request.")
    assert message.failed_at is None
    row.refresh_from_db()
    assert row.broken_at


@pytest.mark.parametrize("subject", ["", "  ", "\n", "{first_name}", "{", "{link}"])
def test_a_subject_that_cannot_be_used_stops_nothing_either(subject: str) -> None:
    row = changed(subject=subject)
    [message] = queued(catalogue.received, with_email(), "token")
    assert message.subject.startswith("We have your request MS-")
    row.refresh_from_db()
    assert row.broken_at


@pytest.mark.parametrize(
    "subject", ["Two\r\nBcc: x@example.com", "tab\there", "\u202eturned {reference}", "a\u00a0b", "ن\u200cم"]
)
def test_a_subject_is_one_line_whatever_stands_in_it(subject: str) -> None:
    row = changed(subject=subject)
    [message] = queued(catalogue.received, with_email(), "token")
    assert message.subject.isprintable()
    row.refresh_from_db()
    assert row.broken_at is None


def test_looking_at_words_writes_nothing() -> None:
    row = changed("{nonsense}", kind="whatsapp_opening", subject="")
    request = with_email()
    assert message_templates.whatsapp_opening(request).startswith("Hello, this is")
    row.refresh_from_db()
    assert row.broken_at is None


# Languages


@pytest.fixture
def urdu(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("ur", "Urdu")]


@pytest.mark.usefixtures("urdu")
def test_a_text_in_urdu_is_written_from_right_to_left() -> None:
    changed("آپ کی درخواست {reference}\n{promise}\n{emergency}\n{link}", language="ur")
    request = with_email()
    request.language = "ur"
    [message] = queued(catalogue.received, request, "token")
    assert '<html lang="ur" dir="rtl">' in message.html
    assert message.text.startswith("آپ کی درخواست MS-")
    assert translation.get_language() == "en"


@pytest.mark.parametrize("language", ["ur", "xx", "", "../../etc", "\0", "e" * 10])
@pytest.mark.usefixtures("urdu")
def test_a_message_without_a_translation_is_sent_in_the_language_of_the_site(language: str) -> None:
    changed()
    request = with_email()
    request.language = language
    [message] = queued(catalogue.received, request, "token")
    assert '<html lang="en" dir="ltr">' in message.html
    assert message.text.startswith("New words for")


# What staff send by hand


def test_on_a_phone_that_others_use_no_text_says_who_we_are_unless_we_may() -> None:
    a_clinic()
    for may, says in (("no", "the office you wrote to"), ("yes", "Canal Clinic")):
        request = with_email(may_identify_clinic=may)
        opening = message_templates.whatsapp_opening(request)
        reminder = message_templates.sms_reminder(an_appointment(request))
        assert opening == (
            f"Hello, this is {says}, about your request {request.reference}. When may we call you?"
        )
        assert reminder == (
            f"A reminder from {says}: your appointment is on Wednesday 25 November 2026, 5:30pm. "
            f"Your reference is {request.reference}.\n"
            "If you cannot come, please call us: 042 3576 1999."
        )


def test_a_text_for_a_phone_holds_no_name_and_nothing_about_health() -> None:
    request = with_email(may_identify_clinic="no")
    for text in (
        message_templates.whatsapp_opening(request),
        message_templates.sms_reminder(an_appointment(request)),
    ):
        assert not [word for word in ("Ayesha", "numb", "Dr", "clinic", "{") if word in text]


# The renderer, whatever it is given

NAMES = ("reference", "link", "phone", "clinic")
HTML = st.sampled_from(["<script>", "</p>", "&lt;", '"', "<"])
PIECES = st.one_of(st.text(max_size=12), HTML, st.sampled_from([f"{{{name}}}" for name in NAMES]))
TEXTS = st.lists(PIECES | st.sampled_from(["\n", "\n\n", "{", "}"]), max_size=20).map("".join)


@given(text=TEXTS, values=st.fixed_dictionaries({name: st.text(max_size=20) | HTML for name in NAMES}))
def test_a_text_without_problems_is_filled_in_and_nothing_in_it_is_read_as_html(
    text: str, values: dict[str, str]
) -> None:
    found = rendering.problems(text, NAMES, ("link",))
    assert all(isinstance(sentence, str) for sentence in found)
    if found:
        return
    values = values | {"link": "https://clinic.example/x", "reference": "MS-1"}
    filled_in = {name: Value(value) for name, value in values.items()}
    plain = rendering.filled(text, filled_in)
    assert "https://clinic.example/x" in plain
    html = "\n\n".join(rendering.as_html(text, filled_in))
    assert set(_tags(html)) <= {"bdi", "/bdi", "br"}
    assert unescaped(html.replace("<br>", "\n")) == plain


def _tags(html: str) -> list[str]:
    return [part.partition(">")[0] for part in html.split("<")[1:]]


def test_a_value_is_escaped_and_a_link_leads_nowhere_else() -> None:
    values = {"first_name": Value("<b>&amp;"), "link": Value("x", 'https://x/" onclick="y')}
    [name, link] = rendering.as_html("{first_name}\n\n{link}", values)
    assert name == "<bdi>&lt;b&gt;&amp;amp;</bdi>"
    assert link == '<a href="https://x/&quot; onclick=&quot;y"><bdi>x</bdi></a>'


def test_what_stands_in_for_a_placeholder_is_never_read_again() -> None:
    values = {"first_name": Value("{link}"), "link": Value("{first_name}")}
    assert rendering.filled("{first_name} {link}", values) == "{link} {first_name}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{refrence} {link}", "{refrence} is not a placeholder of this message. Use {reference}."),
        ("{ Reference } {link}", "{ Reference } is not a placeholder of this message. Use {reference}."),
        (
            "{price} {link}",
            "{price} is not a placeholder of this message. "
            "Use one of these: {clinic}, {link}, {phone}, {reference}.",
        ),
        ("{link", "Write a placeholder in one pair of braces, like {reference}."),
        ("Hello", "Add {link}. The address of the private page. Every mail has a new one."),
        ("{link} {phone}", "Write {link} on a line without {phone}: such a line is left out at times."),
        ("  ", "Write a text."),
    ],
)
def test_a_problem_is_an_instruction(text: str, sentence: str) -> None:
    assert sentence in rendering.problems(text, NAMES, ("link",))


def test_a_name_of_a_million_letters_is_not_repeated() -> None:
    [sentence, _missing] = rendering.problems("{" + "x" * 1_000_000 + "}", NAMES, ("link",))
    assert len(sentence) < 200
