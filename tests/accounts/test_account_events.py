"""Account events are recorded with the change, shown to managers, and never changed."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client

from clinic_site.accounts import events, roles, services
from clinic_site.accounts.models import AccountEvent, User
from tests.accounts.account_helpers import (
    PASSWORD,
    enter_password,
    has_totp,
    is_signed_in,
    set_up_totp,
    staff_with_password,
)
from tests.admin_forms import address, form_of
from tests.factories import signed_in, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

Kind = AccountEvent.Kind
LIST = "/staff/accounts/accountevent/"


def change(client: Client, user: User, **fields: Any) -> None:
    sent = {name: value for name, value in (form_of(client, address(user)) | fields).items() if value != ""}
    assert client.post(address(user), sent).status_code == 302


def events_of(user: User) -> dict[str, AccountEvent]:
    return {event.kind: event for event in AccountEvent.objects.filter(subject=user)}


def test_changes_of_access_are_recorded(manager: Client) -> None:
    user = staff(roles.EDITOR)
    change(manager, user, first_name="Ali")
    assert not events_of(user)
    both = [str(Group.objects.get(name=name).pk) for name in (roles.EDITOR, roles.MANAGER)]
    change(manager, user, groups=both)
    event = events_of(user)[Kind.ROLES_CHANGED]
    assert event.actor == User.objects.get(email="manager@clinic.example")
    assert event.detail["before"]["roles"] == ["Editor"]
    assert event.detail["after"]["roles"] == ["Editor", "Manager"]
    assert event.summary() == "Editor → Editor, Manager"
    other = staff()
    root = signed_in("", email="root@clinic.example", is_superuser=True)
    change(root, other, is_superuser="on", email="new@a.pk")
    assert events_of(other)[Kind.ROLES_CHANGED].summary() == "no role → Superuser"
    assert events_of(other)[Kind.EMAIL_CHANGED].detail == {}


def test_deactivation_ends_sessions(manager: Client) -> None:
    user, browser = staff(), Client()
    browser.force_login(user)
    sent = form_of(manager, address(user))
    sent.pop("is_active")
    manager.post(address(user), sent)
    assert browser.get("/staff/").status_code == 302
    assert Session.objects.count() == 1
    change(manager, user, is_active="on")
    assert list(events_of(user)) == [Kind.DEACTIVATED, Kind.ACTIVATED]


def test_event_is_rolled_back_with_its_change() -> None:
    user = staff()
    before = services.access_state(user)
    with pytest.raises(RuntimeError), transaction.atomic():
        user.groups.add(Group.objects.get(name=roles.EDITOR))
        services.record_access_changes(user, before, by=user)
        raise RuntimeError
    assert not AccountEvent.objects.exists()


def test_manager_resets_two_step_sign_in(manager: Client) -> None:
    user, browser = staff_with_password(), Client()
    set_up_totp(user)
    browser.force_login(user)
    assert "phone, passkeys and codes are removed" in manager.get(address(user)).content.decode()
    url = f"/staff/accounts/user/{user.pk}/access/"
    assert manager.get(url).status_code == 405
    assert manager.post(url, {"action": "reset-two-step"}).status_code == 303
    assert not has_totp(user)
    assert not is_signed_in(browser)
    assert manager.get("/staff/").status_code == 200
    assert list(events_of(user)) == [Kind.TWO_STEP_RESET]
    enter_password(browser)
    assert is_signed_in(browser)


def test_nobody_resets_two_step_of_oneself_or_a_superuser(manager: Client) -> None:
    own, root = User.objects.get(email="manager@clinic.example"), staff(email="root@clinic.example")
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    url = "/staff/accounts/user/{}/access/"
    for owner in (own, root):
        set_up_totp(owner)
        assert "Reset two-step sign-in" not in manager.get(address(owner)).content.decode()
        assert manager.post(url.format(owner.pk), {"action": "reset-two-step"}).status_code == 403
        assert has_totp(owner)
    for action in ("", "x" * 5000, "\0"):
        assert manager.post(url.format(own.pk), {"action": action}).status_code == 404
    assert manager.post(url.format(2**63), {"action": "send-link"}).status_code in (403, 404)


def test_sign_in_password_change_and_sign_out_are_recorded(client: Client) -> None:
    user = staff_with_password()
    enter_password(client, password="wrong")
    enter_password(client, email="my-password-by-mistake@clinic.example")
    enter_password(client)
    for old in ("wrong", PASSWORD):
        new = dict.fromkeys(["new_password1", "new_password2"], "seven green lanterns")
        client.post("/staff/password_change/", {"old_password": old} | new)
    client.post("/staff/logout/")
    failed, unknown, *others = AccountEvent.objects.order_by("pk")
    assert (failed.kind, failed.subject, failed.actor) == (Kind.SIGN_IN_FAILED, user, None)
    assert (unknown.kind, unknown.subject) == (Kind.SIGN_IN_FAILED, None)
    assert "by-mistake" not in str(unknown.detail)
    assert [event.kind for event in others] == [Kind.SIGNED_IN, Kind.PASSWORD_CHOSEN, Kind.SIGNED_OUT]


def test_list_filters_by_person(manager: Client) -> None:
    ali, ayesha = staff(), staff_with_password()
    events.record(Kind.SIGNED_IN, actor=ali, subject=ali)
    failed = events.record(Kind.SIGN_IN_FAILED, subject=ayesha, step="password")
    rows = read(manager.get(LIST)).one("table", id="result_list").one("tbody").all("tr")
    assert len(rows) == 2
    assert "Sign-in failed" in rows[0].text and "Wrong email address or password" in rows[0].text
    filtered = read(manager.get(LIST, {"person": ali.pk})).one("table", id="result_list")
    assert len(filtered.one("tbody").all("tr")) == 1
    for odd in ("x", "-1", "9" * 40, "\0", "١"):
        assert "result_list" not in manager.get(LIST, {"person": odd}, follow=True).content.decode()
    assert manager.get(f"{LIST}{failed.pk}/change/").status_code == 200


def test_not_even_superusers_add_change_or_delete_events() -> None:
    event, superuser = events.record(Kind.SIGNED_IN), signed_in("", is_superuser=True)
    assert superuser.post(f"{LIST}add/", {"kind": "signed_in"}).status_code == 403
    assert superuser.post(f"{LIST}{event.pk}/change/", {"kind": "invited"}).status_code == 403
    assert superuser.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    superuser.post(LIST, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    assert AccountEvent.objects.get().kind == Kind.SIGNED_IN
