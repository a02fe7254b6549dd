"""No manager takes over another manager's account alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from tests.accounts.account_helpers import has_totp, set_up_totp, staff_with_password
from tests.admin_forms import Sent, address, errors_in, form_of, warnings_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(clock: Any) -> User:
    user = staff_with_password(roles.MANAGER)
    set_up_totp(user)
    return user


@pytest.fixture
def manager(clock: Any, manager: Client) -> Client:
    return manager


def change_address(manager: Client, user: User) -> Any:
    return manager.post(address(user), form_of(manager, address(user)) | {"email": "mine@clinic.example"})


def reset(manager: Client, user: User) -> Any:
    return manager.post(f"/staff/accounts/user/{user.pk}/access/", {"action": "reset-two-step"})


def wait(clock: Any, manager: Client, **duration: int) -> None:
    clock.shift(timedelta(**duration))
    manager.force_login(User.objects.get(email="manager@clinic.example"))


def mails() -> list[OutgoingMessage]:
    return list(OutgoingMessage.objects.filter(kind="takeover").order_by("pk"))


def test_changes_of_a_managers_account_wait_a_day_and_its_owner_is_emailed(
    manager: Client, colleague: User, clock: Any
) -> None:
    (error,) = errors_in(change_address(manager, colleague))
    assert "possible from Saturday 16 January, 1 pm" in error
    assert "It will be possible from" in warnings_in(reset(manager, colleague))[-1]
    (mail,) = mails()
    assert mail.to == colleague.email and "manager@clinic.example wants to change" in mail.text
    assert "possible from Saturday 16 January, 1 pm." in mail.text
    wait(clock, manager, hours=23)
    assert errors_in(change_address(manager, colleague))
    wait(clock, manager, hours=1)
    reset(manager, colleague)
    assert not has_totp(colleague)
    # Each change needs its own request, and an unused request expires after a week.
    assert errors_in(change_address(manager, colleague))
    wait(clock, manager, days=8)
    assert errors_in(change_address(manager, colleague))
    wait(clock, manager, days=1)
    assert change_address(manager, colleague).status_code == 302
    colleague.refresh_from_db()
    assert (colleague.email, len(mails())) == ("mine@clinic.example", 3)


def test_link_in_the_mail_stops_the_change(manager: Client, colleague: User, clock: Any) -> None:
    reset(manager, colleague)
    path = re.search(r"/staff/stop-change/\S+", mails()[0].text)[0]  # type: ignore[index]
    assert "Stop the change" in Client().get(path).content.decode()
    wait(clock, manager, hours=23)
    assert "The change is stopped" in Client().post(path).content.decode()
    for used in (path, "/staff/stop-change/made-up/"):
        assert "There is nothing to stop" in Client().post(used).content.decode()
    wait(clock, manager, hours=2)
    reset(manager, colleague)
    assert has_totp(colleague) and len(mails()) == 2


def test_taking_the_role_away_first_is_no_way_around(manager: Client, colleague: User) -> None:
    sent: Sent = form_of(manager, address(colleague)) | {"groups": []}
    assert manager.post(address(colleague), sent).status_code == 302
    reset(manager, colleague)
    assert errors_in(change_address(manager, colleague)) and has_totp(colleague)


def test_other_accounts_and_ones_own_are_changed_at_once(manager: Client) -> None:
    coordinator = staff_with_password(roles.COORDINATOR)
    set_up_totp(coordinator)
    reset(manager, coordinator)
    assert not has_totp(coordinator)
    assert change_address(manager, coordinator).status_code == 302
    own = User.objects.get(email="manager@clinic.example")
    sent = form_of(manager, address(own)) | {"email": "me@clinic.example"}
    assert manager.post(address(own), sent).status_code == 302
    assert not mails()
