"""A GET or HEAD request changes nothing: mail scanners, previews and prefetching browsers follow links, too.

Every link of every page and mail is fetched between two dumps of all tables, outside the staff side with
HEAD, too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from clinic_site.accounts import services as access
from clinic_site.accounts.models import User
from clinic_site.accounts.roles import EDITOR, MANAGER, ROLES
from clinic_site.mail.models import OutgoingMessage
from consultations.appointments import feeds
from consultations.lifecycle import staff_actions
from consultations.messaging import notify
from consultations.messaging.catalogue import KINDS, TEXTS
from consultations.models import ConsultationRequest, Disclosure, Presence, RetentionRule
from consultations.portal import actions as portal_actions
from consultations.workflow import Status
from procedures.models import FeedbackReport, Practitioner
from procedures.staff import review_reminders
from tests.consultations.desk.consultation.request_pages import with_files
from tests.consultations.portal import portal_pages
from tests.consultations.portal.portal_pages import PrivatePage
from tests.factories import a_request, change_status, staff, version_of
from tests.pages import Page
from tests.site import states

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Writes that a GET may cause on the staff side only: the audit log of viewed details, the short-lived record
# of who has a request open, and the time a session was last used.
STAFF_MAY_WRITE = {"consultations_disclosure", "consultations_presence", "django_session"}
# A link that opens no private page counts as an attempt to guess one; an expired link does so, too.
DEAD_LINKS_MAY_WRITE = {"core_ratelimitcounter"}

LEADS = (("a", "href"), ("link", "href"), ("img", "src"), ("script", "src"), ("source", "src"))
ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>\"']+")
# Never followed: it goes nowhere on this site.
ELSEWHERE = ("mailto:", "tel:", "sms:", "data:", "#")


def all_tables() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    return {
        model._meta.db_table: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models(include_auto_created=True)
    }


class Fetching:
    """A client that fetches links, and knows which it has fetched."""

    def __init__(self, client: Client, may_write: Iterable[str] = ()) -> None:
        self.client, self.may_write = client, set(may_write)
        self.fetched: dict[str, int] = {}
        self.wrote: dict[str, list[str]] = {}

    def changes_nothing(self, links: Iterable[str]) -> list[str]:
        """Fetch the links that are new, and return the links on the pages that were found."""
        new = [link for link in dict.fromkeys(links) if link not in self.fetched]
        if not new:
            return []
        before = all_tables()
        led_to = [to for link in new for to in self._fetch(link)]
        after = all_tables()
        changed = {table for table in before if before[table] != after[table]}
        assert changed <= self.may_write, {table: self.wrote.get(table) for table in changed}
        return led_to

    def _fetch(self, link: str) -> list[str]:
        # The dumps are the proof; this tells which link it was.
        with connection.execute_wrapper(lambda *args: self._noted(link, *args)):
            response = self.client.get(link)
            # The pages of staff, which only their own browsers open, are big.
            heads = [] if link.startswith("/staff/") else [self.client.head(link)]
        self.fetched[link] = response.status_code
        assert response.status_code < 500, link
        assert all(head.status_code == response.status_code for head in heads), link
        led_to = [*on_this_site(response.headers.get("Location", ""), link)]
        if response.status_code == 200 and not response.streaming and "html" in response["Content-Type"]:
            led_to += links_of(Page(response.content.decode()), link)
        return led_to

    def _noted(self, link: str, execute: Any, sql: str, *rest: Any) -> Any:
        if found := re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", sql, re.IGNORECASE):
            self.wrote.setdefault(found[1], []).append(link)
        return execute(sql, *rest)


def links_of(page: Page, address: str) -> Iterator[str]:
    """Every address of this site that a page leads to, or loads."""
    for tag, name in LEADS:
        for element in page.all(tag):
            yield from on_this_site(element.get(name), address)
    for element in page.all("img", "source"):
        for candidate in element.get("srcset").split(","):
            yield from on_this_site(candidate.split()[0] if candidate.split() else "", address)
    for form in page.all("form"):
        if form.get("method", "get").lower() == "get":
            yield from on_this_site(form.get("action", address), address)


def on_this_site(link: str, address: str) -> Iterator[str]:
    if not link or link.startswith(ELSEWHERE):
        return
    base = settings.SITE_URL
    found = urlsplit(urljoin(base + address, link))
    if f"{found.scheme}://{found.netloc}" in (base, "http://testserver"):
        yield found.path + (f"?{found.query}" if found.query else "")


def address_of(response: Any) -> str:
    asked = response.request
    return asked["PATH_INFO"] + (f"?{asked['QUERY_STRING']}" if asked.get("QUERY_STRING") else "")


def test_links_of_public_pages_change_nothing(sample_world: None) -> None:
    everybody = Fetching(Client())
    # The last of the states is made by taking rows away that others refer to: not to be kept.
    savepoint = transaction.savepoint()
    try:
        for state in states.every_state():
            everybody.changes_nothing(links_of(state.page, state.address))
    finally:
        transaction.savepoint_rollback(savepoint)
    assert len(everybody.fetched) > 30
    assert {"/", "/consultation/", "/privacy/", "/sitemap.xml"} & everybody.fetched.keys()


def test_links_of_private_pages_change_nothing(sample_world: None) -> None:
    everybody = Fetching(Client())
    for _name, response in portal_pages.every_state():
        address = address_of(response)
        # The page's own address is the link that a patient keeps.
        everybody.changes_nothing([address, *links_of(Page(response.content.decode()), address)])
    assert set(everybody.fetched.values()) == {200}
    private = [link for link in everybody.fetched if re.match(r"/r/[\w-]{32}/", link)]
    actions = {link.split("/")[3] for link in private}
    assert set(portal_pages.ACTIONS) <= actions


def test_dead_private_link_only_counts_an_attempt(sample_world: None) -> None:
    patient = PrivatePage()
    staff_actions.new_private_link(patient.request, actor=staff(MANAGER), version=version_of(patient.request))
    everybody = Fetching(Client(), may_write=DEAD_LINKS_MAY_WRITE)
    addresses = [patient.address_of(action) for action in ("", *portal_pages.ACTIONS)]
    everybody.changes_nothing(addresses)
    assert set(everybody.fetched.values()) == {404}


# Mails


def every_mail(settings: Any) -> set[str]:
    """Queue each kind of mail that the site sends, and return the kinds."""
    settings.STAFF_MAIL = ("desk@clinic.example",)
    manager = staff(MANAGER, email="manager@clinic.example")
    staff(EDITOR, email="editor@clinic.example")
    by_email = {"contact_method": "email", "email": "ayesha@example.com"}
    offered, agreed, closed = PrivatePage(**by_email), PrivatePage(**by_email), PrivatePage(**by_email)
    time = offered.is_offered(days=3)
    portal_actions.accept_time(offered.request, time.pk)
    portal_actions.add_patient_note(offered.request, "It is worse.")
    portal_actions.change_contact_details(offered.request, {"email": "khan@example.com"})
    with transaction.atomic():
        notify.queue_message("reminder", offered.request, appointment=time)
    agreed.is_offered(days=4, agreed=True)
    portal_actions.request_another_time(agreed.request, version_of(agreed.request), "Later.")
    change_status(agreed.request, Status.CONTACTING)
    steps = (Status.CONTACTING, Status.UNREACHABLE, Status.CONTACTING, Status.DECLINED, Status.CONTACTING)
    change_status(closed.request, *steps)
    portal_actions.withdraw(closed.request)
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(notify, "MAX_STAFF_NOTICES_PER_HOUR", 0)
        notify.notify("new_request", offered.request)
    access.invite(User.objects.get(email="editor@clinic.example"), by=manager)
    manager.set_password("seven green lanterns")
    access.send_password_link(manager)
    FeedbackReport.objects.create(text="The left hand is meant.")
    review_reminders.send_reminders(timezone.localdate())
    return set(OutgoingMessage.objects.values_list("kind", flat=True))


def test_links_in_mail_change_nothing(sample_world: None, settings: Any) -> None:
    kinds = every_mail(settings)
    no_mails = {"whatsapp_opening", *TEXTS}
    assert set(KINDS) - no_mails | {"review-reminder", "invitation", "password-link"} <= kinds
    # Django's page of a password link keeps the token in the session.
    everybody, of_mails = Fetching(Client(), DEAD_LINKS_MAY_WRITE | {"django_session"}), 0
    for mail in OutgoingMessage.objects.all():
        found = [unescape(link) for link in ADDRESS_IN_TEXT.findall(mail.text)]
        found += links_of(Page(mail.html), "/") if mail.html else []
        here = {ours for link in found for ours in on_this_site(link.rstrip(".,)"), "/")}
        of_mails += len(here)
        everybody.changes_nothing(here)
    assert of_mails > len(kinds)
    opened = [link for link, status in everybody.fetched.items() if status == 200]
    assert any(link.startswith("/r/") for link in opened)


# The staff


def test_links_of_staff_pages_write_only_the_audit_log(sample_world: None) -> None:
    manager = a_full_desk()
    client = Client()
    client.force_login(manager)
    ours = Fetching(client, STAFF_MAY_WRITE)
    # The page of a request leads elsewhere in each status: of these, every one.
    requests = ConsultationRequest.objects.values_list("pk", flat=True)
    waiting = ["/staff/", *(f"/staff/requests/{pk}/" for pk in requests)]
    while waiting:
        waiting = next_links(ours.changes_nothing(waiting), ours)
    assert len(ours.fetched) > 60
    reached = {kind_of(link) for link in ours.fetched}
    one = "/staff/requests/0/"
    assert {one, f"{one}time/", f"{one}erase/", f"{one}attachments/0/"} <= reached
    assert {"/staff/week/", "/staff/export/", "/staff/log/", "/staff/statistics/"} <= reached
    # The allowed writes did happen.
    assert Disclosure.objects.exists() and Presence.objects.exists()


def next_links(found: Iterable[str], fetching: Fetching) -> list[str]:
    """Those of the staff side not fetched yet. Of a kind that differs by number or filter, one."""
    known = Counter(kind_of(link) for link in fetching.fetched)
    waiting = []
    for link in dict.fromkeys(found):
        kind = kind_of(link)
        if link.startswith("/staff/") and link not in fetching.fetched and not known[kind]:
            known[kind] += 1
            waiting.append(link)
    return waiting


def kind_of(link: str) -> str:
    return re.sub(r"\d+", "0", link.partition("?")[0])


def a_full_desk() -> User:
    """A request in each status, files, times, a calendar, mail that failed: something on every page."""
    manager = staff(MANAGER, email="manager@clinic.example")
    # In a small clinic the manager has every role.
    manager.groups.set(Group.objects.filter(name__in=ROLES))
    for status in Status:
        a_request(status=status, patient_name=f"Patient {status.value}")
    with_files(ConsultationRequest.objects.filter(status=Status.NEW)[0])
    offered, agreed = PrivatePage(), PrivatePage(contact_method="email", email="ayesha@example.com")
    offered.is_offered(days=1)
    agreed.is_offered(days=2, agreed=True)
    OutgoingMessage.objects.update(failed_at=timezone.now(), last_error="No such mailbox")
    practitioner = Practitioner.objects.all()[0]
    feeds.create(practitioner, actor=manager)
    RetentionRule.objects.create(status=Status.DECLINED, months=6)
    return manager
