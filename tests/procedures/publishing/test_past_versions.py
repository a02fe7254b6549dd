"""Earlier versions by day, for staff; withdrawn pages and former addresses, for patients."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client, override_settings

from clinic_site.accounts.models import User
from procedures.models import Procedure
from procedures.publishing import publishing
from tests.admin_forms import address
from tests.factories import a_procedure, an_overview, published, signed_in
from tests.pages import Page, read
from tests.procedures.publishing.signing import PATH

PAST_PAGES = "/staff/past-pages/"
PAST_PAGE = f"{PAST_PAGES}lymph-vessel-repair/"


@pytest.fixture
def procedure(with_history: Procedure) -> Procedure:
    return with_history


def on(client: Client, day: str, path: str = PAST_PAGE) -> Page:
    response = client.get(path, {"on": day})
    assert response.status_code == 200, day
    return read(response)


def test_past_page_shows_the_version_at_the_end_of_the_day(
    editor: Client, procedure: Procedure, evening: time_machine.Traveller
) -> None:
    for day, words in (
        ("2026-05-03", "Germs get in."),
        ("2026-05-09", "Germs get in."),
        ("2026-05-10", "Germs get in, sometimes."),
        ("2026-05-12", "Germs get in, sometimes."),
    ):
        page = on(editor, day)
        assert words in page.main.text, day
        assert "This page as patients saw it on" in page.text
    response = editor.get(PAST_PAGE, {"on": "2026-05-03"})
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    for hour, words in ((3, "sometimes"), (5, "rarely")):
        evening.move_to(datetime(2026, 5, 20, hour, tzinfo=UTC))
        assert words in on(editor, "2026-05-20").main.text, "the version scheduled for later that day"


def test_past_page_of_no_day_is_404(editor: Client, procedure: Procedure) -> None:
    strange = ("", "yesterday", "2026-02-30", "\0", "0001-01-01", "9999-12-31", "🩺")
    for day in ("2026-05-02", "2026-05-13", "2030-01-01", *strange):
        assert editor.get(PAST_PAGE, {"on": day}).status_code == 404, day


def test_past_page_requires_signing_in_and_comes_back(client: Client, procedure: Procedure) -> None:
    for path in (PAST_PAGE, PAST_PAGES):
        for day in ("2026-05-03", "nonsense"):
            response = client.get(path, {"on": day})
            assert response.status_code == 302
            assert response["Location"].startswith("/staff/login/?next=")
            assert "no-store" in response["Cache-Control"]


def test_past_page_requires_two_step_sign_in_and_ends_an_idle_session(
    editor: Client, procedure: Procedure, evening: time_machine.Traveller
) -> None:
    published(an_overview())
    for path in (PAST_PAGE, PAST_PAGES):
        address = f"{path}?on=2026-05-12"
        editor.force_login(User.objects.get(email="editor@clinic.example"))
        assert editor.get(address).status_code == 200
        with override_settings(STAFF_TWO_STEP=True):
            assert editor.get(address)["Location"] == "/staff/two-step/set-up/"
        evening.shift(15 * 60 + 1)
        assert editor.get(address)["Location"].startswith(f"/staff/login/?next={path}")


def test_public_address_ignores_the_day(client: Client, editor: Client, procedure: Procedure) -> None:
    """The day was once read from the public address, past the checks of the staff site."""
    published(an_overview())
    for path in ("/", PATH):
        for reader in (client, editor):
            response = reader.get(path, {"on": "2020-01-01"})
            assert response.status_code == 200
            assert "as patients saw it" not in read(response).text


def test_past_page_is_asked_for_in_the_history(editor: Client, procedure: Procedure) -> None:
    page = read(editor.get(address(procedure, "history_of")))
    (form,) = (form for form in page.all("form") if form.all(name="on"))
    assert (form["method"], form["action"]) == ("get", PAST_PAGE)
    field = form.one(name="on")
    assert (field["type"], field["min"], field["max"]) == ("date", "2026-05-03", "2026-05-12")
    assert form.one("label", for_=field["id"]).text == "What did this page say on"
    never_shown = editor.get(address(a_procedure("not-yet"), "history_of"))
    assert 'name="on"' not in never_shown.content.decode()


def test_past_page_names_the_day_of_its_withdrawal(
    editor: Client, procedure: Procedure, evening: time_machine.Traveller
) -> None:
    publishing.withdraw(procedure, language="en")
    evening.move_to(datetime(2026, 5, 14, 16, tzinfo=UTC))
    page = on(editor, "2026-05-12")
    assert "sometimes" in page.main.text
    assert "This page as patients saw it on 12 May 2026. It was withdrawn on that day." in page.text
    assert "withdrawn" not in on(editor, "2026-05-11").text
    assert editor.get(PAST_PAGE, {"on": "2026-05-13"}).status_code == 404


def test_past_page_shows_the_last_of_several_versions(
    editor: Client, procedure: Procedure, evening: time_machine.Traveller
) -> None:
    evening.move_to(datetime(2026, 5, 12, 18, tzinfo=UTC))
    publishing.call_off(published(procedure, live_from=datetime(2026, 5, 12, 18, 30, tzinfo=UTC)))
    published(procedure)
    page = on(editor, "2026-05-12")
    assert "as drafted" in page.main.text
    assert "Patients saw 2 versions on that day. This is the last one. All versions" in page.text
    (link,) = (link for link in page.all("a") if link.text == "All versions")
    assert link["href"] == address(procedure, "history_of")
    assert "versions" not in on(editor, "2026-05-11").text

    page = on(signed_in("Coordinator"), "2026-05-12")
    assert "2 versions" in page.text
    assert "All versions" not in page.text, "a link that a coordinator may not open"


def test_past_page_is_that_of_the_page_shown_at_the_address(editor: Client, procedure: Procedure) -> None:
    """Not of one that was only scheduled under it and called off."""
    other = a_procedure("tendon-transfer")
    publishing.call_off(published(other, live_from=datetime(2026, 5, 20, 4, tzinfo=UTC)))
    for page, slug in ((other, "elsewhere"), (procedure, "lymph-surgery")):
        page.slug = slug
        page.save()
        published(page)
    assert editor.get(f"{PAST_PAGES}elsewhere/", {"on": "2026-05-12"}).status_code == 200
    assert editor.get(f"{PAST_PAGES}tendon-transfer/", {"on": "2026-05-12"}).status_code == 404
    # Under its former address and its new one.
    assert "sometimes" in on(editor, "2026-05-11").main.text
    assert "Germs get in." in on(editor, "2026-05-04", f"{PAST_PAGES}lymph-surgery/").main.text


def test_past_overview_is_shown(editor: Client, evening: time_machine.Traveller) -> None:
    overview = an_overview()
    published(overview)
    evening.move_to(datetime(2026, 5, 14, 16, tzinfo=UTC))
    overview.title = "Another title"
    overview.save()
    published(overview)
    for day, title in (("2026-05-13", "Microsurgery"), ("2026-05-14", "Another title")):
        assert on(editor, day, PAST_PAGES).one("h1").text.startswith(title)


# For patients


def test_withdrawn_page_is_410(client: Client, procedure: Procedure) -> None:
    assert client.get("/procedures/never-was/").status_code == 404
    publishing.withdraw(procedure, language="en")
    response = client.get(PATH)
    page = read(response)
    assert response.status_code == 410
    assert page.one("h1").text == "This page has been taken down"
    assert "Lymph Vessel Repair" in page.main.text
    assert page.meta("robots") == ["noindex"]


def test_withdrawn_overview_is_410(client: Client, evening: time_machine.Traveller) -> None:
    overview = an_overview()
    assert client.get("/").status_code == 404
    published(overview)
    evening.shift(1)
    publishing.withdraw(overview, language="en")
    assert client.get("/").status_code == 410


def test_former_addresses_redirect_to_the_present_one(
    client: Client, procedure: Procedure, evening: time_machine.Traveller
) -> None:
    publishing.call_off(procedure.publications.get(number=3))
    for slug in ("second", "third", "not-yet"):
        evening.shift(60)
        procedure.slug = slug
        procedure.save()
        if slug != "not-yet":
            published(procedure)
    for slug in ("lymph-vessel-repair", "second"):
        response = client.get(f"/procedures/{slug}/")
        assert (response.status_code, response["Location"]) == (301, "/procedures/third/")
    assert client.get("/procedures/third/").status_code == 200
    assert client.get("/procedures/not-yet/").status_code == 404, "only a draft has this address"
    publishing.withdraw(procedure, language="en")
    for slug in ("lymph-vessel-repair", "second", "third"):
        assert client.get(f"/procedures/{slug}/").status_code == 410
