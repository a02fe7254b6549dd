"""Open requests of a colleague who can do nothing about them any more: told on saving, and to be found."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR, EDITOR, MANAGER
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.admin_forms import address, form_of
from tests.consultations.desk.queue.queue_pages import queue_page, references, with_class
from tests.factories import a_request, signed_in, staff
from tests.pages import Element, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def sana() -> User:
    return staff(COORDINATOR, email="sana@clinic.example", first_name="Sana", last_name="Malik")


@pytest.fixture
def manager() -> Client:
    return signed_in(MANAGER)


def assigned(user: User, status: Status = Status.NEW) -> ConsultationRequest:
    request = a_request(status=status)
    ConsultationRequest.objects.filter(pk=request.pk).update(assignee=user)
    return request


def save(client: Client, user: User, *unticked: str, **changes: Any) -> list[Element]:
    """Open the account, change it, press "Save"; the warnings of the next page."""
    sent = form_of(client, address(user)) | changes
    sent = {name: sent[name] for name in sent if name not in unticked}
    page = read(client.post(address(user), sent, follow=True))
    return [line for line in page.all("li") if line.get("class") == "warning"]


def test_whoever_makes_an_account_inactive_is_told_what_it_still_has(manager: Client, sana: User) -> None:
    waiting = [assigned(sana), assigned(sana)]
    offered = assigned(sana, Status.PROPOSED)
    assigned(sana, Status.COMPLETED)
    assert save(manager, sana, first_name="Sanaa") == []
    (warning,) = save(manager, sana, "is_active", first_name="Sana")
    assert warning.text == (
        "3 open requests are still assigned to Sana Malik: New (2); Time offered (1). "
        "Assign them to someone else."
    )
    lists = [references(read(manager.get(link["href"]))) for link in warning.all("a")]
    assert lists == [[request.reference for request in waiting], [offered.reference]]


def test_so_is_whoever_takes_away_the_role(manager: Client, sana: User) -> None:
    assigned(sana)
    other = staff(EDITOR)
    (warning,) = save(manager, sana, groups=[str(other.groups.get().pk)])
    assert warning.text.startswith("1 open request is still assigned to Sana Malik: New (1).")


def test_nobody_is_told_of_what_is_closed(manager: Client, sana: User) -> None:
    assigned(sana, Status.COMPLETED)
    assert save(manager, sana, "is_active") == []


def test_the_filter_offers_whoever_left_and_still_has_some(manager: Client, sana: User) -> None:
    kept, others = assigned(sana), a_request()
    User.objects.filter(pk=sana.pk).update(is_active=False)
    page = queue_page(manager, assignee=sana.pk)
    assert references(page) == [kept.reference]
    filters = with_class(page, "queue__filters")[0]
    names = [option.text for option in filters.one("select", name="assignee").all("option")]
    assert names == ["All", "Me", "Nobody", "manager@clinic.example", "Sana Malik (no longer at the desk)"]
    # Nothing new is given to them.
    given_to = [option.text for select in page.all("select", name="to") for option in select.all("option")]
    assert given_to and not [name for name in given_to if "Sana" in name]
    ConsultationRequest.objects.update(assignee=None)
    assert len(references(queue_page(manager, assignee=sana.pk))) == len([kept, others])


def test_a_list_of_somebody_who_left_is_the_list_one_comes_back_to(manager: Client, sana: User) -> None:
    first, _second = assigned(sana), assigned(sana)
    User.objects.filter(pk=sana.pk).update(is_active=False)
    sent = {"request": f"{first.pk}-{sana.pk}", "to": "nobody", "back": f"assignee={sana.pk}"}
    response = manager.post(reverse("desk:queue_assign"), sent)
    assert response["Location"].endswith(f"?assignee={sana.pk}")
