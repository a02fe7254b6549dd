"""Invitations and forgotten passwords: only the owner chooses a password, by a mailed link."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from clinic_site.accounts import roles, services, sign_in_limits
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.accounts.tokens import password_link
from clinic_site.mail.models import OutgoingMessage
from tests.accounts.account_helpers import (
    EMAIL,
    PASSWORD,
    enter_password,
    errors_of,
    is_signed_in,
    set_up_totp,
    staff_with_password,
)
from tests.admin_forms import add_in_admin, address, errors_in, warnings_in
from tests.factories import staff

pytestmark = pytest.mark.django_db

NEW = "seven green lanterns"
HOUR = 3600
Kind = AccountEvent.Kind


@pytest.fixture
def invited(manager: Client) -> User:
    role = Group.objects.get(name=roles.COORDINATOR)
    user: User = add_in_admin(manager, User, {"email": EMAIL, "groups": [str(role.pk)]})
    return user


def link_in_mail() -> str:
    """The path of the link in the newest mail."""
    (found,) = re.findall(
        r"https?://[^/]+(/staff/password/choose/\S+)", OutgoingMessage.objects.latest("pk").text
    )
    return str(found)


def works(client: Client, link: str) -> bool:
    response = client.get(link, follow=True)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    is_void = "This link no longer works" in response.content.decode()
    assert is_void is ("new_password1" not in response.content.decode())
    return not is_void


def choose(client: Client, link: str, password: str = NEW, again: str = "") -> Any:
    """Open a link and send the form of its page, whether it is there or not."""
    opened = client.get(link)
    sent = {"new_password1": password, "new_password2": again or password}
    return client.post(opened.get("Location", link), sent)


def ask(client: Client, email: str) -> Any:
    return client.post("/staff/password/forgotten/", {"email": email})


def test_invited_person_chooses_password_and_sets_up_two_step(
    invited: User, client: Client, settings: Any
) -> None:
    settings.STAFF_TWO_STEP = True
    message = OutgoingMessage.objects.get()
    assert (message.kind, message.to) == ("invitation", EMAIL)
    assert EMAIL in message.text and EMAIL not in message.subject
    assert [group.name for group in invited.groups.all()] == [roles.COORDINATOR]
    assert not invited.has_usable_password()
    assert choose(client, link_in_mail())["Location"] == "/staff/login/"
    enter_password(client, password=NEW)
    assert client.get("/staff/")["Location"] == "/staff/two-step/set-up/"
    kinds = [event.kind for event in AccountEvent.objects.filter(subject=invited).order_by("pk")]
    assert kinds == [Kind.INVITED, Kind.PASSWORD_CHOSEN, Kind.SIGNED_IN]


def test_link_works_once_and_opening_it_changes_nothing(invited: User, client: Client) -> None:
    link = link_in_mail()
    assert all(works(Client(), link) for _ in range(3))
    for password in ("short", "password1234", EMAIL, "", "\0" * 20):
        assert errors_of(choose(client, link, password)), password
    assert errors_of(choose(client, link, NEW, "something else entirely"))
    choose(client, link)
    assert not works(client, link)
    choose(client, link, "another long one here")
    invited.refresh_from_db()
    assert invited.check_password(NEW)


def test_invitation_and_reset_have_their_own_lifetime(client: Client, clock: Any) -> None:
    for user, seconds in ((staff(), 7 * 24 * HOUR), (staff_with_password(), 24 * HOUR)):
        services.send_password_link(user)
        clock.shift(seconds)
        assert works(client, link_in_mail())
        clock.shift(1)
        assert not works(client, link_in_mail())


def test_invitation_sent_again_replaces_the_earlier_ones(
    invited: User, manager: Client, client: Client
) -> None:
    first = link_in_mail()
    # The page for forgotten passwords reaches people without a password, too.
    ask(client, EMAIL)
    assert OutgoingMessage.objects.latest("pk").kind == "invitation"
    assert works(client, first) and works(client, link_in_mail())
    assert "Send the invitation again" in manager.get(address(invited)).content.decode()
    response = manager.post(f"/staff/accounts/user/{invited.pk}/access/", {"action": "send-link"})
    assert "invitation was sent" in warnings_in(response)[0]
    assert not works(client, first)
    assert works(client, link_in_mail())


def test_changes_of_the_account_void_links(client: Client) -> None:
    user = staff_with_password()
    link = password_link(user).removeprefix("http://").partition("/")[2]
    changes: list[dict[str, Any]] = [{"email": "a@b.pk"}, {"is_active": False}, {"is_staff": False}]
    for change in changes:
        assert works(client, f"/{link}")
        before = {name: getattr(user, name) for name in change}
        User.objects.filter(pk=user.pk).update(**change)
        assert not works(client, f"/{link}")
        User.objects.filter(pk=user.pk).update(**before)
    enter_password(Client())
    assert not works(client, f"/{link}")


def test_made_up_links_open_nothing(client: Client) -> None:
    own, other = (password_link(user).rsplit("/", 3) for user in (staff_with_password(), staff()))
    for uid, token in [
        (own[1], other[2]),
        (other[1], own[2]),
        (own[1], own[2][:-1]),
        (own[1], "set-password"),
        ("😀", "x" * 3000),
        ("MQ", "a-b-c"),
        ("%00", "x"),
    ]:
        response = client.get(f"/staff/password/choose/{uid}/{token}/")
        assert response.status_code == 404 or "no longer works" in response.content.decode()


def test_invite_form_requires_a_new_valid_email(manager: Client) -> None:
    staff(email="Ali@clinic.example")
    for email in ("", "nowhere", "ali@clinic.example", "Ali@clinic.example"):
        response = manager.post("/staff/accounts/user/add/", {"email": email})
        assert response.status_code == 200
        assert len(errors_in(response)) == 1
    assert not OutgoingMessage.objects.exists()


def test_forgotten_password_page_mails_a_link(manager: Client, client: Client) -> None:
    user = staff_with_password()
    enter_password(client)
    for email in (EMAIL, EMAIL.title()):
        assert ask(Client(), email)["Location"] == "/staff/password/sent/"
    assert client.get("/staff/password/sent/").status_code == 200
    # A manager can send one, too.
    manager.post(f"/staff/accounts/user/{user.pk}/access/", {"action": "send-link"})
    sent = [(message.kind, message.to) for message in OutgoingMessage.objects.all()]
    assert sent == [("password-link", EMAIL)] * 3
    assert AccountEvent.objects.latest("pk").kind == Kind.LINK_SENT
    # The old password stays valid until another is chosen. Then its sessions end.
    assert client.get("/staff/").status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    set_up_totp(user)
    choose(Client(), link_in_mail())
    assert client.get("/staff/").status_code == 302
    # A new password does not replace the second step.
    assert enter_password(client, password=NEW)["Location"] == "/staff/login/code/"
    assert not is_signed_in(client)


def test_forgotten_password_page_does_not_reveal_accounts(client: Client) -> None:
    staff_with_password()
    staff(email="gone@clinic.example", is_active=False)
    staff(email="patient@clinic.example", is_staff=False)
    known, *others = [
        ask(client, f"{name}@clinic.example") for name in ("ayesha", "nobody", "gone", "patient")
    ]
    for other in others:
        assert (other.status_code, other["Location"]) == (known.status_code, known["Location"])
    assert [message.to for message in OutgoingMessage.objects.all()] == [EMAIL]
    for odd in ("", "\0", "x" * 5000, "😀", "علی", "a@b"):
        assert ask(client, odd).status_code == 200


def test_links_are_limited_per_account_and_address(client: Client) -> None:
    staff_with_password()
    for _ in range(5):
        assert ask(client, EMAIL).status_code == 302
    assert OutgoingMessage.objects.count() == sign_in_limits.LINK_BY_ACCOUNT.attempts
    for number in range(15):
        assert ask(client, f"name-{number}@clinic.example").status_code == 302
    assert "Wait an hour" in errors_of(ask(client, EMAIL))[0]
