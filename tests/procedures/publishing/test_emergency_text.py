"""The emergency text is published like a page, and is never withdrawn."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from clinic_site.accounts.models import User
from procedures.models import Emergency, Publication
from procedures.publishing import publishing
from tests.admin_forms import address, publish_in_admin, restore_in_admin
from tests.factories import a_disclaimer, a_reviewer, an_emergency_text, an_overview, published
from tests.pages import read
from tests.procedures.publishing.signing import boxes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PAST = "/staff/past-emergency/"


@pytest.fixture
def emergency() -> Emergency:
    """Published, and changed since."""
    emergency = an_emergency_text()
    published(emergency)
    emergency.first_aid = "Call 1122.\nPress hard."
    emergency.save()
    return emergency


def test_emergency_text_is_compared_signed_published_and_restored(
    client: Client, clinician: Client, emergency: Emergency
) -> None:
    assert boxes(clinician, emergency) == ["read_first_aid"]
    page = read(clinician.get(address(emergency)))
    assert "The draft differs in: Signs and first aid." in page.text
    assert publish_in_admin(clinician, emergency, a_reviewer()).status_code == 302
    assert "Press hard" in read(client.get("/emergency/")).main.text
    assert restore_in_admin(clinician, emergency, 1).status_code == 302
    emergency.refresh_from_db()
    assert emergency.first_aid == "Call 1122.\nPress firmly."
    assert "Press hard" in read(client.get("/emergency/")).main.text, "restored into the draft alone"


def test_emergency_text_is_never_withdrawn(clinician: Client, emergency: Emergency) -> None:
    page = read(clinician.get(address(emergency)))
    assert not [link for link in page.all("a") if "Withdraw" in link.text]
    assert clinician.post(address(emergency, "withdraw")).status_code == 403
    with pytest.raises(ValueError, match="never withdrawn"):
        publishing.withdraw(emergency, language="en")
    assert Publication.objects.live().filter(page=emergency).exists()


def test_box_for_the_tourniquet_needs_its_line(emergency: Emergency) -> None:
    emergency.shows_tourniquet = True
    with pytest.raises(ValidationError, match="Write the line about a tourniquet"):
        emergency.clean()
    emergency.tourniquet = "Tie a wide band above the wound."
    emergency.clean()


def test_page_with_first_aid_needs_a_published_emergency_text() -> None:
    a_disclaimer()
    overview, emergency = an_overview(), an_emergency_text()
    publishing.publish_sample(overview, language="en")  # unchecked
    problems = publishing.draft_problems(overview, publishing.drafts.read_draft(overview, "en"))
    assert "Publish the emergency text first." in [problem.message for problem in problems]
    published(emergency)
    published(overview)


def test_number_in_first_aid_needs_a_source() -> None:
    emergency = an_emergency_text(first_aid="Call 1122.\nPress for 10 minutes.")
    emergency.citations.update(section="why")
    with pytest.raises(publishing.NotReadyError, match="“First aid” has a number but no source"):
        published(emergency)


def test_past_pages_show_the_emergency_text_of_their_day(
    editor: Client, emergency: Emergency, clock: time_machine.Traveller
) -> None:
    overview = an_overview()
    published(overview)
    clock.shift(timedelta(days=2))
    emergency.signs = "a toe is cut off"
    emergency.save()
    published(emergency)
    clock.shift(timedelta(days=2))
    editor.force_login(User.objects.get(email="editor@clinic.example"))
    for day, sign in (("2026-06-02", "a part is cut off"), ("2026-06-03", "a toe is cut off")):
        for path in ("/staff/past-pages/", PAST):
            assert sign in read(editor.get(path, {"on": day})).main.text, (path, day)
    assert "a part is cut off" in read(editor.get(f"{address(overview, 'history_of')}1/")).main.text
    (form,) = (
        form for form in read(editor.get(address(emergency, "history_of"))).all("form") if form.all(name="on")
    )
    assert form["action"] == PAST
