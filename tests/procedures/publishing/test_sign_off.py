"""Signing off: all checks pass, the changes are read, and a registered reviewer signs."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from procedures.models import Disclaimer, EmergencyText, Photo, Practitioner, Procedure, Publication
from procedures.publishing import drafts
from procedures.publishing import services as publishing
from tests.admin_forms import address, errors_in, form_in, form_of, publish_in_admin, warnings_in
from tests.factories import a_procedure, a_reviewer, a_source, an_overview, published, shared_texts, staff
from tests.pages import read
from tests.procedures.publishing.signing import NOW, PATH, boxes, boxes_on, numbers, rolled_back, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# Problems, each with a link to its field


def _emptied(procedure: Procedure) -> None:
    procedure.risks.all().delete()
    procedure.carecards.all().delete()
    procedure.citations.all().delete()
    procedure.sections.all().delete()
    procedure.keyfacts.create(label="How long", value="3 hours", certainty="unconfirmed")
    photo = Photo.objects.create(digest="a" * 32, width=800, height=600, widths=[480])
    Procedure.objects.filter(pk=procedure.pk).update(photo=photo, urgency="emergency", author="")


def links(client: Client, path: str) -> dict[str, str]:
    page = read(client.get(path))
    (state,) = (box for box in page.all("div") if box.get("class") == "page-state")
    return {link.text: link["href"] for item in state.all("li") for link in item.all("a")}


@pytest.mark.parametrize("view", ["publish", "change"])
def test_each_problem_links_to_its_field(clinician: Client, procedure: Procedure, view: str) -> None:
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
        "Say who wrote this page.",
        "Write the disclaimer.",
        "Write the emergency text.",
        "Describe the photograph for people who cannot see it.",
    ):
        assert sentence in found, found
    led_to = {path: clinician.get(path) for path in {url.partition("#")[0] for url in found.values()}}
    for sentence, url in found.items():
        path, _hash, anchor = url.partition("#")
        assert led_to[path].status_code == 200, sentence
        assert len(read(led_to[path]).all(id=anchor)) == 1, f"{sentence} {url}"


def test_a_taken_address_links_to_its_field(clinician: Client) -> None:
    shared_texts()
    old = a_procedure("wanted")
    published(old)
    Procedure.objects.filter(pk=old.pk).update(slug="left")
    newcomer = a_procedure("wanted")
    found = links(clinician, address(newcomer, "publish"))
    assert found == {
        "Another procedure was published under this address. Choose another.": address(newcomer) + "#id_slug"
    }


def test_sign_off_is_disabled_while_there_are_problems(clinician: Client, procedure: Procedure) -> None:
    procedure.risks.all().delete()
    page = read(clinician.get(address(procedure, "publish")))
    (button,) = (control for control in page.all("input", type="submit") if control["value"] == "Publish")
    assert "disabled" in button.attributes
    response = publish_in_admin(clinician, procedure, a_reviewer(), change_note="By hand.")
    assert response.status_code == 200
    assert numbers() == []


def test_sign_off_refuses_when_the_disclaimer_was_deleted_meanwhile(
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


# Reading the changes


def test_first_sign_off_requires_reading_the_whole_page(clinician: Client, procedure: Procedure) -> None:
    assert boxes(clinician, procedure) == ["read_all"]
    response = publish_in_admin(clinician, procedure, a_reviewer(), read_all="")
    assert "Read the whole page and tick the box." in errors_in(response)
    assert numbers() == []


def test_a_sample_counts_as_unreviewed(clinician: Client, procedure: Procedure) -> None:
    publishing.publish_sample(procedure, language="en")
    assert boxes(clinician, procedure) == ["read_all"]


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


def test_sign_off_shows_changes_of_title_and_summary(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    for field in ("description", "summary", "title", "plain_name"):
        with rolled_back():
            Procedure.objects.filter(pk=procedure.pk).update(**{field: "Cures everybody."})
            assert boxes(clinician, procedure) == ["read_title"]


def test_sign_off_shows_another_photograph(clinician: Client, procedure: Procedure) -> None:
    one, other = (
        Photo.objects.create(digest=letter * 32, width=800, height=600, widths=[480]) for letter in "ab"
    )
    procedure.photo, procedure.photo_alt = one, "A hand"
    procedure.save()
    published(procedure)
    Procedure.objects.filter(pk=procedure.pk).update(photo=other)
    assert boxes(clinician, procedure) == ["read_picture"]


def state_of(client: Client, procedure: Procedure) -> str:
    page = read(client.get(address(procedure)))
    return next(box.text for box in page.all("div") if box.get("class") == "page-state")


def test_sign_off_shows_another_order_of_sections(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.sections.create(kind="closing", heading="At the end", body="Plain words.", position=90)
    assert boxes(clinician, procedure) == ["read_closing"]
    procedure.sections.filter(kind="why").update(position=80)
    assert boxes(clinician, procedure) == ["read_order", "read_closing"]
    assert "Order of sections" in state_of(clinician, procedure)


def test_sign_off_shows_changes_of_urgency_and_body_part(clinician: Client, procedure: Procedure) -> None:
    Procedure.objects.update(urgency="both")
    procedure.refresh_from_db()
    published(procedure)
    for change in ({"urgency": "planned"}, {"body_location": "Arm"}):
        with rolled_back():
            Procedure.objects.update(**change)
            assert boxes(clinician, procedure) == ["read_urgency"]


def test_sign_off_shows_another_source_of_a_key_fact(clinician: Client, procedure: Procedure) -> None:
    first, other = procedure.citations.get().source, a_source("other-1990")
    procedure.citations.create(source=other, section="risks", statement="…")
    fact = procedure.keyfacts.create(label="Length", value="3 hours", source=first)
    published(procedure)
    fact.source = other
    fact.save()
    assert boxes(clinician, procedure) == ["read_key_facts"]
    assert "Key facts" in state_of(clinician, procedure)


def test_sign_off_shows_changes_outside_sections(clinician: Client, procedure: Procedure) -> None:
    """Questions without a section that shows them."""
    published(procedure)
    procedure.questions.create(text="May I drive?")
    assert boxes(clinician, procedure) == ["read_rest"]
    assert "Nothing clinical has changed." not in read(clinician.get(address(procedure, "publish"))).text
    assert "The draft differs in: Details that the comparison does not show." in state_of(
        clinician, procedure
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
    sent = form_of(clinician, address(procedure, "publish"))
    sent |= {"read_all": "on", "reviewer": str(a_reviewer().pk), "change_note": "Approved."}
    procedure.risks.update(body="Slipped in after approval.")
    response = clinician.post(address(procedure, "publish"), sent)
    assert response.status_code == 302
    assert warnings_in(response) == ["This page was edited while you read it. Read the changes again."]
    assert numbers() == []


@pytest.mark.parametrize("what", ["overview’s steps", "disclaimer", "emergency text", "source"])
def test_sign_off_refuses_when_shared_content_was_edited_meanwhile(
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


def ready_to_send(clinician: Client, procedure: Procedure) -> dict[str, str]:
    page = read(clinician.get(address(procedure, "publish")))
    ticked = dict.fromkeys(boxes_on(page), "on")
    return form_in(page) | ticked | {"reviewer": str(a_reviewer().pk), "change_note": "Approved."}


def test_publishing_twice_makes_one_version(clinician: Client, procedure: Procedure) -> None:
    sent = ready_to_send(clinician, procedure)
    for _press in range(2):
        response = clinician.post(address(procedure, "publish"), sent)
    assert warnings_in(response)[-1] == (
        "Version 1 was published after you opened this form: nothing more was published. "
        "Read what differs from it, if anything."
    )
    assert numbers() == [1]


@pytest.mark.parametrize("what", ["withdrawn", "called off", "live by itself"])
def test_sign_off_refuses_when_versions_changed_meanwhile(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller, what: str
) -> None:
    published(procedure)
    waiting = published(procedure, live_from=NOW + timedelta(minutes=1))
    clock.shift(1)
    sent = ready_to_send(clinician, procedure)
    match what:
        case "withdrawn":
            publishing.withdraw(procedure, language="en")
        case "called off":
            publishing.call_off(waiting)
        case "live by itself":
            clock.shift(60)
    response = clinician.post(address(procedure, "publish"), sent)
    assert warnings_in(response) == [
        "A version of this page was withdrawn or called off, or went live, after you opened this form: "
        "nothing was published. Look at the history of the page first."
    ]
    assert numbers() == [1, 2]
    assert client.get(PATH).status_code == (410 if what == "withdrawn" else 200)


def test_sign_off_refuses_a_missing_or_forged_fingerprint(clinician: Client, procedure: Procedure) -> None:
    sent = form_of(clinician, address(procedure, "publish"))
    sent |= {"read_all": "on", "reviewer": str(a_reviewer().pk), "change_note": "…"}
    del sent["seen"]
    for forged in ({}, *({"seen": seen} for seen in ("", "0" * 64, "x" * 100_000, "🩺"))):
        assert clinician.post(address(procedure, "publish"), sent | forged).status_code == 302
        assert numbers() == []


# The reviewer and the dates


def test_sign_off_requires_a_registration_number(clinician: Client, procedure: Procedure) -> None:
    response = publish_in_admin(clinician, procedure, a_reviewer(registration_number=""), change_note="…")
    assert errors_in(response) == ["The reviewer has no registration number. Enter it under Practitioners."]
    assert numbers() == []


def test_sign_off_requires_an_active_reviewer(clinician: Client, procedure: Procedure) -> None:
    response = publish_in_admin(clinician, procedure, a_reviewer(is_active=False), change_note="…")
    assert any("Select a valid choice" in error for error in errors_in(response))


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
    reviewer = str(a_reviewer().pk)
    for changes, sentence in WRONG_ANSWERS:
        response = signed(clinician, procedure, {"reviewer": reviewer} | changes)
        assert response.status_code == 200
        assert any(sentence in error for error in errors_in(response)), changes
        assert numbers() == []


def test_page_shows_the_signed_review(client: Client, clinician: Client, procedure: Procedure) -> None:
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


def test_page_state_shows_the_live_version_and_problems(clinician: Client, procedure: Procedure) -> None:
    def state() -> str:
        return state_of(clinician, procedure)

    assert state() == "Not on the site."
    published(procedure)
    assert "Live: version 1 since 1 June 2026. Reviewed by Dr. Ayesha Khan on 1 June 2026" in state()
    assert "The draft says what patients see." in state()
    procedure.risks.update(body="Other words.")
    procedure.citations.all().delete()
    assert "The draft differs in: Lymph Vessel Repair: risks, Sources. See what changed" in state()
    assert "Before it can be published: Name at least one source." in state()


def test_page_state_shows_the_review_as_signed(clinician: Client, procedure: Procedure) -> None:
    sample = a_reviewer(name="Dr. Sample", is_sample=True)
    published(procedure, reviewer=sample)
    Practitioner.objects.update(name="Dr. Real Person", is_sample=False)
    told = state_of(clinician, procedure)
    assert "Not reviewed: the page tells patients that it is a sample." in told
    assert "Dr." not in told
    published(procedure)
    Practitioner.objects.update(name="Dr. Another", is_sample=True)
    assert "Reviewed by Dr. Real Person on 1 June 2026" in state_of(clinician, procedure)


def test_page_state_is_shown_above_form_errors(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    response = clinician.post(address(procedure), form_of(clinician, address(procedure)) | {"title": ""})
    assert "Live: version 1" in read(response).text
    assert "Publish…" in read(response).text


def test_links_of_the_change_form_work(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.risks.update(body="Other words.")
    page = read(clinician.get(address(procedure)))
    hrefs = {link["href"] for link in page.one(id="content").all("a") if link["href"].startswith("/")}
    assert len(hrefs) >= 7
    for href in hrefs:
        assert clinician.get(href).status_code == 200, href
    assert drafts.read_draft(procedure, "en").title == procedure.title
