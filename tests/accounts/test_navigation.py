"""The navigation of the staff side: the places of each role, and everything reachable."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.roles import COORDINATOR, EDITOR, MANAGER
from tests.factories import staff
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
