"""The panels of the first staff page, in the order of the settings."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import staff
from tests.pages import in_order, read


@pytest.mark.django_db
def test_content_panels_are_for_roles_that_edit_pages(client: Client) -> None:
    for role in ("Editor", "Clinical reviewer", "Manager", "Coordinator"):
        client.force_login(staff(role))
        headings = read(client.get(reverse("admin:index"))).heading_texts()
        if role == "Manager":
            assert in_order(headings, ["Reported mistakes", "Pages due for review"])
        for heading in ("Pages due for review", "Reported mistakes"):
            assert (heading in headings) is (role != "Coordinator"), role
