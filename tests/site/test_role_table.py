"""Access control: every staff address, requested by every role (role_table.txt)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings

from clinic_site.accounts.roles import ROLES
from tests.accounts.account_helpers import set_up_totp, staff_with_password
from tests.conftest import shared_world, undone
from tests.site.role_world import STAFF, World, addresses

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TABLE = Path(__file__).with_name("role_table.txt")
PEOPLE = (*ROLES, "no role", "not staff", "nobody")
OUTSIDE = PEOPLE[-2:]
METHODS = ("GET", "POST")

# Visitors who are not signed in as staff are redirected here, except by the sign-in pages themselves.
SIGNING_IN = re.compile(r"/staff/(login|logout|password/)")
SIGN_IN = "/staff/login/"
# A refused request may only update the session and count an attempt.
MAY_BE_WRITTEN = {"INSERT django_session", "UPDATE django_session", "INSERT core_ratelimitcounter"}
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)(?: INTO| FROM)?\s+\"?(\w+)", re.IGNORECASE)

Table = dict[str, dict[tuple[str, str], str]]
Answers = dict[tuple[str, str, str], "Answer"]  # by address, who, how


def table() -> Table:
    """Return the status codes in the table: by address, then by person and method."""
    lines = [line.split("#")[0] for line in TABLE.read_text().splitlines()]
    found: Table = {}
    for address, *cells in (re.split(r"[\s|]+", line.strip()) for line in lines if line.strip()):
        assert address not in found, f"{address} is in the table twice"
        assert len(cells) == 2 * len(PEOPLE), f"{address} has {len(cells)} answers"
        columns = [(person, method) for method in METHODS for person in PEOPLE]
        found[address] = dict(zip(columns, cells, strict=True))
    return found


@dataclass
class Answer:
    status: str
    to: str
    wrote: set[str]

    @property
    def is_refusal(self) -> bool:
        is_led_to_sign_in = self.status == "302" and self.to.startswith(SIGN_IN)
        return self.status in ("403", "404", "405") or is_led_to_sign_in


class Person:
    """A person with a browser. What a request changes is rolled back before the next."""

    def __init__(self, name: str) -> None:
        self.client = Client()
        if name != "nobody":
            role = name if name in ROLES else ""
            user = staff_with_password(role, is_staff=name != "not staff")
            set_up_totp(user)
            self.client.force_login(user)

    def asks(self, method: str, url: str, sent: dict[str, Any]) -> Answer:
        cookies = self.client.cookies.copy()
        wrote: set[str] = set()
        with undone(), connection.execute_wrapper(noting(wrote)):
            response = self.client.get(url) if method == "GET" else self.client.post(url, sent)
            if response.streaming:
                b"".join(response)
        self.client.cookies = cookies
        return Answer(str(response.status_code), response.get("Location", ""), wrote)


def noting(wrote: set[str]) -> Any:
    """Keeps what is written, such as "DELETE accounts_user"."""

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if found := WRITES.match(sql):
            wrote.add(f"{found[1]} {found[2]}")
        return execute(sql, *rest)

    return note


# Asked once, and looked at from several sides


@pytest.fixture(scope="module")
def answers(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Answers:
    folder = tmp_path_factory.mktemp("files")
    own: dict[str, Any] = {name: folder / name for name in ("MEDIA_ROOT", "PRIVATE_ROOT", "ERASURE_LEDGER")}
    own["ROOT_URLCONF"] = "tests.site.role_world"
    with override_settings(**own), shared_world(django_db_blocker), django_db_blocker.unblock():
        return everybody_asks(World())


def everybody_asks(world: World) -> Answers:
    known = [(address, world.url(address), world.sent(address)) for address in table()]
    found: Answers = {}
    for name in PEOPLE:
        with undone():
            person = Person(name)
            for address, url, sent in known:
                found[address, name, "GET"] = person.asks("GET", url, {})
                found[address, name, "POST"] = person.asks("POST", url, sent)
    return found


def test_table_lists_every_staff_address() -> None:
    known, listed = set(addresses()), set(table())
    assert known - listed == set(), "Say in role_table.txt who may open these."
    assert listed - known == set(), "These are no addresses of the site any more."


def test_answers_match_the_table(answers: Answers) -> None:
    different = [
        f"{person}: {method} {address}: {got}, not {cells[person, method]}"
        for address, cells in table().items()
        for method in METHODS
        for person in PEOPLE
        if (got := answers[address, person, method].status) != cells[person, method]
    ]
    assert different == []


def test_refused_requests_write_nothing(answers: Answers) -> None:
    refused = [
        (asked, answer.wrote)
        for asked, answer in answers.items()
        # This one leads to the sign-in page after its work.
        if answer.is_refusal and asked[0] != "/staff/login/start-again/"
    ]
    assert len(refused) > 1000
    assert [(asked, wrote) for asked, wrote in refused if not wrote <= MAY_BE_WRITTEN] == []


def test_only_visitors_without_staff_account_are_sent_to_sign_in(answers: Answers) -> None:
    """A 302 in the table may be either: here is which."""
    wrong = [
        (asked, answer.to)
        for asked, answer in answers.items()
        if answer.to and not SIGNING_IN.match(asked[0])
        if answer.to.startswith(SIGN_IN) != (asked[1] in OUTSIDE)
    ]
    assert wrong == []


def test_bulk_delete_needs_delete_permission(answers: Answers) -> None:
    """A list answers a forbidden "delete selected" with 302, as it does one that was obeyed."""
    singly = [address for address in table() if address.endswith("/<object_id>/delete/")]
    assert len(singly) > 15
    for address in singly:
        before = address.removesuffix("<object_id>/delete/")
        deletes = f"DELETE {before.removeprefix(STAFF).strip('/').replace('/', '_')}"
        for person in PEOPLE:
            one, many = (answers[where, person, "POST"] for where in (address, before))
            assert (deletes in many.wrote) == (deletes in one.wrote), (before, person)
            assert (deletes in one.wrote) == (table()[address][person, "GET"] == "200"), (address, person)
