"""An account is invited by mail: its owner alone chooses the password, with a link that works once."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connections
from django.test import Client

from clinic_site.accounts import roles, services, sign_in_limits, tokens
from clinic_site.accounts.models import AccessEvent, User
from clinic_site.mail.models import OutgoingMessage
from tests.accounts.account_links import PASSWORD, a_person, errors_of, gives_password, is_in, with_phone
from tests.admin_forms import add_in_admin, address, errors_in, told
from tests.factories import staff

pytestmark = pytest.mark.django_db

NEW = "seven green lanterns"
Kind = AccessEvent.Kind


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(staff(roles.MANAGER))
    return client


def invited(manager: Client, **fields: Any) -> User:
    role = Group.objects.get(name=roles.COORDINATOR)
    sent = {"username": "ayesha", "email": "ayesha@clinic.example", "groups": [str(role.pk)]}
    user: User = add_in_admin(manager, User, sent | fields)
    return user


def last_link() -> str:
    """The path of the link in the mail that was written last."""
    message = OutgoingMessage.objects.latest("pk")
    (found,) = re.findall(r"https?://[^/]+(/staff/password/choose/\S+)", message.text)
    return str(found)


def chooses(client: Client, link: str, password: str = NEW, again: str = "") -> Any:
    return client.post(link, {"new_password1": password, "new_password2": again or password})


def test_the_whole_way_from_invitation_to_the_second_step(
    manager: Client, client: Client, settings: Any
) -> None:
    settings.STAFF_TWO_STEP = True
    with_phone(User.objects.get(username="manager"))
    user = invited(manager)
    message = OutgoingMessage.objects.get()
    assert (message.kind, message.to) == ("invitation", "ayesha@clinic.example")
    assert "ayesha" in message.text
    assert "ayesha" not in message.subject
    assert [group.name for group in user.groups.all()] == [roles.COORDINATOR]
    assert not user.has_usable_password()
    assert chooses(client, last_link())["Location"] == "/staff/login/"
    gives_password(client, password=NEW)
    assert is_in(client)
    assert client.get("/staff/")["Location"] == "/staff/two-step/set-up/"
    kinds = [event.kind for event in AccessEvent.objects.filter(subject=user).order_by("pk")]
    assert kinds == [Kind.INVITED, Kind.PASSWORD_CHOSEN, Kind.SIGNED_IN]


def test_a_link_works_once_and_opening_it_uses_nothing(manager: Client, client: Client) -> None:
    invited(manager)
    link = last_link()
    for _ in range(3):
        page = client.get(link)
        assert page.status_code == 200
        assert client.head(link).status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert chooses(client, link).status_code == 303
    for response in (client.get(link), chooses(client, link, "another long one here")):
        assert response.status_code == 410
        assert "opens nothing any more" in response.content.decode()
    assert User.objects.get(username="ayesha").check_password(NEW)


def test_an_invitation_works_for_seven_days(manager: Client, client: Client) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        user = staff(username="ayesha", email="ayesha@clinic.example")
        services.invite(user, by=user)
        clock.shift(7 * 86_400 - 1)
        assert client.get(last_link()).status_code == 200
        clock.shift(1)
        assert client.get(last_link()).status_code == 410


def test_an_invitation_sent_again_takes_the_place_of_the_first(manager: Client, client: Client) -> None:
    user = invited(manager)
    first = last_link()
    assert "Send the invitation again" in manager.get(address(user)).content.decode()
    response = manager.post(f"/staff/accounts/user/{user.pk}/access/", {"step": "link"})
    assert "on its way" in told(response)[0]
    assert client.get(first).status_code == 410
    assert chooses(client, last_link()).status_code == 303


def test_a_password_that_is_too_weak_is_refused(manager: Client, client: Client) -> None:
    invited(manager)
    link = last_link()
    for password in ("short", "password1234", "ayesha@clinic.example", "", "\0" * 20):
        response = chooses(client, link, password)
        assert response.status_code == 200
        assert errors_of(response), password
    assert errors_of(chooses(client, link, NEW, "something else entirely"))
    assert not User.objects.get(username="ayesha").has_usable_password()


def test_what_voids_a_link(client: Client) -> None:
    user = a_person()
    changes: list[dict[str, Any]] = [
        {"email": "other@clinic.example"},
        {"is_active": False},
        {"is_staff": False},
    ]
    for change in changes:
        link = tokens.make(user, tokens.FORGOTTEN)[len("http://127.0.0.1:8000") :]
        assert client.get(link).status_code == 200
        before = {name: getattr(user, name) for name in change}
        User.objects.filter(pk=user.pk).update(**change)
        assert client.get(link).status_code == 410
        User.objects.filter(pk=user.pk).update(**before)
    gives_password(Client())
    assert client.get(link).status_code == 410


@pytest.mark.parametrize("token", ["x", "x" * 3000, "eyJ1IjoxfQ:1abc:def", "😀", "..", "a:b:c:d", "%00"])
def test_what_is_no_link_of_ours_opens_nothing(client: Client, token: str) -> None:
    url = f"/staff/password/choose/{token}/"
    assert client.get(url).status_code in (404, 410)
    assert chooses(client, url).status_code in (404, 410)


def test_a_link_for_another_account_cannot_be_made_of_ones_own(client: Client) -> None:
    token = tokens.make(a_person(), tokens.FORGOTTEN).rstrip("/").rpartition("/")[2]
    payload, rest = token.split(":", 1)
    for forged in (payload[:-1] + "A", payload[::-1]):
        assert client.get(f"/staff/password/choose/{forged}:{rest}/").status_code == 410


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_link_at_once_one_sets_the_password() -> None:
    user = a_person()
    token = tokens.make(user, tokens.FORGOTTEN).rstrip("/").rpartition("/")[2]

    def use(password: str) -> bool:
        try:
            return services.choose_password(token, password)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(use, [f"{NEW} {number}" for number in range(4)]))
    assert sorted(done) == [False, False, False, True]
    user.refresh_from_db()
    assert user.check_password(f"{NEW} {done.index(True)}")


# An account in the admin


def test_an_account_needs_an_address_and_a_name_of_its_own(manager: Client) -> None:
    staff(username="Ali")
    url = "/staff/accounts/user/add/"
    for sent in (
        {"username": "ayesha", "email": ""},
        {"username": "ayesha", "email": "nowhere"},
        {"username": "ali", "email": "ali@clinic.example"},
        {"username": "a b\0", "email": "ali@clinic.example"},
    ):
        response = manager.post(url, sent)
        assert response.status_code == 200
        assert errors_in(response)
    assert not OutgoingMessage.objects.exists()


def test_a_colleague_who_has_a_password_is_sent_a_link_and_keeps_it_until_then(manager: Client) -> None:
    person = a_person()
    manager.post(f"/staff/accounts/user/{person.pk}/access/", {"step": "link"})
    assert OutgoingMessage.objects.get().kind == "password-link"
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    chooses(Client(), last_link())
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_a_chosen_password_ends_the_sessions_of_the_old_one(client: Client) -> None:
    person = a_person()
    gives_password(client)
    # Only a link made after the sign-in opens anything: see what voids a link.
    person.refresh_from_db()
    services.send_link(person)
    assert chooses(Client(), last_link()).status_code == 303
    assert client.get("/staff/").status_code == 302


# Forgotten


def asks(client: Client, name: str) -> Any:
    return client.post("/staff/password/forgotten/", {"name": name})


@pytest.mark.parametrize("name", ["ayesha", "ayesha@clinic.example", "Ayesha@Clinic.example"])
def test_who_forgot_the_password_is_sent_a_link(client: Client, name: str) -> None:
    a_person()
    assert client.get("/staff/password/forgotten/").status_code == 200
    assert asks(client, name)["Location"] == "/staff/password/sent/"
    assert client.get("/staff/password/sent/").status_code == 200
    assert OutgoingMessage.objects.get().to == "ayesha@clinic.example"
    assert AccessEvent.objects.get().kind == Kind.LINK_SENT
    assert chooses(client, last_link()).status_code == 303


def test_the_answer_does_not_tell_whether_there_is_such_an_account(client: Client) -> None:
    a_person()
    a_person(username="gone", email="gone@clinic.example", is_active=False)
    a_person(username="patient", email="patient@clinic.example", is_staff=False)
    a_person(username="first", email="")
    known, *others = [asks(client, name) for name in ("ayesha", "nobody", "gone", "patient", "first")]
    for other in others:
        assert (other.status_code, other["Location"]) == (known.status_code, known["Location"])
    assert [message.to for message in OutgoingMessage.objects.all()] == ["ayesha@clinic.example"]


def test_an_account_gets_three_links_an_hour_and_an_address_twenty_tries(client: Client) -> None:
    a_person()
    for _ in range(5):
        assert asks(client, "ayesha").status_code == 303
    assert OutgoingMessage.objects.count() == sign_in_limits.LINK_BY_ACCOUNT.attempts
    for number in range(15):
        assert asks(client, f"name-{number}").status_code == 303
    assert "Wait an hour" in errors_of(asks(client, "ayesha"))[0]


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "😀", "علی", "a@b"])
def test_whatever_is_typed_is_answered(client: Client, name: str) -> None:
    assert asks(client, name).status_code in (200, 303)


def test_a_second_step_is_still_asked_for_after_a_new_password(client: Client) -> None:
    with_phone(a_person())
    asks(client, "ayesha")
    chooses(client, last_link())
    assert gives_password(client, password=NEW)["Location"] == "/staff/login/code/"
    assert not is_in(client)


def test_the_first_account_of_a_new_site_signs_in_with_its_printed_password(
    client: Client, capsys: Any
) -> None:
    from django.core.management import call_command

    call_command("create_first_staff")
    (password,) = re.findall(r"password “(\S+)”", capsys.readouterr().out)
    gives_password(client, "admin", password)
    assert client.get("/staff/").status_code == 200
