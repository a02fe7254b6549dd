"""Nothing is published until the list is empty, the changes are read, and somebody entitled has signed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from procedures import services, working_copy
from procedures.documents import PageDocument
from procedures.models import Disclaimer, EmergencyText, Photo, Procedure, Publication
from tests.admin_forms import address, errors_in, form_of, publish_in_admin, told
from tests.factories import a_procedure, a_reviewer, an_overview, published, shared_texts, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 7, tzinfo=UTC)  # noon in Lahore
PATH = "/procedures/lymph-vessel-repair/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    return a_procedure()


@pytest.fixture
def clinician() -> Client:
    client = Client()
    client.force_login(staff("Clinical reviewer"))
    return client


def boxes(client: Client, procedure: Procedure) -> list[str]:
    page = read(client.get(address(procedure, "publish")))
    return [box["name"] for box in page.all("input", type="checkbox") if box["name"].startswith("read_")]


def signed(client: Client, procedure: Procedure, fields: dict[str, str]) -> Any:
    """The answer to a sign-off in which every change is ticked, and these fields are filled in."""
    url = address(procedure, "publish")
    ticked = dict.fromkeys(boxes(client, procedure), "on")
    return client.post(url, form_of(client, url) | ticked | {"change_note": "Written anew."} | fields)


def numbers() -> list[int]:
    return list(Publication.objects.order_by("number").values_list("number", flat=True))


# What is missing, each with a link to its field


def _emptied(procedure: Procedure) -> None:
    procedure.risks.all().delete()
    procedure.carecards.all().delete()
    procedure.citations.all().delete()
    procedure.sections.all().delete()
    procedure.keyfacts.create(label="How long", value="3 hours", certainty="unconfirmed")
    photo = Photo.objects.create(digest="a" * 32, width=800, height=600, widths=[480])
    Procedure.objects.filter(pk=procedure.pk).update(photo=photo, urgency="emergency")


def links(client: Client, path: str) -> dict[str, str]:
    page = read(client.get(path))
    (state,) = (box for box in page.all("div") if box.get("class") == "page-state")
    return {link.text: link["href"] for item in state.all("li") for link in item.all("a")}


@pytest.mark.parametrize("view", ["publish", "change"])
def test_each_thing_that_is_missing_has_a_link_to_a_field_that_is_there(
    clinician: Client, procedure: Procedure, view: str
) -> None:
    _emptied(procedure)
    Disclaimer.objects.all().delete()
    EmergencyText.objects.all().delete()
    found = links(clinician, address(procedure, view))
    for sentence in (
        "Name at least one source.",
        "Add the risks.",
        "Say when to get help: add a card.",
        "The key fact “How long” is not confirmed.",
        "Add a section on other options.",
        "Write the disclaimer.",
        "Write the emergency text.",
        "Describe the photograph for people who cannot see it.",
    ):
        assert sentence in found, found
    for sentence, url in found.items():
        path, _hash, anchor = url.partition("#")
        response = clinician.get(path)
        assert response.status_code == 200, sentence
        assert len(read(response).all(id=anchor)) == 1, f"{sentence} {url}"


def test_an_address_that_is_anothers_is_on_the_list_with_its_field(clinician: Client) -> None:
    shared_texts()
    old = a_procedure("wanted")
    published(old)
    Procedure.objects.filter(pk=old.pk).update(slug="left")
    newcomer = a_procedure("wanted")
    found = links(clinician, address(newcomer, "publish"))
    assert found == {
        "Another procedure was published under this address. Choose another.": address(newcomer) + "#id_slug"
    }


def test_nothing_is_published_while_anything_is_missing(clinician: Client, procedure: Procedure) -> None:
    procedure.risks.all().delete()
    page = read(clinician.get(address(procedure, "publish")))
    (button,) = (control for control in page.all("input", type="submit") if control["value"] == "Publish")
    assert "disabled" in button.attributes
    response = publish_in_admin(clinician, procedure, a_reviewer(), change_note="By hand.")
    assert response.status_code == 200
    assert numbers() == []


def test_the_disclaimer_taken_away_while_the_form_was_open_stops_it(
    clinician: Client, procedure: Procedure
) -> None:
    sent = form_of(clinician, address(procedure, "publish")) | {
        "read_all": "on",
        "reviewer": str(a_reviewer().pk),
        "change_note": "…",
    }
    Disclaimer.objects.all().delete()
    assert clinician.post(address(procedure, "publish"), sent).status_code == 200
    assert numbers() == []


# What changed must be read


def test_a_page_that_was_never_reviewed_must_be_read_whole(clinician: Client, procedure: Procedure) -> None:
    assert boxes(clinician, procedure) == ["read_all"]
    response = publish_in_admin(clinician, procedure, a_reviewer(), read_all="")
    assert "Read the whole page and tick the box." in errors_in(response)
    assert numbers() == []


def test_a_sample_counts_as_never_reviewed(clinician: Client, procedure: Procedure) -> None:
    services.publish_sample(procedure, language="en")
    assert boxes(clinician, procedure) == ["read_all"]


def test_each_section_that_changed_has_a_box_and_every_one_must_be_ticked(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure)
    procedure.risks.update(body="Germs get in, often.")
    procedure.sections.filter(kind="why").update(body="Other words.")
    Procedure.objects.filter(pk=procedure.pk).update(menu_label="Another name in the menu")
    assert boxes(clinician, procedure) == ["read_why", "read_risks"]
    for unread in ("read_why", "read_risks"):
        response = publish_in_admin(clinician, procedure, a_reviewer(), **{unread: ""})
        assert errors_in(response) == ["Read this change and tick the box."]
    assert numbers() == [1]
    publish_in_admin(clinician, procedure, a_reviewer())
    assert numbers() == [1, 2]


@pytest.mark.parametrize("field", ["description", "summary", "title", "plain_name"])
def test_what_search_engines_and_cards_say_is_read_too(
    clinician: Client, procedure: Procedure, field: str
) -> None:
    published(procedure)
    Procedure.objects.filter(pk=procedure.pk).update(**{field: "Cures everybody."})
    assert boxes(clinician, procedure) == ["read_title"]


def test_another_photograph_with_the_same_description_is_a_change(
    clinician: Client, procedure: Procedure
) -> None:
    one, other = (
        Photo.objects.create(digest=letter * 32, width=800, height=600, widths=[480]) for letter in "ab"
    )
    procedure.photo, procedure.photo_alt = one, "A hand"
    procedure.save()
    published(procedure)
    Procedure.objects.filter(pk=procedure.pk).update(photo=other)
    assert boxes(clinician, procedure) == ["read_picture"]


def test_changes_add_up_since_the_last_full_review(clinician: Client, procedure: Procedure) -> None:
    """A correction is no review: what it changed is shown again at the next one."""
    published(procedure)
    procedure.risks.update(body="Germs gets in.")
    publish_in_admin(clinician, procedure, a_reviewer(), is_minor="on")
    procedure.sections.filter(kind="why").update(body="Other words.")
    assert boxes(clinician, procedure) == ["read_why", "read_risks"]


# Nothing changes between reading and signing


def test_a_page_edited_while_it_was_read_is_not_published(clinician: Client, procedure: Procedure) -> None:
    sent = form_of(clinician, address(procedure, "publish"))
    sent |= {"read_all": "on", "reviewer": str(a_reviewer().pk), "change_note": "Approved."}
    procedure.risks.update(body="Slipped in after approval.")
    response = clinician.post(address(procedure, "publish"), sent)
    assert response.status_code == 302
    assert told(response) == ["This page was edited while you read it. Read the changes again."]
    assert numbers() == []


@pytest.mark.parametrize("what", ["overview’s steps", "disclaimer", "emergency text", "source"])
def test_nor_when_something_it_takes_from_elsewhere_was_edited(
    clinician: Client, procedure: Procedure, what: str
) -> None:
    overview = an_overview()
    published(overview)
    sent = form_of(clinician, address(procedure, "publish"))
    sent |= {"read_all": "on", "reviewer": str(a_reviewer().pk), "change_note": "Approved."}
    match what:
        case "overview’s steps":
            overview.steps.update(title="Slipped in")
            published(overview)
        case "disclaimer":
            Disclaimer.objects.update(body="Slipped in")
        case "emergency text":
            EmergencyText.objects.update(signs="Slipped in")
        case "source":
            procedure.citations.get().source.__class__.objects.update(title="Slipped in")
    assert clinician.post(address(procedure, "publish"), sent).status_code == 302
    assert not Publication.objects.filter(page=procedure).exists()


@pytest.mark.parametrize("seen", [None, "", "0" * 64, "x" * 100_000, "🩺"])
def test_what_was_seen_cannot_be_left_out_or_made_up(
    clinician: Client, procedure: Procedure, seen: str | None
) -> None:
    sent = form_of(clinician, address(procedure, "publish"))
    sent |= {"read_all": "on", "reviewer": str(a_reviewer().pk), "change_note": "…"}
    del sent["seen"]
    sent |= {"seen": seen} if seen is not None else {}
    assert clinician.post(address(procedure, "publish"), sent).status_code == 302
    assert numbers() == []


# Who signs, and when


def test_a_reviewer_without_a_registration_number_cannot_sign(
    clinician: Client, procedure: Procedure
) -> None:
    response = publish_in_admin(clinician, procedure, a_reviewer(registration_number=""), change_note="…")
    assert errors_in(response) == ["The reviewer has no registration number. Enter it under Practitioners."]
    assert numbers() == []


def test_somebody_who_left_cannot_sign(clinician: Client, procedure: Procedure) -> None:
    response = publish_in_admin(clinician, procedure, a_reviewer(is_active=False), change_note="…")
    assert any("Select a valid choice" in error for error in errors_in(response))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reviewer": ""}, "Choose the reviewer."),
        ({"reviewed_on": ""}, "Enter the date of the review."),
        ({"review_due_on": ""}, "Enter the date of the next review."),
        ({"reviewed_on": "2026-06-02"}, "The review cannot be in the future."),
        ({"reviewed_on": "9999-12-31"}, "The review cannot be in the future."),
        ({"review_due_on": "2029-06-02"}, "The next review must be within 36 months."),
        ({"review_due_on": "9999-12-31"}, "The next review must be within 36 months."),
        ({"review_due_on": "2026-06-01"}, "The next review must be in the future."),
        (
            {"reviewed_on": "0001-01-01", "review_due_on": "0003-01-01"},
            "The next review must be in the future.",
        ),
        ({"reviewed_on": "0001-01-01"}, "The next review must be within 36 months."),
        ({"change_note": ""}, "This field is required."),
        ({"change_note": "x" * 201}, "at most 200 characters"),
        (
            {"review_due_on": "2026-07-01", "live_from": "2026-07-01T10:00"},
            "This is after the next review. Choose an earlier time.",
        ),
    ],
)
def test_what_is_wrong_with_the_signature_is_said_and_nothing_is_published(
    clinician: Client, procedure: Procedure, changes: dict[str, str], sentence: str
) -> None:
    response = signed(clinician, procedure, {"reviewer": str(a_reviewer().pk)} | changes)
    assert response.status_code == 200
    assert any(sentence in error for error in errors_in(response)), errors_in(response)
    assert numbers() == []


def test_what_was_signed_is_what_the_reader_is_told(
    client: Client, clinician: Client, procedure: Procedure
) -> None:
    publish_in_admin(
        clinician,
        procedure,
        a_reviewer(),
        reviewed_on="2026-05-03",
        review_due_on="2029-05-03",
        change_note="Infection is told better.",
    )
    text = read(client.get(PATH)).main.text
    for words in ("Dr. Ayesha Khan", "12345-P", "3 May 2026", "3 May 2029", "Infection is told better."):
        assert words in text


# Corrections of typing


def corrected(clinician: Client, procedure: Procedure, **changes: str) -> Any:
    empty = {"reviewer": "", "reviewed_on": "", "review_due_on": ""}
    return signed(clinician, procedure, empty | {"is_minor": "on"} | changes)


def test_a_correction_keeps_the_review_and_its_dates_and_is_recorded_as_one(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2028, 3, 1))
    clock.shift(timedelta(days=30))
    procedure.risks.update(body="Germs can get in.")
    corrected(clinician, procedure)
    first, second = Publication.objects.order_by("number")
    assert (second.is_minor, second.reviewer) == (True, first.reviewer)
    assert (second.reviewed_on, second.review_due_on) == (date(2026, 3, 1), date(2028, 3, 1))
    review = PageDocument.from_json(second.document).review
    assert review and (review.reviewed_on, review.due_on) == (date(2026, 3, 1), date(2028, 3, 1))
    assert "(typing corrected)" in read(clinician.get(address(procedure, "history_of"))).text


def test_a_correction_too_must_be_read(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.risks.update(body="Germs can get in.")
    response = corrected(clinician, procedure, read_risks="")
    assert errors_in(response) == ["Read this change and tick the box."]


def test_a_page_that_was_never_reviewed_cannot_be_corrected(clinician: Client, procedure: Procedure) -> None:
    services.publish_sample(procedure, language="en")
    response = corrected(clinician, procedure)
    assert errors_in(response) == ["This page was never reviewed: it needs a full review."]
    assert numbers() == [1]


NOT_TYPING = {
    "a number": lambda page: page.risks.update(body="About 1 in 20."),
    "a number in other digits": lambda page: page.risks.update(body="۲۰"),
    "a number taken out": lambda page: page.keyfacts.all().delete(),
    "a risk taken out": lambda page: page.risks.filter(name="Scars").delete(),
    "a risk added": lambda page: page.risks.create(name="New", body="…"),
    "a risk called rarer": lambda page: page.risks.update(frequency="uncommon"),
    "a card of another level": lambda page: page.carecards.update(level="routine"),
    "a line less on a card": lambda page: page.carecards.update(items="it bleeds"),
    "a section emptied": lambda page: page.sections.filter(kind="why").update(body=""),
    "planned instead of emergency": lambda page: Procedure.objects.update(urgency="both"),
    "a question answered": lambda page: page.questions.update(answer="Yes."),
}


@pytest.mark.parametrize("what", NOT_TYPING)
def test_more_than_typing_needs_a_full_review(clinician: Client, procedure: Procedure, what: str) -> None:
    procedure.risks.create(name="Scars", body="Each cut leaves one.", frequency="common", position=2)
    procedure.keyfacts.create(
        label="Length", value="3 hours", certainty="varies", source=procedure.citations.get().source
    )
    procedure.carecards.update(items="it bleeds\nit swells")
    procedure.questions.create(text="May I drive?")
    procedure.sections.create(kind="faqs", heading="Questions", position=8)
    procedure.citations.create(source=procedure.citations.get().source, section="risks", statement="…")
    published(procedure)
    NOT_TYPING[what](procedure)
    response = corrected(clinician, procedure)
    assert any("needs a full review" in error for error in errors_in(response)), errors_in(response)
    assert numbers() == [1]


def test_corrections_do_not_add_up_to_another_number(clinician: Client, procedure: Procedure) -> None:
    """Each is held against the last full review, not against the correction before it."""
    published(procedure)
    for body in ("Germs can get in.", "Germs may get in."):
        procedure.risks.update(body=body)
        corrected(clinician, procedure)
    assert numbers() == [1, 2, 3]


def test_a_correction_of_a_page_whose_reviewer_lost_the_registration_is_refused(
    clinician: Client, procedure: Procedure
) -> None:
    publication = published(procedure)
    assert publication.reviewer
    publication.reviewer.__class__.objects.update(registration_number="")
    procedure.risks.update(body="Germs can get in.")
    assert corrected(clinician, procedure).status_code == 200
    assert numbers() == [1]


# Live from a time


def test_a_scheduled_version_goes_live_at_its_time_by_itself(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    procedure.risks.update(body="Germs get in, later.")
    # Nine in the morning of 3 June in Lahore is four o'clock in UTC.
    response = publish_in_admin(clinician, procedure, a_reviewer(), live_from="2026-06-03T09:00")
    assert told(response) == ["Version 2 is scheduled: patients see it from the time you gave."]
    assert "Version 2 goes live on 3 June 2026, 09:00." in read(clinician.get(address(procedure))).text
    clock.move_to(datetime(2026, 6, 3, 3, 59, 59, tzinfo=UTC))
    assert "Germs get in." in read(client.get(PATH)).main.text
    clock.move_to(datetime(2026, 6, 3, 4, tzinfo=UTC))
    assert "Germs get in, later." in read(client.get(PATH)).main.text


def test_called_off_it_never_comes(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    procedure.risks.update(body="Germs get in, later.")
    publish_in_admin(clinician, procedure, a_reviewer(), live_from="2026-06-03T09:00")
    call_off = f"{address(procedure, 'history_of')}2/call-off/"
    assert clinician.get(call_off).status_code == 405
    assert told(clinician.post(call_off))[-1] == "Version 2 is called off."
    assert told(clinician.post(call_off))[-1] == "This version is not waiting any more."
    clock.shift(timedelta(days=10))
    assert "Germs get in." in read(client.get(PATH)).main.text


def test_one_that_a_newer_version_replaces_is_not_said_to_be_waiting(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure, live_from=NOW + timedelta(days=2))
    published(procedure)
    assert "goes live on" not in read(clinician.get(address(procedure))).text
    assert "scheduled" not in read(clinician.get(address(procedure, "history_of"))).one("tbody").text


def test_withdrawing_calls_off_everything_that_waits(
    client: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    """Also a version that waited behind another one."""
    published(procedure, live_from=NOW + timedelta(days=4))
    published(procedure, live_from=NOW + timedelta(days=2))
    services.withdraw(procedure, language="en")
    for days in (1, 3, 5):
        clock.move_to(NOW + timedelta(days=days))
        assert client.get(PATH).status_code == 404


def test_a_time_that_has_passed_means_now(clinician: Client, procedure: Procedure) -> None:
    for past in ("2020-01-01T00:00", "0001-01-01T00:00"):
        procedure.risks.update(body=f"Germs get in, {past[0]}.")
        procedure.citations.create(source=procedure.citations.first().source, section="risks", statement="…")
        publish_in_admin(clinician, procedure, a_reviewer(), live_from=past)
    assert set(Publication.objects.values_list("live_from", flat=True)) == {timezone.now()}


def test_a_page_first_called_off_was_first_published_when_patients_first_saw_it(procedure: Procedure) -> None:
    first = published(procedure, live_from=NOW + timedelta(days=1))
    services.call_off(first)
    later = NOW + timedelta(days=9)
    with time_machine.travel(later, tick=False):
        version = PageDocument.from_json(published(procedure).document).version
    assert version and version.first_published_at == later


def test_the_line_of_state_says_where_a_page_stands(clinician: Client, procedure: Procedure) -> None:
    def state() -> str:
        page = read(clinician.get(address(procedure)))
        return next(box.text for box in page.all("div") if box.get("class") == "page-state")

    assert state() == "Not on the site."
    published(procedure)
    assert "Live: version 1 since 1 June 2026. Reviewed by Dr. Ayesha Khan on 1 June 2026" in state()
    assert "The draft says what patients see." in state()
    procedure.risks.update(body="Other words.")
    procedure.citations.all().delete()
    assert "The draft differs in: Lymph Vessel Repair: risks, Sources. See what changed" in state()
    assert "Before it can be published: Name at least one source." in state()


def test_the_line_of_state_stands_above_a_form_with_errors_too(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure)
    response = clinician.post(address(procedure), form_of(clinician, address(procedure)) | {"title": ""})
    assert "Live: version 1" in read(response).text
    assert "Publish…" in read(response).text


def test_every_link_of_the_change_form_leads_somewhere(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.risks.update(body="Other words.")
    page = read(clinician.get(address(procedure)))
    hrefs = {link["href"] for link in page.one(id="content").all("a") if link["href"].startswith("/")}
    assert len(hrefs) >= 7
    for href in hrefs:
        assert clinician.get(href).status_code == 200, href
    assert working_copy.read(procedure, "en").title == procedure.title
