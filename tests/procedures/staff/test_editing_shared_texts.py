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


def test_conflict_names_editor_keeps_typed_text_and_can_be_saved_again(
    text: EmergencyText, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(text))
    save(amna, text, opened | {"warnings": "Do not wait.\r\nDo not eat."})
    page = refused(bilal, text, opened | {"heading": "Call 1122 now if:"})
    assert "Amna Sheikh has saved this text" in page.text
    (change,) = changes_in(page)
    assert "Changed by your colleague: What not to do" in change.text
    assert [added.text for added in change.all("ins")] == ["[added: Do not eat.]"]
    text.refresh_from_db()
    assert (text.heading, text.warnings) == ("Call 1122 if:", "Do not wait.\r\nDo not eat.")

    again = form_in(page)
    assert (again["heading"], again["warnings"]) == ("Call 1122 now if:", "Do not wait.")
    save(bilal, text, again | {"warnings": "Do not wait.\r\nDo not eat.\r\nDo not drive."})
    text.refresh_from_db()
    assert text.heading == "Call 1122 now if:"
    assert "Do not eat.\r\nDo not drive." in text.warnings


def test_unchanged_save_is_no_conflict_and_names_no_editor(
    text: EmergencyText, amna: Client, bilal: Client
) -> None:
    disclaimer = Disclaimer.objects.get()
    opened = form_of(bilal, address(disclaimer))
    save(bilal, disclaimer, opened)
    save(amna, disclaimer, opened | {"body": "Written by Amna."})
    sana = signed_in("Editor", email="sana@clinic.example")
    save(sana, disclaimer, form_of(sana, address(disclaimer)))
    assert "Amna Sheikh has saved this text" in refused(bilal, disclaimer, opened).text
    disclaimer.refresh_from_db()
    assert disclaimer.body == "Written by Amna."


def test_form_without_valid_opened_content_is_not_saved(text: EmergencyText, bilal: Client) -> None:
    untouched = form_of(bilal, address(text))
    other = form_of(bilal, address(Disclaimer.objects.get()))["opened"]
    for forged in (None, "", "\0", signing.dumps({"heading": "x"}), other):
        sent = untouched | {"heading": "Blind.", "opened": forged}
        if forged is None:
            del sent["opened"]
        page = refused(bilal, text, sent)
        assert len(changes_in(page)) == 5, forged
        text.refresh_from_db()
        assert text.heading != "Blind.", forged
    save(bilal, text, form_in(page))


def test_unchanged_text_keeps_its_date(text: EmergencyText, amna: Client) -> None:
    """Browsers send other line ends; the pages need not be published again for that."""
    EmergencyText.objects.update(warnings="Do not wait.\nDo not eat.")
    text.refresh_from_db()
    sent = form_of(amna, address(text))
    save(amna, text, sent | {"warnings": "Do not wait.\r\nDo not eat."})
    assert EmergencyText.objects.get().changed_at == text.changed_at
    save(amna, text, sent | {"warnings": "Do not wait.\r\nDo not drink."})
    assert EmergencyText.objects.get().changed_at > text.changed_at
