"""The navigation of the staff side: the places of each role, and everything reachable."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.roles import COORDINATOR, EDITOR, MANAGER
from procedures.models import Source
from tests.factories import a_procedure, a_request, a_reviewer, staff
from tests.mail.mail_helpers import a_message
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

FRONT_DESK = ["Today", "Requests", "Calendar", "Messages"]


def navigation(page: Page, label: str) -> dict[str, str]:
    (found,) = page.all("nav", aria_label=label)
    return {link.text: link["href"] for link in found.all("a")}


def test_navigation_lists_the_places_of_each_role(client: Client) -> None:
    for role, places in (
        (EDITOR, ["Today", "Pages"]),
        (COORDINATOR, [*FRONT_DESK, "Reports"]),
        (MANAGER, [*FRONT_DESK, "Pages", "Clinic", "Reports", "Team"]),
        ("", ["Today"]),
    ):
        client.force_login(staff(role))
        page = read(client.get(reverse("admin:index")))
        found = navigation(page, "Main")
        assert [label for label in found if label != "Clinic staff"] == places, role
        assert all(client.get(address).status_code == 200 for address in found.values())


def test_manager_reaches_every_list_of_the_admin(client: Client) -> None:
    client.force_login(staff(MANAGER))
    places = navigation(read(client.get(reverse("admin:index"))), "Main")
    reached = set(places.values())
    for place in ("Calendar", "Messages", "Pages", "Clinic", "Reports", "Team"):
        reached |= set(navigation(read(client.get(places[place])), place).values())
    reached.add(reverse("admin:consultations_consultationrequest_changelist"))  # redirects to the queue
    names = [model._meta.label_lower.replace(".", "_") for model in admin.site._registry]
    assert {reverse(f"admin:{name}_changelist") for name in names} - reached == set()


def test_index_of_an_app_lists_its_models(client: Client) -> None:
    client.force_login(staff(MANAGER))
    page = read(client.get(reverse("admin:app_list", args=["procedures"])))
    assert {"Procedures", "Sources"} <= {link.text for link in page.main.all("a")}


def test_navigation_marks_the_place_and_the_page(client: Client) -> None:
    client.force_login(staff(MANAGER))
    for address, place, link in (
        (reverse("desk:queue"), "Requests", ""),
        (reverse("desk:reminders"), "Calendar", "Reminders"),
        (reverse("admin:procedures_source_add"), "Pages", "Sources"),
        (reverse("admin:password_change"), "", ""),
    ):
        page = read(client.get(address))
        navigations = [each for each in page.all("nav") if each["aria-label"] in ("Main", place)]
        links = [link for each in navigations for link in each.all("a")]
        current = {link.text for link in links if link.get("aria-current")}
        assert current == {place, link} - {""}, address


def test_sign_in_page_has_no_navigation(client: Client) -> None:
    assert read(client.get(reverse("account_login"))).all("nav") == []


def searched(client: Client, text: str) -> Page:
    """Fill in the field of the bar and press Enter."""
    form = read(client.get(reverse("admin:password_change"))).one("form", role="search")
    send = client.post if form.get("method") == "post" else client.get
    response = send(form["action"], form.hidden_fields() | {"text": text}, follow=True)
    assert response.status_code == 200
    return read(response)


def test_search_finds_what_the_role_may_view(client: Client) -> None:
    procedure, doctor, source = a_procedure(), a_reviewer(name="Dr. Lymph Khan"), Source.objects.get()
    request = a_request(patient_name="Lymph Patient")
    a_message(about=request.reference)
    staff(EDITOR, email="lymph@clinic.example")
    for role, expected in (
        (EDITOR, [procedure, doctor, source]),
        (COORDINATOR, [request]),
        (MANAGER, [request, procedure, doctor, source, "lymph@clinic.example"]),
    ):
        client.force_login(staff(role))
        page = searched(client, "lymph")
        names = [link.text for link in page.main.all("a") if "tab=" not in link["href"] and link.text]
        assert {str(each) for each in expected} == set(names), role
    # Messages are searched in their own list, which records who saw whom.
    for odd in (request.reference, "", "\x00", "%", "'" * 300):
        assert not searched(client, odd).all(id="found")


def test_search_of_pages_needs_no_access_to_requests(client: Client) -> None:
    client.force_login(staff(EDITOR))
    assert "Nothing found." in searched(client, "nonsense").main.text
