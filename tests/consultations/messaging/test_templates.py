"""Message templates: defaults, overrides, and rendering."""

from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_site.accounts.models import User
from clinic_site.core.text import is_one_line
from clinic_site.mail.models import OutgoingMessage
from consultations.messaging import rendering
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import KINDS
from consultations.messaging.context import MessageContext, values_for
from consultations.messaging.rendering import Value
from consultations.models import MessageText
from tests.consultations.messaging.message_helpers import a_clinic, an_appointment, queued, with_email
from tests.factories import staff
from tests.pages import unescaped

pytestmark = pytest.mark.django_db

GOOD = "New words for {{ reference }}.\n\n{{ promise }}\n{{ emergency }}\n{{ link }}"
UNUSABLE = [
    "",
    "   \n ",
    "Nothing required is here.",
    GOOD + " {{ refrence }}",
    GOOD + " {",
    GOOD + " }}",
    GOOD + " {reference}",
    GOOD + " {{ }}",
    GOOD + " {{ \nreference }}",
    GOOD + " {% debug %}",
    GOOD + " {# {{ reference }} #}",
    GOOD + " {{ reference|safe }}",
    GOOD + " {{ reference.__class__ }}",
    GOOD + " {{ name }}",  # the message may go to a stranger
    GOOD.replace("{{ link }}", "{{ link }} {{ phone }}"),  # the line is dropped if there is no phone
]


def override(text: str = GOOD, *, kind: str = "acknowledgement", **fields: Any) -> MessageText:
    values = {
        "language": "en",
        "subject": "About {{ reference }}",
        "changed_by": User.objects.first() or staff(),
    }
    return MessageText.objects.create(kind=kind, text=text, changed_at=timezone.now(), **values | fields)


def acknowledgement(language: str = "en") -> OutgoingMessage:
    request = with_email()
    request.language = language
    [message] = queued("acknowledgement", request)
    return message


def test_every_default_template_is_usable_and_every_placeholder_has_a_value() -> None:
    request = with_email()
    context = MessageContext(request, an_appointment(request), "x", "y", ("MS-1", "MS-2"))
    for kind, message in KINDS.items():
        template = message_templates.default_template(kind, "en")
        assert message_templates.problems(kind, template.subject, template.text) == {}
        assert set(message.required) <= set(message.placeholders) <= rendering.DESCRIPTIONS.keys()
        values = values_for(message.placeholders, context)
        assert {name for name, value in values.items() if not value.text} <= rendering.OPTIONAL


def test_override_is_sent_instead_of_the_default() -> None:
    a_clinic()
    override()
    message = acknowledgement()
    assert message.subject == f"About {message.about}"
    assert message.text.startswith(f"New words for {message.about}.\n\nby the end of")
    assert f"<p>New words for <bdi>{message.about}</bdi>.</p>" in message.html


def test_unusable_override_is_recorded_and_the_default_is_sent() -> None:
    row = override()
    changes = [{"text": text} for text in UNUSABLE]
    changes += [{"subject": subject} for subject in ("", "  ", "\n", "{{ name }}", "{", "{{ link }}")]
    for change in changes:
        MessageText.objects.update(**{"text": GOOD, "subject": "x", "broken_at": None} | change)
        message = acknowledgement()
        assert message.text.startswith("Thank you. We’ve received your request."), change
        assert message.subject.startswith("We’ve received your request MS-")
        assert message.failed_at is None
        row.refresh_from_db()
        assert row.broken_at
    # Only sending records it, not looking.
    MessageText.objects.update(kind="whatsapp_opening", broken_at=None)
    assert message_templates.whatsapp_opening(with_email()).startswith("Hello, this is")
    row.refresh_from_db()
    assert row.broken_at is None


def test_subject_is_always_one_line() -> None:
    row = override()
    for subject in (
        "Two\r\nBcc: x@example.com",
        "tab\there",
        "a\u2028b {{ reference }}",
        "ن\u200cم",
    ):
        MessageText.objects.update(subject=subject)
        assert is_one_line(acknowledgement().subject)
        row.refresh_from_db()
        assert row.broken_at is None
    assert acknowledgement().subject == "ن\u200cم", "the joiner is part of the word"


