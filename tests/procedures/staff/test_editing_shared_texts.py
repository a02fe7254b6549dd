"""Two editors of the emergency text or the disclaimer: the second sees who changed what."""

from typing import Any

import pytest
from django.core import signing
from django.test import Client

from procedures.models import Disclaimer, EmergencyText
from tests.admin_forms import Sent, address, errors_in, form_in, form_of
from tests.factories import shared_texts, signed_in
from tests.pages import Element, Page, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def text() -> EmergencyText:
    shared_texts()
    return EmergencyText.objects.get()


def save(client: Client, record: Any, sent: Sent) -> None:
    response = client.post(address(record), sent)
    assert response.status_code == 302, errors_in(response)


def refused(client: Client, record: Any, sent: Sent) -> Page:
    response = client.post(address(record), sent)
    assert response.status_code == 200
    assert "has saved this text since you opened it" in read(response).text, errors_in(response)
    return read(response)


def changes_in(page: Page) -> list[Element]:
    return [section for section in page.all("section") if "change" in section.get("class")]


def test_conflict_names_the_editor_and_overwrites_nothing(
    text: EmergencyText, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(text))
    save(amna, text, form_of(amna, address(text)) | {"warnings": "Do not wait.\r\nDo not eat."})
    page = refused(bilal, text, opened | {"heading": "Call 1122 now if:"})
    assert "Amna Sheikh has saved this text" in page.text
    (change,) = changes_in(page)
    assert "Changed by your colleague: What not to do" in change.text
    assert [added.text for added in change.all("ins")] == ["[added: Do not eat.]"]
    text.refresh_from_db()
    assert (text.heading, text.warnings) == ("Call 1122 if:", "Do not wait.\r\nDo not eat.")


def test_conflict_keeps_typed_text_and_can_be_saved_again(
    text: EmergencyText, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(text))
    save(amna, text, form_of(amna, address(text)) | {"warnings": "Do not wait.\r\nDo not eat."})
    again = form_in(refused(bilal, text, opened | {"heading": "Call 1122 now if:"}))
    assert again["heading"] == "Call 1122 now if:"
    assert again["warnings"] == "Do not wait."
    save(bilal, text, again | {"warnings": "Do not wait.\r\nDo not eat.\r\nDo not drive."})
    text.refresh_from_db()
    assert text.heading == "Call 1122 now if:"
    assert "Do not eat.\r\nDo not drive." in text.warnings


def test_conflict_is_detected_on_the_disclaimer(text: EmergencyText, amna: Client, bilal: Client) -> None:
    disclaimer = Disclaimer.objects.get()
    opened = form_of(bilal, address(disclaimer))
    save(amna, disclaimer, form_of(amna, address(disclaimer)) | {"body": "Written by Amna."})
    refused(bilal, disclaimer, opened | {"heading": "Please note"})
    disclaimer.refresh_from_db()
    assert (disclaimer.heading, disclaimer.body) == ("Disclaimer", "Written by Amna.")


def test_conflict_ignores_an_unchanged_save(text: EmergencyText, amna: Client, bilal: Client) -> None:
    opened = form_of(bilal, address(text))
    save(amna, text, form_of(amna, address(text)) | {"heading": "Call 1122 now if:"})
    other = signed_in("Editor", email="sana@clinic.example")
    save(other, text, form_of(other, address(text)))
    assert "Amna Sheikh has saved this text" in refused(bilal, text, opened).text


def test_unchanged_save_is_no_conflict(text: EmergencyText, amna: Client, bilal: Client) -> None:
    opened = form_of(bilal, address(text))
    save(amna, text, form_of(amna, address(text)))
    save(bilal, text, opened | {"heading": "Call 1122 now if:"})


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "\0",
        signing.dumps({"heading": "x"}),
        signing.dumps(7, salt="procedures.staff.page_forms.opened"),
    ],
    # A signature differs in each process, and pytest needs the same names in all.
    ids=["missing", "empty", "NUL", "unsalted", "a number"],
)
def test_form_without_valid_opened_content_is_not_saved(
    text: EmergencyText, bilal: Client, forged: str | None
) -> None:
    sent = form_of(bilal, address(text)) | {"heading": "Blind."}
    del sent["opened"]
    if forged is not None:
        sent["opened"] = forged
    page = refused(bilal, text, sent)
    assert len(changes_in(page)) == 4
    text.refresh_from_db()
    assert text.heading != "Blind."
    save(bilal, text, form_in(page))


def test_opened_content_of_another_text_is_refused(text: EmergencyText, bilal: Client) -> None:
    opened = form_of(bilal, address(Disclaimer.objects.get()))["opened"]
    refused(bilal, text, form_of(bilal, address(text)) | {"opened": opened})


def test_unchanged_text_keeps_its_date(text: EmergencyText, amna: Client) -> None:
    """Browsers send other line ends; the pages need not be published again for that."""
    EmergencyText.objects.update(warnings="Do not wait.\nDo not eat.")
    text.refresh_from_db()
    sent = form_of(amna, address(text))
    save(amna, text, sent | {"warnings": "Do not wait.\r\nDo not eat."})
    assert EmergencyText.objects.get().changed_at == text.changed_at
    save(amna, text, sent | {"warnings": "Do not wait.\r\nDo not drink."})
    assert EmergencyText.objects.get().changed_at > text.changed_at
