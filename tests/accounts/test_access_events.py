"""What happened to somebody's access is written down with it, read by a manager, and changed by nobody."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client

from clinic_site.accounts import events, roles, services
from clinic_site.accounts.models import AccessEvent, User
from tests.accounts.account_links import PASSWORD, a_person, gives_password, has_phone, is_in, with_phone
from tests.admin_forms import address, form_of
from tests.factories import staff
from tests.pages import read

pytestmark = pytest.mark.django_db

Kind = AccessEvent.Kind
LIST = "/staff/accounts/accessevent/"


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(staff(roles.MANAGER))
    return client


def role(name: str) -> str:
    return str(Group.objects.get(name=name).pk)


def change(client: Client, person: User, **fields: Any) -> None:
    sent = {name: value for name, value in (form_of(client, address(person)) | fields).items() if value != ""}
    assert client.post(address(person), sent).status_code == 302


def test_a_change_of_roles_says_before_and_after(manager: Client) -> None:
    person = staff(roles.EDITOR, username="ali")
    change(manager, person, groups=[role(roles.EDITOR), role(roles.MANAGER)])
    event = AccessEvent.objects.get()
    assert (event.kind, event.subject, event.actor.username) == (Kind.ROLES_CHANGED, person, "manager")
    assert event.detail["before"]["roles"] == ["Editor"]
    assert event.detail["after"]["roles"] == ["Editor", "Manager"]
    assert event.words() == "Editor → Editor, Manager"


def test_a_change_of_nothing_writes_nothing(manager: Client) -> None:
    person = staff(roles.EDITOR, username="ali")
    change(manager, person, first_name="Ali")
    assert not AccessEvent.objects.exists()


def test_making_an_account_inactive_ends_its_sessions(manager: Client) -> None:
    person = staff(username="ali", email="ali@clinic.example")
    theirs = Client()
    theirs.force_login(person)
    sent = form_of(manager, address(person))
    sent.pop("is_active")
    manager.post(address(person), sent)
    assert theirs.get("/staff/").status_code == 302
    assert Session.objects.count() == 1
    change(manager, person, is_active="on")
    assert [event.kind for event in AccessEvent.objects.order_by("pk")] == [Kind.DEACTIVATED, Kind.ACTIVATED]


def test_a_superuser_made_and_an_address_changed_are_written_down() -> None:
    root = Client()
    root.force_login(staff(username="root", is_superuser=True))
    person = staff(username="ali")
    change(root, person, is_superuser="on", email="new@clinic.example")
    kinds = {event.kind: event for event in AccessEvent.objects.all()}
    assert kinds[Kind.ROLES_CHANGED].words() == "no role → Superuser"
    assert kinds[Kind.EMAIL_CHANGED].detail == {}


def test_the_event_goes_with_a_change_that_is_taken_back() -> None:
    person = staff(username="ali")
    before = services.state_of(person)
    with pytest.raises(RuntimeError), transaction.atomic():
        person.groups.add(Group.objects.get(name=roles.EDITOR))
        services.record_changes(person, before, by=person)
        raise RuntimeError
    assert not AccessEvent.objects.exists()


def test_a_manager_resets_the_second_step_of_who_lost_the_phone(manager: Client) -> None:
    person = a_person()
    with_phone(person)
    theirs = Client()
    theirs.force_login(person)
    page = manager.get(address(person))
    assert "phone and codes are lost" in page.content.decode()
    url = f"/staff/accounts/user/{person.pk}/access/"
    assert manager.get(url).status_code == 405
    response = manager.post(url, {"step": "two-step"})
    assert response.status_code == 303
    assert not has_phone(person)
    assert not is_in(theirs)
    assert manager.get("/staff/").status_code == 200
    assert AccessEvent.objects.get().kind == Kind.TWO_STEP_RESET
    gives_password(theirs)
    assert is_in(theirs)


def test_who_may_press_the_buttons_of_an_account(manager: Client) -> None:
    me, root = User.objects.get(username="manager"), staff(username="root", is_superuser=True)
    person = a_person()
    for user in (me, root, person):
        with_phone(user)
    for user in (me, root):
        assert (
            manager.post(f"/staff/accounts/user/{user.pk}/access/", {"step": "two-step"}).status_code == 403
        )
        assert has_phone(user)
    for name in (roles.EDITOR, roles.CLINICAL_REVIEWER, roles.COORDINATOR):
        other = Client()
        other.force_login(staff(name))
        for step in ("two-step", "link"):
            assert other.post(f"/staff/accounts/user/{person.pk}/access/", {"step": step}).status_code == 403
    assert has_phone(person)
    for step in ("", "x" * 5000, "\0"):
        assert manager.post(f"/staff/accounts/user/{person.pk}/access/", {"step": step}).status_code == 404
    assert manager.post("/staff/accounts/user/9223372036854775808/access/", {"step": "link"}).status_code in (
        403,
        404,
    )


def test_signing_out_is_written_down(client: Client) -> None:
    a_person()
    gives_password(client)
    client.post("/staff/logout/")
    assert [event.kind for event in AccessEvent.objects.order_by("pk")] == [Kind.SIGNED_IN, Kind.SIGNED_OUT]


def test_a_password_changed_by_its_owner_is_written_down(client: Client) -> None:
    a_person()
    gives_password(client)
    for old, kinds in (("wrong", []), (PASSWORD, [Kind.PASSWORD_CHOSEN])):
        sent = {"old_password": old} | dict.fromkeys(
            ["new_password1", "new_password2"], "seven green lanterns"
        )
        client.post("/staff/password_change/", sent)
        assert [event.kind for event in AccessEvent.objects.order_by("pk")[1:]] == kinds


def test_only_a_manager_reads_them_and_by_person(manager: Client) -> None:
    ali, ayesha = staff(username="ali"), a_person()
    events.record(Kind.SIGNED_IN, actor=ali, subject=ali)
    first = events.record(Kind.SIGN_IN_FAILED, subject=ayesha, step="password")
    page = read(manager.get(LIST))
    rows = [row.text for row in page.one("table", id="result_list").one("tbody").all("tr")]
    assert len(rows) == 2
    assert "Sign-in failed" in rows[0]
    assert "Wrong name or password" in rows[0]
    filtered = read(manager.get(f"{LIST}?person={ali.pk}")).one("table", id="result_list")
    assert len(filtered.one("tbody").all("tr")) == 1
    for odd in ("x", "-1", "9" * 40, "\0", "١"):
        assert manager.get(LIST, {"person": odd}).status_code in (200, 302)
    assert manager.get(f"{LIST}{first.pk}/change/").status_code == 200
    for name in (roles.EDITOR, roles.CLINICAL_REVIEWER, roles.COORDINATOR):
        other = Client()
        other.force_login(staff(name))
        assert other.get(LIST).status_code == 403


def test_nobody_adds_changes_or_deletes_one(manager: Client) -> None:
    event = events.record(Kind.SIGNED_IN)
    root = Client()
    root.force_login(staff(username="root", is_superuser=True))
    for client in (manager, root):
        assert client.post(f"{LIST}add/", {"kind": "signed_in"}).status_code == 403
        assert client.post(f"{LIST}{event.pk}/change/", {"kind": "invited"}).status_code == 403
        assert client.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
        client.post(LIST, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    for forbidden in (
        event.save,
        event.delete,
        AccessEvent.objects.all().delete,
        lambda: AccessEvent.objects.update(kind=Kind.INVITED),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            forbidden()
    assert AccessEvent.objects.get().kind == Kind.SIGNED_IN