def test_message_is_in_the_language_of_its_reader() -> None:
    override("آپ کی درخواست {{ reference }}\n{{ promise }}\n{{ emergency }}\n{{ link }}", language="ur")
    message = acknowledgement("ur")
    assert '<html lang="ur" dir="rtl">' in message.html
    assert message.text.startswith("آپ کی درخواست \u2066MS-")
    assert "/ur/r/" in message.text
    assert translation.get_language() == "en"
    override()
    for unknown in ("xx", "", "../../etc", "\0", "e" * 10):
        message = acknowledgement(unknown)
        assert '<html lang="en" dir="ltr">' in message.html
        assert message.text.startswith("New words for")


def test_text_messages_name_the_clinic_only_with_consent_and_say_nothing_about_health() -> None:
    a_clinic()
    for may, sender in (("no", "the office you contacted"), ("yes", "Canal Clinic")):
        request = with_email(may_identify_clinic=may)
        opening = message_templates.whatsapp_opening(request)
        template = message_templates.template_for("sms_reminder", "en")
        context = MessageContext(request, an_appointment(request))
        reminder = message_templates.render_text(template, context)
        assert f"this is {sender} about your request {request.reference}." in opening
        assert f"Reminder from {sender}: your appointment is on Wednesday 25 November, 5:30 pm." in reminder
        assert request.reference in reminder and "call 042 3576 1999." in reminder
        # One other letter, such as a curly apostrophe, makes an SMS cost twice as much.
        assert reminder.isascii()
        assert not [word for word in ("Ayesha", "numb", "Dr", "{") if word in opening + reminder]


NAMES = ("reference", "link", "phone", "clinic")
HTML = st.sampled_from(["<script>", "</p>", "&lt;", '"', "<"])
PIECES = st.one_of(
    st.text(max_size=12),
    HTML,
    st.sampled_from([f"{{{{ {name} }}}}" for name in NAMES]),
    st.sampled_from(["\n", "\n\n", "{", "}", "{{", "}}", "reference", "{% if %}", "{#"]),
)
TEXTS = st.lists(PIECES, max_size=20).map("".join)


@settings(max_examples=50)
@given(text=TEXTS, values=st.fixed_dictionaries({name: st.text(max_size=20) | HTML for name in NAMES}))
def test_text_without_problems_renders_and_nothing_in_it_is_html(text: str, values: dict[str, str]) -> None:
    if rendering.problems(text, NAMES, ("link",)):
        return
    values = values | {"link": "https://clinic.example/x", "reference": "MS-1"}
    filled = {name: Value(" ".join(value.split())) for name, value in values.items()}
    plain = rendering.render_plain(text, filled)
    assert "https://clinic.example/x" in plain
    html = rendering.render_html(text, filled)
    tags = {part.partition(">")[0] for part in html.split("<")[1:]}
    assert tags <= {"bdi", "/bdi", "br", "p", "/p"}
    assert unescaped(html.replace("<br>", " ")).split() == plain.split()


def test_value_is_escaped_and_never_rendered_again() -> None:
    values = {"name": Value("{{ link }}<b>&amp;"), "link": Value("{% debug %}", 'https://x/" on="y')}
    text = "{{ name }}\n\n{{ link }}"
    assert rendering.render_plain(text, values) == "{{ link }}<b>&amp;\n\n{% debug %}"
    assert rendering.render_html(text, values) == (
        "<p><bdi>{{ link }}&lt;b&gt;&amp;amp;</bdi></p>\n\n"
        '<p><a href="https://x/&quot; on=&quot;y"><bdi>{% debug %}</bdi></a></p>'
    )


def test_problems_are_instructions() -> None:
    for text, sentence in {
        "{{ refrence }} {{ link }}": "{{ refrence }} is not a placeholder of this message. "
        "Use {{ reference }}.",
        "{{Reference}} {{link}}": "{{ Reference }} is not a placeholder of this message. "
        "Use {{ reference }}.",
        "{{ price }} {{ link }}": "{{ price }} is not a placeholder of this message. "
        "Use one of these: {{ clinic }}, {{ link }}, {{ phone }}, {{ reference }}.",
        "{link": "Write a placeholder in two pairs of braces, like {{ reference }}.",
        "Hello": "Add {{ link }}. The address of the private page. Every mail has a new one.",
        "{{ link }} {{ phone }}": "Write {{ link }} on a line without {{ phone }}: "
        "such a line may be left out.",
        "  ": "Write a text.",
    }.items():
        assert sentence in rendering.problems(text, NAMES, ("link",))
    [sentence, _missing] = rendering.problems("{{" + "x" * 1_000_000 + "}}", NAMES, ("link",))
    assert len(sentence) < 200
