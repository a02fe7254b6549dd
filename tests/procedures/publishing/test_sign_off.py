"""Nothing is published until the list is empty, the changes are read, and somebody entitled has signed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from procedures.models import Disclaimer, EmergencyText, Photo, Practitioner, Procedure, Publication
from procedures.publishing import drafts
from procedures.publishing import services as publishing
from tests.admin_forms import address, errors_in, form_in, form_of, publish_in_admin, told
from tests.factories import a_procedure, a_reviewer, a_source, an_overview, published, shared_texts, staff
from tests.pages import read
from tests.procedures.publishing.signing import NOW, PATH, boxes, boxes_on, numbers, signed

pytestmark = pytest.mark.django_db


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


# What is missing, each with a link to its field


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
    publishing.publish_sample(procedure, language="en")
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


def state_of(client: Client, procedure: Procedure) -> str:
    page = read(client.get(address(procedure)))
    return next(box.text for box in page.all("div") if box.get("class") == "page-state")


def test_sections_in_another_order_are_a_change_but_one_more_section_is_only_itself(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure)
    procedure.sections.create(kind="closing", heading="At the end", body="Plain words.", position=90)
    assert boxes(clinician, procedure) == ["read_closing"]
    procedure.sections.filter(kind="why").update(position=80)
    assert boxes(clinician, procedure) == ["read_order", "read_closing"]
    assert "Order of sections" in state_of(clinician, procedure)


@pytest.mark.parametrize(
    "change", [{"urgency": "planned"}, {"body_location": "Arm"}], ids=["urgency", "part of the body"]
)
def test_how_urgent_it_is_and_where_are_clinical(
    clinician: Client, procedure: Procedure, change: dict[str, str]
) -> None:
    Procedure.objects.update(urgency="both")
    procedure.refresh_from_db()
    published(procedure)
    Procedure.objects.update(**change)
    assert boxes(clinician, procedure) == ["read_urgency"]


def test_another_source_of_a_key_fact_is_a_change(clinician: Client, procedure: Procedure) -> None:
    first, other = procedure.citations.get().source, a_source("other-1990")
    procedure.citations.create(source=other, section="risks", statement="…")
    fact = procedure.keyfacts.create(label="Length", value="3 hours", source=first)
    published(procedure)
    fact.source = other
    fact.save()
    assert boxes(clinician, procedure) == ["read_key_facts"]
    assert "Key facts" in state_of(clinician, procedure)


def test_nothing_is_said_to_be_the_same_that_is_not(clinician: Client, procedure: Procedure) -> None:
    """Questions of a page with no section for them: no reader is shown them, yet they are not the same."""
    published(procedure)
    procedure.questions.create(text="May I drive?")
    assert boxes(clinician, procedure) == ["read_rest"]
    assert "Nothing clinical has changed." not in read(clinician.get(address(procedure, "publish"))).text
    assert "The draft differs in: Details that the comparison does not show." in state_of(
        clinician, procedure
    )


def test_changes_add_up_since_the_last_full_review(clinician: Client, procedure: Procedure) -> None:
    """A correction is no review: what it changed is shown again at the next one."""
    published(procedure)
    procedure.risks.update(body="Germs gets in.")
    publish_in_admin(clinician, procedure, a_reviewer(), is_minor="on")
    procedure.sections.filter(kind="why").update(body="Other words.")
    assert boxes(clinician, procedure) == ["read_why", "read_risks"]


def test_a_text_that_waits_is_a_change_until_patients_see_it(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    procedure.risks.update(body="From next month: germs get in.")
    published(procedure, live_from=NOW + timedelta(days=30))
    assert boxes(clinician, procedure) == ["read_risks"]
    clock.shift(timedelta(days=31))
    clinician.force_login(staff("Clinical reviewer", email="a-month-later@clinic.example"))
    assert boxes(clinician, procedure) == []


def test_a_text_that_was_called_off_or_replaced_before_its_time_is_a_change_for_good(
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


def ready_to_send(clinician: Client, procedure: Procedure) -> dict[str, str]:
    page = read(clinician.get(address(procedure, "publish")))
    ticked = dict.fromkeys(boxes_on(page), "on")
    return form_in(page) | ticked | {"reviewer": str(a_reviewer().pk), "change_note": "Approved."}


def test_publish_pressed_twice_makes_one_version_and_says_so(clinician: Client, procedure: Procedure) -> None:
    sent = ready_to_send(clinician, procedure)
    for _press in range(2):
        response = clinician.post(address(procedure, "publish"), sent)
    assert told(response)[-1] == (
        "Version 1 was published after you opened this form: nothing more was published. "
        "Read what differs from it, if anything."
    )
    assert numbers() == [1]


@pytest.mark.parametrize("what", ["withdrawn", "called off", "live by itself"])
def test_a_form_opened_before_a_version_came_or_went_publishes_nothing(
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
    assert told(response) == [
        "A version of this page was withdrawn or called off, or went live, after you opened this form: "
        "nothing was published. Look at the history of the page first."
    ]
    assert numbers() == [1, 2]
    assert client.get(PATH).status_code == (410 if what == "withdrawn" else 200)


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


def test_the_line_of_state_says_where_a_page_stands(clinician: Client, procedure: Procedure) -> None:
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


def test_the_line_of_state_says_what_was_signed_and_not_what_the_row_says_today(
    clinician: Client, procedure: Procedure
) -> None:
    sample = a_reviewer(name="Dr. Sample", is_sample=True)
    published(procedure, reviewer=sample)
    Practitioner.objects.update(name="Dr. Real Person", is_sample=False)
    told = state_of(clinician, procedure)
    assert "Nobody has reviewed it: patients are told that it is a sample." in told
    assert "Dr." not in told
    published(procedure)
    Practitioner.objects.update(name="Dr. Another", is_sample=True)
    assert "Reviewed by Dr. Real Person on 1 June 2026" in state_of(clinician, procedure)


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
    assert drafts.read(procedure, "en").title == procedure.title
