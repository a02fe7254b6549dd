"""Signing off: all checks pass, the changes are read, and a registered reviewer signs."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from procedures.models import Disclaimer, Photo, Practitioner, Procedure, Publication, Source
from procedures.publishing import publishing
from tests.admin_forms import address, errors_in, form_in, publish_in_admin, warnings_in
from tests.conftest import undone
from tests.factories import a_procedure, a_reviewer, a_source, an_overview, published, staff
from tests.pages import Element, read
from tests.procedures.publishing.signing import NOW, PATH, boxes, numbers, ready_to_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# What is missing, with a link to its field


def state_of(client: Client, procedure: Procedure, view: str = "change") -> Element:
    page = read(client.get(address(procedure, view)))
    return next(box for box in page.all("div") if box.get("class") == "page-state")


def links(client: Client, procedure: Procedure, view: str) -> dict[str, str]:
    items = state_of(client, procedure, view).all("li")
    return {link.text: link["href"] for item in items for link in item.all("a")}


def test_each_problem_links_to_its_field(clinician: Client, procedure: Procedure) -> None:
    for parts in (procedure.risks, procedure.carecards, procedure.citations, procedure.sections):
        parts.all().delete()
    procedure.keyfacts.create(label="How long", value="3 hours", certainty="unconfirmed")
    photo = Photo.objects.create(digest="a" * 32, width=800, height=600, widths=[480])
    Procedure.objects.filter(pk=procedure.pk).update(photo=photo, urgency="emergency", author="")
    Disclaimer.objects.all().delete()
    procedure.sections.create(kind="emergency", heading="First aid")
    found = links(clinician, procedure, "publish")
    assert links(clinician, procedure, "change") == found
    assert found.keys() >= {
        "Name at least one source.",
        "Add the risks.",
        "Say when to get help: add a card.",
        "The key fact “How long” is not confirmed.",
        "Add a section on other options.",
        "Say who wrote this page.",
        "Write the disclaimer.",
        "Publish the emergency text first.",
        "Describe the photograph for people who cannot see it.",
    }
    pages = {path: read(clinician.get(path)) for path in {url.partition("#")[0] for url in found.values()}}
    for sentence, url in found.items():
        path, _hash, anchor = url.partition("#")
        assert len(pages[path].all(id=anchor)) == 1, f"{sentence} {url}"


def test_taken_address_links_to_its_field(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    Procedure.objects.filter(pk=procedure.pk).update(slug="left")
    newcomer = a_procedure(procedure.slug)
    assert links(clinician, newcomer, "publish") == {
        "Another procedure was published under this address. Choose another.": address(newcomer) + "#id_slug"
    }


def test_sign_off_is_refused_while_something_is_missing(clinician: Client, procedure: Procedure) -> None:
    sent = ready_to_send(clinician, procedure)
    for missing in (Disclaimer.objects.all(), procedure.risks.all()):
        with undone():
            missing.delete()
            page = read(clinician.get(address(procedure, "publish")))
            (button,) = (box for box in page.all("input", type="submit") if box["value"] == "Publish")
            assert "disabled" in button.attributes
            for answers in (sent, ready_to_send(clinician, procedure)):
                assert clinician.post(address(procedure, "publish"), answers).status_code == 200
                assert numbers() == []


# Reading the changes


def test_first_sign_off_requires_reading_the_whole_page(clinician: Client, procedure: Procedure) -> None:
    assert boxes(clinician, procedure) == ["read_all"]
    response = publish_in_admin(clinician, procedure, a_reviewer(), read_all="")
    assert "Read the whole page and tick the box." in errors_in(response)
    assert numbers() == []
    publishing.publish_sample(procedure, language="en")
    assert boxes(clinician, procedure) == ["read_all"], "a sample counts as unreviewed"


def test_sign_off_requires_a_tick_for_each_changed_section(clinician: Client, procedure: Procedure) -> None:
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


def test_sign_off_shows_every_clinical_change(clinician: Client, procedure: Procedure) -> None:
    one, other = (
        Photo.objects.create(digest=letter * 32, width=800, height=600, widths=[480]) for letter in "ab"
    )
    procedure.photo, procedure.photo_alt, procedure.urgency = one, "A hand", "both"
    procedure.save()
    procedure.sections.create(kind="closing", heading="At the end", body="Plain words.", position=90)
    first, second = procedure.citations.get().source, a_source("other-1990")
    procedure.citations.create(source=second, section="risks", statement="…")
    procedure.keyfacts.create(label="Length", value="3 hours", source=first)
    published(procedure)
    page = Procedure.objects.filter(pk=procedure.pk)
    for change, box, label in (
        (lambda: page.update(description="Cures everybody."), "title", "Title, summary and description"),
        (lambda: page.update(summary="Cures everybody."), "title", "Title, summary and description"),
        (lambda: page.update(title="Cures everybody."), "title", "Title, summary and description"),
        (lambda: page.update(plain_name="Cures everybody."), "title", "Title, summary and description"),
        (lambda: page.update(photo=other), "picture", "Photograph"),
        (lambda: page.update(urgency="planned"), "urgency", "Urgency and part of the body"),
        (lambda: page.update(body_location="Arm"), "urgency", "Urgency and part of the body"),
        (lambda: procedure.keyfacts.update(source=second), "key_facts", "Key facts"),
        (lambda: procedure.sections.filter(kind="why").update(position=95), "order", "Order of sections"),
    ):
        with undone():
            change()
            page_to_sign = read(clinician.get(address(procedure, "publish")))
            (section,) = page_to_sign.all("section", class_="change")
            assert section.one("h3").text == label
            assert section.one("input", type="checkbox")["name"] == f"read_{box}"
    assert "Nothing clinical has changed." in read(clinician.get(address(procedure, "publish"))).text
    procedure.questions.create(text="No section shows this?")
    assert boxes(clinician, procedure) == ["read_rest"]
    assert "The draft differs in: Details that the comparison does not show." in (
        state_of(clinician, procedure).text
    )


def test_sign_off_shows_changes_since_the_last_full_review(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.risks.update(body="Germs gets in.")
    publish_in_admin(clinician, procedure, a_reviewer(), is_minor="on")
    procedure.sections.filter(kind="why").update(body="Other words.")
    assert boxes(clinician, procedure) == ["read_why", "read_risks"]


def test_sign_off_shows_scheduled_changes_until_they_are_live(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    procedure.risks.update(body="From next month: germs get in.")
    published(procedure, live_from=NOW + timedelta(days=30))
    assert boxes(clinician, procedure) == ["read_risks"]
    clock.shift(timedelta(days=31))
    clinician.force_login(staff("Clinical reviewer", email="a-month-later@clinic.example"))
    assert boxes(clinician, procedure) == []


def test_sign_off_shows_changes_that_were_canceled_or_replaced(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    first = published(procedure)
    procedure.risks.update(body="From next month: germs get in.")
    publishing.call_off(published(procedure, live_from=NOW + timedelta(days=10)))
    replaced = published(procedure, live_from=NOW + timedelta(days=20))
    publishing.restore(first, by=None)
    publish_in_admin(clinician, procedure, a_reviewer(), is_minor="on")
    clock.shift(timedelta(days=31))
    clinician.force_login(staff("Clinical reviewer", email="a-month-later@clinic.example"))
    assert boxes(clinician, procedure) == []
    publishing.restore(replaced, by=None)
    assert boxes(clinician, procedure) == ["read_risks"]


# Changes between reading and signing


def test_sign_off_refuses_a_page_edited_meanwhile(clinician: Client, procedure: Procedure) -> None:
    overview = an_overview()
    published(overview)
    sent = ready_to_send(clinician, procedure)

    def other_steps() -> None:
        overview.steps.update(title="Slipped in")
        published(overview)

    for change in (
        lambda: procedure.risks.update(body="Slipped in"),
        other_steps,
        lambda: Disclaimer.objects.update(body="Slipped in"),
        lambda: Source.objects.update(title="Slipped in"),
    ):
        with undone():
            change()
            response = clinician.post(address(procedure, "publish"), sent)
            assert response.status_code == 302
            assert warnings_in(response)[-1] == (
                "This page was edited while you read it. Read the changes again."
            )
            assert not Publication.objects.filter(page=procedure).exists()
    assert clinician.post(address(procedure, "publish"), sent).status_code == 302
    assert Publication.objects.filter(page=procedure).exists()


def test_sign_off_sent_twice_makes_one_version(clinician: Client, procedure: Procedure) -> None:
    sent = ready_to_send(clinician, procedure)
    for _press in range(2):
        response = clinician.post(address(procedure, "publish"), sent)
    assert warnings_in(response)[-1] == (
        "Version 1 was published after you opened this form: nothing more was published. "
        "Read what differs from it, if anything."
    )
    assert numbers() == [1]


def test_sign_off_refuses_when_versions_changed_meanwhile(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    waiting = published(procedure, live_from=NOW + timedelta(minutes=1))
    clock.shift(1)
    sent = ready_to_send(clinician, procedure)
    for change, status in (
        (lambda: publishing.withdraw(procedure, language="en"), 410),
        (lambda: publishing.call_off(waiting), 200),
        (lambda: clock.shift(60), 200),  # the second version goes live
    ):
        with undone():
            change()
            response = clinician.post(address(procedure, "publish"), sent)
            assert warnings_in(response)[-1] == (
                "A version of this page was withdrawn or called off, or went live, after you opened this "
                "form: nothing was published. Look at the history of the page first."
            )
            assert numbers() == [1, 2]
            assert client.get(PATH).status_code == status


def test_sign_off_refuses_a_missing_or_forged_fingerprint(clinician: Client, procedure: Procedure) -> None:
    sent = ready_to_send(clinician, procedure)
    del sent["seen"]
    for forged in ({}, *({"seen": seen} for seen in ("", "0" * 64, "x" * 100_000, "🩺"))):
        assert clinician.post(address(procedure, "publish"), sent | forged).status_code == 302
        assert numbers() == []


# The reviewer and the dates


def test_sign_off_requires_an_active_and_registered_reviewer(clinician: Client, procedure: Procedure) -> None:
    unregistered, inactive = a_reviewer(registration_number=""), a_reviewer(is_active=False)
    response = publish_in_admin(clinician, procedure, unregistered, change_note="…")
    assert errors_in(response) == ["The reviewer has no registration number. Enter it under Practitioners."]
    response = publish_in_admin(clinician, procedure, inactive, change_note="…")
    assert any("Select a valid choice" in error for error in errors_in(response))
    assert numbers() == []


WRONG_ANSWERS = (
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
)


def test_sign_off_refuses_wrong_answers(clinician: Client, procedure: Procedure) -> None:
    sent = ready_to_send(clinician, procedure)
    for changes, sentence in WRONG_ANSWERS:
        response = clinician.post(address(procedure, "publish"), sent | changes)
        assert response.status_code == 200
        assert any(sentence in error for error in errors_in(response)), changes
    assert numbers() == []


def test_public_page_shows_the_signed_review(client: Client, clinician: Client, procedure: Procedure) -> None:
    publish_in_admin(
        clinician,
        procedure,
        a_reviewer(),
        reviewed_on="2026-05-03",
        review_due_on="2029-05-03",
        change_note="Infection is told better.",
    )
    text = read(client.get(PATH)).main.text
    for words in (
        "Dr. Ayesha Khan",
        "12345-P",
        "3 May 2026",
        "3 May 2029",
        "Infection is told better.",
    ):
        assert words in text


def test_page_state_shows_the_live_version_and_problems(clinician: Client, procedure: Procedure) -> None:
    assert state_of(clinician, procedure).text == "Not on the site."
    published(procedure)
    text = state_of(clinician, procedure).text
    assert "Live: version 1 since Mon 1 Jun 2026. Reviewed by Dr. Ayesha Khan on Mon 1 Jun 2026" in text
    assert "The draft says what patients see." in text
    procedure.risks.update(body="Other words.")
    procedure.citations.all().delete()
    page = read(clinician.get(address(procedure)))
    text = page.one(id="content").text
    assert "The draft differs in: Lymph Vessel Repair: risks, Sources. See what changed" in text
    assert "Before it can be published: Name at least one source." in text
    hrefs = {link["href"] for link in page.one(id="content").all("a") if link["href"].startswith("/")}
    assert len(hrefs) >= 7
    for href in hrefs:
        assert clinician.get(href).status_code == 200, href
    response = clinician.post(address(procedure), form_in(page) | {"title": ""})
    for words in ("Live: version 1", "Publish…"):
        assert words in read(response).text, "not shown above the errors of the form"


def test_page_state_shows_the_review_as_signed(clinician: Client, procedure: Procedure) -> None:
    published(procedure, reviewer=a_reviewer(name="Dr. Sample", is_sample=True))
    Practitioner.objects.update(name="Dr. Real Person", is_sample=False)
    text = state_of(clinician, procedure).text
    assert "Not reviewed: the page tells patients that it is a sample." in text
    assert "Dr." not in text
    published(procedure)
    Practitioner.objects.update(name="Dr. Another", is_sample=True)
    assert "Reviewed by Dr. Real Person on Mon 1 Jun 2026" in state_of(clinician, procedure).text
