"""Permissions on pages, checked where the work is done. tests/site/role_table.txt lists every address."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from clinic_site.accounts import roles
from procedures.models import Disclaimer, Practitioner, Procedure, Publication
from tests.admin_forms import Sent, address, form_of, publish_in_admin
from tests.factories import a_disclaimer, a_procedure, a_reviewer, published, signed_in, staff

pytestmark = pytest.mark.django_db

WRITERS = [roles.EDITOR, roles.CLINICAL_REVIEWER, roles.MANAGER]
PUBLISHERS = [roles.CLINICAL_REVIEWER, roles.MANAGER]


def routes() -> list[str]:
    """Return every address of a page, after /staff/procedures/procedure/<id>/, for version and link 1."""
    patterns = [str(url.pattern) for url in admin.site._registry[Procedure].get_urls()]
    of_a_page = [re.split("object_id>/", pattern)[1] for pattern in patterns if "object_id>/" in pattern]
    assert len(of_a_page) > 12
    return [re.sub(r"<int:\w+>", "1", route) for route in of_a_page]


@pytest.fixture
def procedure() -> Procedure:
    a_disclaimer()
    return a_procedure()


def test_page_may_be_changed_by_writers_and_moved_by_publishers_only(procedure: Procedure) -> None:
    """Patients see the new position at once."""
    for role in WRITERS:
        Procedure.objects.filter(pk=procedure.pk).update(position=7)
        client = signed_in(role)
        sent = form_of(client, address(procedure)) | {"position": "2", "summary": f"Changed by {role}."}
        assert client.post(address(procedure), sent).status_code == 302
        stored = Procedure.objects.get()
        assert (stored.position, stored.summary) == (2 if role in PUBLISHERS else 7, f"Changed by {role}.")


def test_page_may_be_published_by_publishers(procedure: Procedure) -> None:
    for role in PUBLISHERS:
        assert publish_in_admin(signed_in(role), procedure, a_reviewer()).status_code == 302
        assert Publication.objects.latest("number").published_by.groups.get().name == role


def test_page_cannot_be_published_by_an_editor_on_any_route(procedure: Procedure) -> None:
    """Post the form of a reviewer to every address, in the editor's own session."""
    published(procedure)
    reviewer, editor = signed_in(roles.CLINICAL_REVIEWER), signed_in(roles.EDITOR)
    procedure.risks.update(body="A draft.")
    url = address(procedure, "publish")
    signed: Sent = {"reviewer": str(a_reviewer().pk), "change_note": "Mine.", "read_risks": "on"}
    sent = form_of(reviewer, url) | signed
    sent |= {"_publish": "1", "action": "publish", "_selected_action": str(procedure.pk)}
    base = f"/staff/procedures/procedure/{procedure.pk}/"
    lists = [f"/staff/procedures/{kind}/" for kind in ("procedure", "page", "publication")]
    for route in [
        *(base + route for route in [*routes(), "versions/1/publish/", "change/publish/"]),
        *lists,
        *(f"{listed}add/" for listed in lists),
        "/procedures/lymph-vessel-repair/",
    ]:
        editor.post(f"{route}?_publish=1", sent)
    assert Publication.objects.live().get().number == 1
    assert Publication.objects.count() == 1
    assert Procedure.objects.get(pk=procedure.pk).archived_at is None
    # The same form, sent by the reviewer, publishes.
    assert reviewer.post(url, form_of(reviewer, url) | signed).status_code == 302
    assert Publication.objects.count() == 2


def test_page_needs_a_post_with_a_token_to_be_published(procedure: Procedure) -> None:
    client = signed_in(roles.CLINICAL_REVIEWER)
    sent = form_of(client, address(procedure, "publish")) | {"reviewer": str(a_reviewer().pk)}
    client.get(address(procedure, "publish"), sent)
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff(roles.CLINICAL_REVIEWER, email="another@clinic.example"))
    assert client.post(address(procedure, "publish"), {}).status_code == 403
    assert not Publication.objects.exists()


def test_not_even_superusers_delete_pages_people_and_shared_texts(procedure: Procedure) -> None:
    published(procedure)
    superuser = signed_in("", is_superuser=True)
    changelist = reverse("admin:procedures_procedure_changelist")
    for record in (procedure, Practitioner.objects.get(), Disclaimer.objects.get()):
        assert superuser.post(address(record, "delete"), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [procedure.pk], "post": "yes"}
    superuser.post(changelist, selected)
    assert 'name="action"' not in superuser.get(changelist).content.decode()
    assert Procedure.objects.filter(pk=procedure.pk).exists()


def test_publications_are_not_in_the_admin() -> None:
    assert Publication not in admin.site._registry
