"""A page is translated text by text, signed and published, and then follows its English version."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.core.editing.translation_admin import field_name
from procedures.models import Practitioner, Procedure, Publication
from procedures.publishing import drafts, publishing, translation
from tests.admin_forms import Sent, address, form_in, form_of, publish_in_admin
from tests.conftest import query_count
from tests.factories import a_reviewer, an_emergency_text, published, staff
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

RISK = "Germs get in."


def editor_of(page: Procedure) -> str:
    return reverse("admin:procedures_procedure_translate", args=[page.pk, "ur"])


def english_texts(page: Procedure) -> list[str]:
    return [text for _place, text in translation.texts(drafts.live_english(page)[1])]


def in_urdu(english: str) -> str:
    """A translation that no other text has, with the numbers of its English."""
    letters = "".join("ابپتٹجچدڈر"[int(digit)] for digit in str(sum(english.encode())))
    return " ".join(["اردو", *re.findall(r"\d+(?:\.\d+)?", english), letters])


def typed(*english: str) -> Sent:
    return {field_name("text", text): in_urdu(text) for text in english}


def marked(page: Page) -> list[str]:
    """The English of the texts that are to be translated."""
    return [row.children[1].text for row in page.by_class("translation__row--missing")]  # type: ignore[union-attr]


def urdu_page(page: Procedure) -> Page:
    return read(Client().get(f"/ur/procedures/{page.slug}/"))


def notes(page: Page) -> list[str]:
    return [note.text for note in page.all("p", role="note")]


def with_risk(page: Procedure, body: str) -> None:
    """Publish another text of a risk in English."""
    page.risks.filter(body=RISK).update(body=body)
    published(page)


@pytest.fixture
def translated(procedure: Procedure) -> Procedure:
    """A procedure that is published in both languages."""
    published(procedure)
    procedure.translations["ur"] = {text: in_urdu(text) for text in english_texts(procedure)}
    procedure.save()
    published(procedure, language="ur")
    return procedure


def test_page_is_translated_beside_its_english_and_published(
    editor: Client, clinician: Client, procedure: Procedure
) -> None:
    assert editor.get(editor_of(procedure)).status_code == 200
    english = published(procedure)
    first, *others = english_texts(procedure)
    page = read(editor.get(editor_of(procedure)))
    assert len(marked(page)) == len(page.by_class("translation__row")) == 1 + len(others)
    for area in page.one(id="content").all("textarea"):
        assert (area["lang"], area["dir"]) == ("ur", "rtl")
    sent = form_of(editor, editor_of(procedure))
    response = editor.post(editor_of(procedure), sent | typed(*others), follow=True)
    assert "1 text is still to be translated." in read(response).text
    reviewer = a_reviewer()
    response = publish_in_admin(clinician, procedure, reviewer, "ur", stays="")
    assert "1 text has no translation yet." in read(response).text
    assert notes(urdu_page(procedure)) == [notes(urdu_page(procedure))[0]], "still in English, and says so"
    editor.post(editor_of(procedure), form_of(editor, editor_of(procedure)) | typed(first))
    publish_in_admin(clinician, procedure, reviewer, "ur")
    urdu = Publication.objects.get(language="ur")
    assert (urdu.number, urdu.translates) == (1, english)
    page = urdu_page(procedure)
    assert in_urdu(procedure.title) in page.one("h1").text
    assert notes(page) == []


def test_translation_must_say_the_numbers_of_its_english(procedure: Procedure) -> None:
    procedure.risks.filter(body=RISK).update(body="Germs get in: 3 in 100.")
    procedure.citations.update(section="risks")
    published(procedure)
    texts = {text: in_urdu(text) for text in english_texts(procedure)}
    for wrong in ("اردو 30 100", "اردو 100"):
        procedure.translations["ur"] = texts | {"Germs get in: 3 in 100.": wrong}
        procedure.save()
        with pytest.raises(publishing.NotReadyError, match=r"3 in 100\.” and its translation have different"):
            published(procedure, language="ur")
    procedure.translations["ur"] = texts
    procedure.save()
    assert published(procedure, language="ur").number == 1


def test_changed_english_marks_the_page_and_just_that_text(
    editor: Client, clinician: Client, translated: Procedure
) -> None:
    with_risk(translated, "Germs get in, sometimes.")
    (note,) = urdu_page(translated).all("p", role="note")
    assert note.one("a")["href"] == f"/procedures/{translated.slug}/"
    assert "Outdated translations" in read(editor.get("/staff/")).text
    page = read(editor.get(editor_of(translated)))
    assert len(marked(page)) == 1
    assert [change.text for change in page.all("ins")] == ["[added: in, sometimes.]"]
    # The former translation is in its field. It is kept only when somebody says that it fits, or changes it.
    name = field_name("text", "Germs get in, sometimes.")
    sent = form_in(page)
    assert sent[name] == in_urdu(RISK)
    editor.post(editor_of(translated), sent)
    assert len(marked(read(editor.get(editor_of(translated))))) == 1
    fits = {field_name("fits", "Germs get in, sometimes."): "on"}
    for change in ({name: "جراثیم کبھی کبھی"}, fits):
        translated.refresh_from_db()
        before = translated.translations
        editor.post(editor_of(translated), form_of(editor, editor_of(translated)) | change)
        assert marked(read(editor.get(editor_of(translated)))) == []
        if change is not fits:
            Procedure.objects.filter(pk=translated.pk).update(translations=before)
    publish_in_admin(clinician, translated, Practitioner.objects.get(), "ur")
    page = urdu_page(translated)
    assert notes(page) == [] and in_urdu(RISK) in page.main.text


def test_corrected_typing_does_not_mark_the_translation(translated: Procedure) -> None:
    translated.risks.filter(body=RISK).update(body="Germs get in!")
    published_correction_of(translated)
    assert notes(urdu_page(translated)) == []


def published_correction_of(page: Procedure, language: str = "en") -> None:
    seen = publishing.fingerprint(page, drafts.read_draft(page, language))
    publishing.publish(page, language=language, sign_off=None, change_note="Typing.", by=None, seen=seen)


def test_translation_goes_with_its_english_page(translated: Procedure) -> None:
    _link, token = publishing.make_preview_link(translated, language="ur", by=staff())
    preview = reverse("procedures:preview", args=[token])
    assert in_urdu(translated.title) in read(Client().get(preview)).one("h1").text
    publishing.withdraw(translated, language="en")
    assert Client().get(f"/ur/procedures/{translated.slug}/").status_code == 410
    assert Client().get(preview).status_code == 404
    published(translated)
    assert notes(urdu_page(translated)), "in English until the translation is published again"


def test_moved_page_is_in_english_until_its_translation_is_published_there(translated: Procedure) -> None:
    former = translated.slug
    translated.slug = "elsewhere"
    translated.save()
    published(translated)
    assert Client().get(f"/ur/procedures/{former}/")["Location"] == "/ur/procedures/elsewhere/"
    assert notes(urdu_page(translated))
    published(translated, language="ur")
    assert notes(urdu_page(translated)) == []


def test_colleague_and_new_english_lose_nothing_typed(
    amna: Client, bilal: Client, translated: Procedure
) -> None:
    url = editor_of(translated)
    opened = form_of(amna, url)
    name = field_name("text", RISK)
    amna.post(url, opened | {name: "آمنہ"})
    response = bilal.post(url, opened | {name: "بلال"})
    assert "Amna Sheikh has saved this translation since you opened it" in read(response).text
    assert form_in(read(response))[name] == "بلال"
    bilal.post(url, form_in(read(response)))
    assert form_of(amna, url)[name] == "بلال"
    opened = form_of(amna, url)
    with_risk(translated, "Bleeding.")
    response = amna.post(url, opened | {name: "آمنہ کا متن"})
    assert "The English has changed since you opened this page." in read(response).text
    assert "آمنہ کا متن" in read(response).text


def test_letters_digits_and_ranges_are_put_right(editor: Client, translated: Procedure) -> None:
    url = editor_of(translated)
    editor.post(url, form_of(editor, url) | {field_name("text", RISK): "هڈي كا زخم ۱۰-۱۲ دن"})
    translated.refresh_from_db()
    assert translated.translations["ur"][RISK] == "ہڈی کا زخم \u206610-12\u2069 دن"


def test_staff_pages_of_a_translation_are_about_it(
    editor: Client, clinician: Client, translated: Procedure
) -> None:
    for view in ("preview", "history_of", "preview_link"):
        page = read(editor.get(f"{address(translated, view)}?language=ur"))
        assert page.one("html")["lang"] == ("ur" if view == "preview" else "en")
    shown = read(editor.get(f"{address(translated, 'history_of')}1/?language=ur"))
    assert in_urdu(translated.title) in shown.one("h1").text
    withdraw = f"{address(translated, 'withdraw')}?language=ur"
    assert "will read it in English" in read(clinician.get(withdraw)).main.text
    response = clinician.post(withdraw, follow=True)
    assert "Withdrawn. Patients read the page in English." in read(response).text
    publish = read(clinician.get(f"{address(translated, 'publish')}?language=ur"))
    assert "This translation was withdrawn on" in publish.text
    assert notes(urdu_page(translated)) and Client().get(f"/procedures/{translated.slug}/").status_code == 200


def test_saving_while_the_page_is_withdrawn_keeps_its_translation(
    editor: Client, translated: Procedure
) -> None:
    url, before = editor_of(translated), translated.translations
    publishing.withdraw(translated, language="en")
    page = read(editor.get(url))
    assert not page.all("input", value="Save")
    editor.post(url, form_in(page))
    translated.refresh_from_db()
    assert translated.translations == before


def test_line_is_translated_by_a_line(editor: Client, translated: Procedure) -> None:
    url = editor_of(translated)
    editor.post(url, form_of(editor, url) | {field_name("text", RISK): "ایک\r\nدو"})
    translated.refresh_from_db()
    assert translated.translations["ur"][RISK] == "ایک دو"


def test_scheduled_move_takes_the_translation_along_only_if_it_happens(
    clock: time_machine.Traveller, clinician: Client, translated: Procedure
) -> None:
    former, move_at = translated.slug, timezone.now() + timedelta(days=2)
    translated.slug = "elsewhere"
    translated.save()
    move = published(translated, live_from=move_at)
    # A translation of the text that is still live does not stay behind at the former address, either.
    published(translated, language="ur")
    published(translated, language="ur", live_from=timezone.now() + timedelta(days=1))
    history = f"{address(translated, 'history_of')}?language=ur"
    planned = "will be withdrawn on Wed 3 Jun 2026, noon, when the English page moves"
    assert planned in read(clinician.get(history)).text
    assert publishing.call_off(move)
    assert planned not in read(clinician.get(history)).text
    clock.shift(timedelta(days=3))
    assert notes(read(Client().get(f"/ur/procedures/{former}/"))) == []
    published(translated, live_from=timezone.now() + timedelta(days=1))
    published(translated, language="ur")
    clock.shift(timedelta(days=2))
    assert Client().get(f"/ur/procedures/{former}/")["Location"] == "/ur/procedures/elsewhere/"
    assert notes(urdu_page(translated)), "in English until its translation is published there"


def test_scheduled_translation_is_withdrawn_with_a_page_that_was_to_move(
    clock: time_machine.Traveller, translated: Procedure
) -> None:
    former = translated.slug
    published(translated, language="ur", live_from=timezone.now() + timedelta(days=1))
    translated.slug = "elsewhere"
    translated.save()
    published(translated, live_from=timezone.now() + timedelta(days=5))
    clock.shift(timedelta(hours=1))
    publishing.withdraw(translated, language="en")
    clock.shift(timedelta(days=2))
    assert Client().get(f"/ur/procedures/{former}/").status_code == 410


def test_correction_does_not_sign_a_translation_of_reviewed_changes(translated: Procedure) -> None:
    with_risk(translated, "Germs never get in.")
    translated.refresh_from_db()
    translated.translations["ur"]["Germs never get in."] = "جراثیم"
    translated.save()
    with pytest.raises(publishing.NotReadyError, match="English was reviewed again"):
        published_correction_of(translated, "ur")


def test_translation_keeps_the_emergency_number(procedure: Procedure) -> None:
    procedure.risks.filter(body=RISK).update(body="Call 1122.")
    published(procedure)
    procedure.translations["ur"] = {text: in_urdu(text) for text in english_texts(procedure)}
    procedure.translations["ur"]["Call 1122."] = "کال کریں"
    procedure.save()
    with pytest.raises(publishing.NotReadyError, match=r"Call 1122\.” and its translation have different"):
        published(procedure, language="ur")


def test_outdated_first_aid_is_marked_on_each_page_that_shows_it(translated: Procedure) -> None:
    emergency = an_emergency_text()
    published(emergency)
    emergency.translations["ur"] = {text: in_urdu(text) for text in english_texts(emergency)}
    emergency.save()
    published(emergency, language="ur")
    translated.sections.create(kind="emergency", heading="Emergency", position=99)
    published(translated)
    translated.translations["ur"] |= {text: in_urdu(text) for text in english_texts(translated)}
    translated.save()
    published(translated, language="ur")
    pages = (f"/ur/procedures/{translated.slug}/", "/ur/emergency/", "/emergency/")
    assert [notes(read(Client().get(path))) for path in pages] == [[], [], []]
    emergency.first_aid += "\nStay warm."
    emergency.save()
    published(emergency)
    assert [len(notes(read(Client().get(path)))) for path in pages] == [1, 1, 1]


def test_emergency_page_says_which_of_its_texts_is_not_reviewed(procedure: Procedure) -> None:
    emergency = an_emergency_text()
    published(emergency)
    emergency.translations["ur"] = {text: in_urdu(text) for text in english_texts(emergency)}
    emergency.save()
    publishing.publish_sample(emergency, language="ur")
    (note,) = read(Client().get("/emergency/")).main.all("p", role="note")
    assert "نمونہ" in note.text
    published(emergency, language="ur", review_due_on=timezone.localdate() + timedelta(days=1))
    assert notes(read(Client().get("/emergency/"))) == []
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        page = read(Client().get("/emergency/"))
    assert len(page.main.by_class("inset")) == 1


def test_query_count_does_not_depend_on_the_language(translated: Procedure) -> None:
    counts = [
        query_count(lambda path=path: Client().get(path))  # type: ignore[misc]
        for path in (f"/procedures/{translated.slug}/", f"/ur/procedures/{translated.slug}/")
    ]
    assert counts[0] == counts[1]


def test_unpublished_page_has_nothing_to_translate(editor: Client, procedure: Procedure) -> None:
    assert "nothing to translate" in read(editor.get(editor_of(procedure))).text
    answer: Any = editor.get(f"{address(procedure, 'preview')}?language=ur")
    assert answer.status_code == 404
