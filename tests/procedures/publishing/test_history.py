"""Every version with who, when and why; shown as it was, compared, brought back into the draft."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from procedures.models import Page, Practitioner, Procedure, Publication
from procedures.publishing import services as publishing
from tests.admin_forms import address, restore_in_admin, warnings_in
from tests.factories import a_procedure, a_reviewer, an_overview, published, shared_texts, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

PATH = "/procedures/lymph-vessel-repair/"
PAST_PAGES = "/staff/past-pages/"
PAST_PAGE = f"{PAST_PAGES}lymph-vessel-repair/"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    # Nine in the evening of 3 May in Lahore.
    with time_machine.travel(datetime(2026, 5, 3, 16, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def procedure(clock: time_machine.Traveller) -> Procedure:
    """Three versions: on 3 May, on 10 May, and one that is scheduled for 20 May."""
    shared_texts()
    procedure = a_procedure()
    author = staff("Manager", email="sana@clinic.example")
    published(procedure, change_note="The first.", by=author)
    clock.move_to(datetime(2026, 5, 10, 16, tzinfo=UTC))
    procedure.risks.update(body="Germs get in, sometimes.")
    published(procedure, change_note="Infection is told better.", by=author)
    procedure.risks.update(body="Germs get in, rarely.")
    published(procedure, change_note="Later.", live_from=datetime(2026, 5, 20, 4, tzinfo=UTC))
    clock.move_to(datetime(2026, 5, 12, 16, tzinfo=UTC))
    procedure.risks.update(body="Germs get in, as drafted.")
    return procedure


def versions(procedure: Page) -> str:
    return address(procedure, "history_of")


def test_each_version_says_who_when_and_why_and_which_is_live(editor: Client, procedure: Procedure) -> None:
    rows = [row.text for row in read(editor.get(versions(procedure))).one("tbody").all("tr")]
    assert len(rows) == 3
    assert "3 scheduled 20 May 2026, 09:00" in rows[0]
    assert "2 live 10 May 2026, 21:00" in rows[1]
    for words in ("Dr. Ayesha Khan, 10 May 2026", "sana", "Infection is told better."):
        assert words in rows[1]
    assert "live" not in rows[2]


def test_a_version_is_shown_as_it_was(editor: Client, procedure: Procedure) -> None:
    response = editor.get(f"{versions(procedure)}1/")
    assert "Germs get in." in read(response).main.text
    assert "Version 1, as it was published." in read(response).text
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]
    assert read(response).structured_data == []


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("1", "2", "in.", "in, sometimes."),
        ("2", "1", "in, sometimes.", "in."),
        ("2", "draft", "sometimes.", "as drafted."),
        ("2", "3", "sometimes.", "rarely."),
        ("draft", "2", "as drafted.", "sometimes."),
    ],
)
def test_any_two_are_compared_word_by_word(
    editor: Client, procedure: Procedure, old: str, new: str, removed: str, added: str
) -> None:
    page = read(editor.get(f"{versions(procedure)}compare/", {"from": old, "to": new}))
    (risks,) = (section for section in page.all("section") if section.one("h2").text.endswith("risks"))
    assert [words.text for words in risks.all("del")] == [f"[removed: {removed}]"]
    assert [words.text for words in risks.all("ins")] == [f"[added: {added}]"]
    assert "Germs get" in risks.text


def test_a_version_compared_with_itself_says_the_same(editor: Client, procedure: Procedure) -> None:
    page = read(editor.get(f"{versions(procedure)}compare/", {"from": "1", "to": "1"}))
    assert "They say the same." in page.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("9", "1"),
        ("", "1"),
        ("x", "draft"),
        ("1", "\0"),
        ("٣", "1"),
        ("1" * 400, "1"),
        ("-1", "1"),
        ("1", "1e3"),
    ],
)
def test_a_version_that_is_not_there_is_404(editor: Client, procedure: Procedure, old: str, new: str) -> None:
    assert editor.get(f"{versions(procedure)}compare/", {"from": old, "to": new}).status_code == 404


def test_restoring_fills_the_draft_and_shows_patients_nothing(
    client: Client, editor: Client, procedure: Procedure
) -> None:
    assert editor.get(f"{versions(procedure)}1/restore/").status_code == 405
    response = restore_in_admin(editor, procedure, 1)
    assert response.status_code == 302
    assert procedure.risks.get().body == "Germs get in."
    procedure.refresh_from_db()
    assert procedure.edited_by.email == "editor@clinic.example"
    assert "Germs get in, sometimes." in read(client.get(PATH)).main.text
    assert Publication.objects.count() == 3
    assert "Restored version 1 into the draft." in read(editor.get(versions(procedure))).text


def test_who_restores_a_version_whose_address_another_page_has_is_told_which_one_stays(
    editor: Client, procedure: Procedure
) -> None:
    Procedure.objects.filter(pk=procedure.pk).update(slug="vessel-repair")
    restored = "The draft now says what version 1 said"
    assert warnings_in(restore_in_admin(editor, procedure, 1)) == [
        f"{restored}. Patients see it once it is published."
    ]
    procedure.refresh_from_db()
    assert procedure.slug == "lymph-vessel-repair"

    Procedure.objects.filter(pk=procedure.pk).update(slug="vessel-repair")
    a_procedure("lymph-vessel-repair")
    assert warnings_in(restore_in_admin(editor, procedure, 1))[-1] == (
        f"{restored}, except for its address: that stays “vessel-repair”, because another procedure has "
        "“lymph-vessel-repair” now. Patients see it once it is published."
    )
    procedure.refresh_from_db()
    assert procedure.slug == "vessel-repair"


def test_a_version_of_another_page_is_not_reached_from_this_one(editor: Client, procedure: Procedure) -> None:
    other = a_procedure("tendon-transfer")
    for path in (f"{versions(other)}1/", f"{versions(other)}1/restore/", f"{versions(other)}compare/?from=1"):
        assert editor.get(path).status_code in (404, 405)
        assert editor.post(path).status_code in (404, 405)
    overview = an_overview()
    assert editor.get(f"/staff/procedures/procedure/{overview.pk}/versions/").status_code == 404


def test_what_staff_did_besides_publishing_is_recorded(procedure: Procedure) -> None:
    client = Client()
    client.force_login(staff("Manager", email="sana-again@clinic.example"))
    client.post(f"{versions(procedure)}3/call-off/")
    client.post(address(procedure, "withdraw"))
    text = read(client.get(versions(procedure))).text
    for words in ("Called off version 3.", "Withdrew the page."):
        assert f"sana-again@clinic.example: {words}" in text


def test_a_version_names_whoever_signed_it_and_not_who_stands_in_that_row_today(
    editor: Client, procedure: Procedure
) -> None:
    published(procedure, reviewer=a_reviewer(name="Dr. Sample", is_sample=True))
    Practitioner.objects.update(name="Dr. Real Person", is_sample=False)
    rows = [row.text for row in read(editor.get(versions(procedure))).one("tbody").all("tr")]
    assert "Dr. Sample, 12 May 2026 (a sample: no review)" in rows[0]
    assert "Dr. Ayesha Khan, 10 May 2026" in rows[2]
    assert "Real Person" not in "".join(rows)


# What did this page say on that day?


def test_the_history_asks_for_a_day_and_leads_there(editor: Client, procedure: Procedure) -> None:
    (form,) = (form for form in read(editor.get(versions(procedure))).all("form") if form.all(name="on"))
    assert (form["method"], form["action"]) == ("get", PAST_PAGE)
    field = form.one(name="on")
    assert (field["type"], field["min"], field["max"]) == ("date", "2026-05-03", "2026-05-12")
    assert form.one("label", for_=field["id"]).text == "What did this page say on"
    assert "sometimes" in read(editor.get(form["action"], {"on": "2026-05-12"})).main.text


def test_a_page_that_patients_never_saw_has_no_day_to_ask_for(editor: Client, procedure: Procedure) -> None:
    assert 'name="on"' not in editor.get(versions(a_procedure("not-yet"))).content.decode()


def test_on_the_day_it_was_withdrawn_it_said_something_too(
    editor: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    publishing.withdraw(procedure, language="en")
    clock.move_to(datetime(2026, 5, 14, 16, tzinfo=UTC))
    page = read(editor.get(PAST_PAGE, {"on": "2026-05-12"}))
    assert "sometimes" in page.main.text
    assert "This page as patients saw it on 12 May 2026. It was withdrawn on that day." in page.text
    assert "withdrawn" not in read(editor.get(PAST_PAGE, {"on": "2026-05-11"})).text
    assert editor.get(PAST_PAGE, {"on": "2026-05-13"}).status_code == 404


def test_of_several_versions_of_a_day_the_last_is_shown_and_the_others_are_told_of(
    editor: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    clock.move_to(datetime(2026, 5, 12, 18, tzinfo=UTC))
    publishing.call_off(published(procedure, live_from=datetime(2026, 5, 12, 18, 30, tzinfo=UTC)))
    published(procedure)
    page = read(editor.get(PAST_PAGE, {"on": "2026-05-12"}))
    assert "as drafted" in page.main.text
    assert "Patients saw 2 versions on that day. This is the last one. All versions" in page.text
    (link,) = (link for link in page.all("a") if link.text == "All versions")
    assert link["href"] == versions(procedure)
    assert "versions" not in read(editor.get(PAST_PAGE, {"on": "2026-05-11"})).text

    coordinator = Client()
    coordinator.force_login(staff("Coordinator"))
    page = read(coordinator.get(PAST_PAGE, {"on": "2026-05-12"}))
    assert "2 versions" in page.text
    assert "All versions" not in page.text, "a link that leads nowhere"


def test_the_day_of_an_address_is_that_of_the_page_patients_saw_there(
    editor: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    """Not of one that was only scheduled under it and called off."""
    other = a_procedure("tendon-transfer")
    publishing.call_off(published(other, live_from=datetime(2026, 5, 20, 4, tzinfo=UTC)))
    Procedure.objects.filter(pk=other.pk).update(slug="elsewhere")
    published(Procedure.objects.get(pk=other.pk))
    assert editor.get(f"{PAST_PAGES}elsewhere/", {"on": "2026-05-12"}).status_code == 200
    assert editor.get(f"{PAST_PAGES}tendon-transfer/", {"on": "2026-05-12"}).status_code == 404


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-05-03", "Germs get in."),
        ("2026-05-09", "Germs get in."),
        ("2026-05-10", "Germs get in, sometimes."),
        ("2026-05-12", "Germs get in, sometimes."),
    ],
)
def test_staff_read_what_the_page_said_at_the_end_of_a_day(
    editor: Client, procedure: Procedure, day: str, words: str
) -> None:
    response = editor.get(PAST_PAGE, {"on": day})
    assert response.status_code == 200
    assert words in read(response).main.text
    assert "This page as patients saw it on" in read(response).text
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_what_is_scheduled_for_later_today_was_not_seen_today(
    editor: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    clock.move_to(datetime(2026, 5, 20, 3, tzinfo=UTC))
    assert "sometimes" in read(editor.get(PAST_PAGE, {"on": "2026-05-20"})).main.text
    clock.move_to(datetime(2026, 5, 20, 5, tzinfo=UTC))
    assert "rarely" in read(editor.get(PAST_PAGE, {"on": "2026-05-20"})).main.text


@pytest.mark.parametrize(
    "day",
    [
        "2026-05-02",
        "2026-05-13",
        "2030-01-01",
        "",
        "yesterday",
        "2026-02-30",
        "\0",
        "0001-01-01",
        "9999-12-31",
        "🩺",
    ],
)
def test_a_day_without_the_page_or_that_is_no_day_or_has_not_come_is_404(
    editor: Client, procedure: Procedure, day: str
) -> None:
    assert editor.get(PAST_PAGE, {"on": day}).status_code == 404


@pytest.mark.parametrize("path", [PAST_PAGE, PAST_PAGES])
def test_others_are_asked_to_sign_in_and_come_back(client: Client, procedure: Procedure, path: str) -> None:
    for day in ("2026-05-03", "nonsense"):
        response = client.get(path, {"on": day})
        assert response.status_code == 302
        assert response["Location"].startswith("/staff/login/?next=")
        assert "no-store" in response["Cache-Control"]


def test_the_day_is_found_under_an_address_that_the_page_has_left(
    editor: Client, procedure: Procedure
) -> None:
    Procedure.objects.filter(pk=procedure.pk).update(slug="lymph-surgery")
    published(Procedure.objects.get(pk=procedure.pk))
    assert "sometimes" in read(editor.get(PAST_PAGE, {"on": "2026-05-11"})).main.text
    assert "Germs get in." in read(editor.get(f"{PAST_PAGES}lymph-surgery/", {"on": "2026-05-04"})).main.text


def test_the_overview_has_its_days_too(editor: Client, clock: time_machine.Traveller) -> None:
    overview = an_overview()
    published(overview)
    clock.move_to(datetime(2026, 5, 5, 16, tzinfo=UTC))
    overview.title = "Another title"
    overview.save()
    published(overview)
    assert read(editor.get(PAST_PAGES, {"on": "2026-05-04"})).one("h1").text.startswith("Microsurgery")
    assert read(editor.get(PAST_PAGES, {"on": "2026-05-05"})).one("h1").text.startswith("Another title")


# Withdrawn and moved pages


def test_a_withdrawn_page_answers_410_with_a_kind_page(client: Client, procedure: Procedure) -> None:
    publishing.withdraw(procedure, language="en")
    response = client.get(PATH)
    assert response.status_code == 410
    page = read(response)
    assert page.one("h1").text == "This page has been withdrawn"
    assert "Lymph Vessel Repair" in page.main.text
    assert page.meta("robots") == ["noindex"]
    assert client.get("/procedures/never-was/").status_code == 404


def test_the_withdrawn_overview_answers_410_too(client: Client, clock: time_machine.Traveller) -> None:
    overview = an_overview()
    assert client.get("/").status_code == 404
    published(overview)
    clock.shift(1)
    publishing.withdraw(overview, language="en")
    assert client.get("/").status_code == 410


def test_a_changed_address_redirects_for_good_from_each_one_it_ever_had(
    client: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    for slug in ("second", "third"):
        clock.shift(60)
        page = Procedure.objects.get(pk=procedure.pk)
        page.slug = slug
        page.save()
        published(page)
    for slug in ("lymph-vessel-repair", "second"):
        response = client.get(f"/procedures/{slug}/")
        assert (response.status_code, response["Location"]) == (301, "/procedures/third/")
    assert client.get("/procedures/third/").status_code == 200
    clock.shift(60)
    publishing.withdraw(procedure, language="en")
    for slug in ("lymph-vessel-repair", "second", "third"):
        assert client.get(f"/procedures/{slug}/").status_code == 410


def test_an_address_of_a_draft_is_nowhere(client: Client, procedure: Procedure) -> None:
    Procedure.objects.filter(pk=procedure.pk).update(slug="not-yet")
    assert client.get("/procedures/not-yet/").status_code == 404
    assert client.get(PATH).status_code == 200
