"""Who may do what with a page: checked where it is done, not only where it is offered."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts import roles
from procedures.models import Disclaimer, Practitioner, Procedure, Publication
from tests.admin_forms import address, form_of, publish_in_admin
from tests.factories import a_procedure, a_reviewer, published, shared_texts, signed_in, staff

pytestmark = pytest.mark.django_db

WRITERS = [roles.EDITOR, roles.CLINICAL_REVIEWER, roles.MANAGER]
PUBLISHERS = [roles.CLINICAL_REVIEWER, roles.MANAGER]


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    return a_procedure()


@pytest.mark.parametrize("role", WRITERS)
def test_writers_may_change_a_page(procedure: Procedure, role: str) -> None:
    client = signed_in(role)
    sent = form_of(client, address(procedure)) | {"summary": f"Changed by {role}."}
    assert client.post(address(procedure), sent).status_code == 302
    procedure.refresh_from_db()
    assert procedure.summary == f"Changed by {role}."


def test_a_coordinator_may_neither_see_nor_change_a_page(procedure: Procedure) -> None:
    client = signed_in(roles.COORDINATOR)
    assert client.get(address(procedure)).status_code == 403
    assert client.post(address(procedure), {"title": "x"}).status_code == 403
    assert client.get(reverse("admin:procedures_procedure_changelist")).status_code == 403


@pytest.mark.parametrize("role", PUBLISHERS)
def test_publishers_may_publish(procedure: Procedure, role: str) -> None:
    response = publish_in_admin(signed_in(role), procedure, a_reviewer())
    assert response.status_code == 302
    assert Publication.objects.get().published_by.groups.get().name == role


@pytest.mark.parametrize("role", [roles.EDITOR, roles.COORDINATOR, ""])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_may_publish_withdraw_or_archive(procedure: Procedure, role: str, method: str) -> None:
    client = signed_in(role)
    for view in ("publish", "withdraw", "archive"):
        response = getattr(client, method)(address(procedure, view), {"reviewer": str(a_reviewer().pk)})
        assert response.status_code in (403, 302)
        assert response.status_code == 403 or "/staff/login/" in response["Location"]
    assert not Publication.objects.exists()


@pytest.mark.parametrize("view", ["change", "publish", "withdraw", "preview", "history_of", "archive"])
def test_a_stranger_is_asked_to_sign_in(client: Client, procedure: Procedure, view: str) -> None:
    for response in (client.get(address(procedure, view)), client.post(address(procedure, view))):
        assert response.status_code == 302
        assert response["Location"].startswith("/staff/login/")


@pytest.mark.parametrize("role", [*WRITERS, "superuser"])
def test_nobody_deletes_a_page_a_person_or_a_shared_text(procedure: Procedure, role: str) -> None:
    published(procedure)
    client = Client()
    client.force_login(staff("" if role == "superuser" else role, is_superuser=role == "superuser"))
    for record in (procedure, Practitioner.objects.get(), Disclaimer.objects.get()):
        assert client.post(address(record, "delete"), {"post": "yes"}).status_code == 403
    changelist = reverse("admin:procedures_procedure_changelist")
    client.post(changelist, {"action": "delete_selected", "_selected_action": [procedure.pk], "post": "yes"})
    assert Procedure.objects.filter(pk=procedure.pk).exists()


def test_a_publication_cannot_be_opened_for_editing_at_all() -> None:
    from django.contrib import admin

    assert Publication not in admin.site._registry


def test_a_second_overview_or_disclaimer_cannot_be_added(sample_site: None) -> None:
    client = Client()
    client.force_login(staff(is_superuser=True))
    for model in ("overview", "disclaimer", "emergencytext"):
        assert client.get(reverse(f"admin:procedures_{model}_add")).status_code == 403


def test_publishing_by_get_publishes_nothing(procedure: Procedure) -> None:
    client = signed_in(roles.CLINICAL_REVIEWER)
    sent = form_of(client, address(procedure, "publish")) | {"reviewer": str(a_reviewer().pk)}
    client.get(address(procedure, "publish"), sent)
    assert not Publication.objects.exists()


def test_publishing_needs_the_forms_own_token(procedure: Procedure) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff(roles.CLINICAL_REVIEWER))
    assert client.post(address(procedure, "publish"), {}).status_code == 403


@pytest.mark.parametrize(
    ("role", "place"), [(roles.EDITOR, 7), (roles.CLINICAL_REVIEWER, 2), (roles.MANAGER, 2)]
)
def test_the_position_which_counts_at_once_is_for_those_who_publish(
    procedure: Procedure, role: str, place: int
) -> None:
    Procedure.objects.filter(pk=procedure.pk).update(position=7)
    page = address(procedure)
    client = signed_in(role)
    response = client.post(page, form_of(client, page) | {"position": "2", "plain_name": "Mine"})
    assert response.status_code == 302
    stored = Procedure.objects.get()
    assert (stored.position, stored.plain_name) == (place, "Mine")
