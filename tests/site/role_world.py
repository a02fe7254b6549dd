"""One object for every staff address, and the form data that a browser would send there."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from clinic_site.accounts import events
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.accounts.roles import EDITOR
from clinic_site.accounts.tokens import password_link
from clinic_site.clinic import models as clinic
from clinic_site.mail.models import OutgoingMessage
from clinic_site.urls import urlpatterns  # noqa: F401 - see handler403
from consultations import models as desk
from consultations.appointments import feeds
from consultations.workflow import Status
from procedures import models as content
from procedures.publishing import publishing
from tests.accounts.account_helpers import PASSWORD, staff_with_password
from tests.admin_forms import Sent, form_of
from tests.consultations.desk.consultation.request_pages import with_files
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, open_every_day
from tests.factories import a_procedure, a_request, an_overview, published, staff, version_of
from tests.mail.mail_helpers import a_message
from tests.pages import read

STAFF = "/staff/"


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A bare answer. With it, this module is a URL configuration: the styled page takes most of the time."""
    return HttpResponse(status=403)


handler403 = refused

# Patterns in place of paths: the apps that have a page of their own, and whatever nothing else answers.
APPS = re.compile(r"\^\(\?P<app_label>([\w|]+)\)/\$")
ANYTHING_ELSE = "(?P<url>.*)$"

# Values of parts that may stand in any address.
OF_ANY = {"language": "ur"}
# Those outside /staff/ that one may think a role opens. The public ones are swept by others.
ELSEWHERE = ["/preview/<token>/", "/procedures/<slug>/", "/calendar/<token>.ics"]


def addresses() -> list[str]:
    """Every address of the staff side, such as ``/staff/requests/<pk>/``, and those elsewhere."""
    known = (f"/{route}" for route in _routes(get_resolver()))
    found = [address for route in known if route.startswith(STAFF) for address in _readable(route)]
    return [*dict.fromkeys(found), *ELSEWHERE]


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        else:
            yield route


def _readable(route: str) -> list[str]:
    if route.endswith(ANYTHING_ELSE):
        return [route.replace(ANYTHING_ELSE, "no-such-page/")]
    if found := APPS.search(route):
        return [f"{route[: found.start()]}{app}/" for app in found[1].split("|")]
    return [re.sub(r"<\w+:", "<", route)]


class World:
    """``rows`` are the objects that addresses name, by the beginning of the address."""

    def __init__(self) -> None:
        self.rows = self._desk() | self._clinic() | self._content()
        self.superuser = Client()
        self.superuser.force_login(staff(email="superuser@clinic.example", is_superuser=True))
        self.other = self._other_parts()
        self.buttons = self._buttons()

    def _clinic(self) -> dict[str, Model]:
        member = staff_with_password(EDITOR, email="colleague@clinic.example")
        events.record(AccountEvent.Kind.SIGN_IN_FAILED, subject=member, step="code")
        message = a_message()
        OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now(), last_error="550 No")
        day = date(2030, 1, 1)
        return {
            "accounts/user/": member,
            "auth/group/": Group.objects.get(name=EDITOR),
            "accounts/accountevent/": AccountEvent.objects.latest("pk"),
            "mail/outgoingmessage/": message,
            "clinic/clinicprofile/": clinic.ClinicProfile.objects.create(name="A clinic"),
            "clinic/openinghours/": clinic.OpeningHours.objects.latest("pk"),
            "clinic/closure/": clinic.Closure.objects.create(name="Eid", starts_on=day, ends_on=day),
            "clinic/emergencyhospital/": clinic.EmergencyHospital.objects.create(
                name="A Hospital", address="Lahore", treats="hands"
            ),
            "clinic/informationpractice/": clinic.InformationPractice.objects.create(
                criterion="evidence", text="We read."
            ),
        }

    def _desk(self) -> dict[str, Model]:
        open_every_day()
        request = a_request(status=Status.CONTACTING, contact_method="whatsapp", may_identify_clinic="yes")
        with_files(request)
        time = an_agreed_time(at(12, days=1), phone="+923017654321", contact_method="any")
        self.feed = feeds.create(
            time.practitioner, actor=User.objects.get(email="coordinator@clinic.example")
        )
        return {
            "requests/": request,
            "appointments/": time,
            "reminders/": time,
            "consultations/consultationrequest/": request,
            "consultations/privacynotice/": request.notice,
            "consultations/retentionrule/": desk.RetentionRule.objects.create(status="declined", months=3),
        }

    def _content(self) -> dict[str, Model]:
        overview, procedure = an_overview(), a_procedure()
        self.archived = a_procedure("nerve-repair")
        for page in (overview, procedure, self.archived):
            published(page)
        publishing.archive(self.archived, by=None)
        emergency = content.Emergency.objects.get()
        for page in (overview, procedure, emergency):
            published(page, live_from=timezone.now() + timedelta(days=9))
        word = content.PlainWord.objects.create(word="utilize", alternative="use")
        return {
            "procedures/overview/": overview,
            "procedures/procedure/": procedure,
            "procedures/disclaimer/": content.Disclaimer.objects.get(),
            "procedures/emergency/": emergency,
            "procedures/practitioner/": content.Practitioner.objects.latest("pk"),
            "procedures/source/": content.Source.objects.get(),
            "procedures/feedbackreport/": content.FeedbackReport.objects.create(
                text="The left hand is meant."
            ),
            "procedures/plainword/": word,
        }

    def _other_parts(self) -> dict[str, dict[str, object]]:
        """Other values in addresses, by the start of the address."""
        member, request = self.rows["accounts/user/"], self.rows["requests/"]
        link, preview = publishing.make_preview_link(self.page("procedure"), language="en", by=member)
        links = {
            kind: publishing.make_preview_link(self.page(kind), language="en", by=member)[0]
            for kind in ("overview", "emergency")
        }
        publication = content.Publication.objects.get(page=self.page("procedure"), number=1)
        assert isinstance(member, User) and isinstance(request, desk.ConsultationRequest)
        return {
            "requests/": {"attachment": request.attachments.earliest("pk").pk},
            "r/": {
                "content_type_id": ContentType.objects.get_for_model(publication).pk,
                "object_id": publication.pk,
            },
            "procedures/procedure/": {"link_id": link.pk, "number": 1},
            **{f"procedures/{kind}/": {"link_id": link.pk, "number": 1} for kind, link in links.items()},
            "consultations/messagetext/": {"kind": "acknowledgement", "language": "en"},
            "password/choose/": dict(
                zip(("uidb64", "token"), password_link(member).split("/")[-3:-1], strict=True)
            ),
            "two-step/passkeys/": {"pk": 1},
            "stop-change/": {"token": "made-up"},
            "/preview/": {"token": preview},
            "/procedures/": {"slug": self.archived.slug},
            "past-pages/": {"slug": self.page("procedure").slug},
            "/calendar/": {"token": self.feed},
        }

    def page(self, kind: str) -> Any:
        return self.rows[f"procedures/{kind}/"]

    def url(self, address: str) -> str:
        """The address with the objects of this world in it. Raises ``KeyError`` for a part that has none."""
        start = address.removeprefix(STAFF).partition("<")[0]
        row, parts = self.rows.get(start), self.other.get(start, {})

        def filled(part: re.Match[str]) -> str:
            name = part[1]
            if name in ("pk", "id", "object_id") and row:
                return str(row.pk)
            return str(parts[name] if name in parts else OF_ANY[name])

        if address.endswith("/call-off/"):
            parts = parts | {"number": 2}  # the version that waits
        query = "?from=1&to=draft" if address.endswith("/compare/") else ""
        if start in ("past-pages/", "past-emergency/"):
            query = f"?on={timezone.localdate()}"
        return re.sub(r"<(\w+)>", filled, address) + query

    # What a browser sends

    def sent(self, address: str) -> Sent:
        """The form data for each address: complete enough for the action to succeed if it is allowed."""
        route = address.removeprefix(STAFF)
        if route in NEW_ROWS:
            return form_of(self.superuser, address) | NEW_ROWS[route]
        if self.is_list(address):
            return {"action": "delete_selected", "_selected_action": str(self.rows[route].pk), "post": "yes"}
        if route.endswith("/delete/"):
            return {"post": "yes"}
        if route.endswith("/publish/"):
            return self._signed(self.url(address))
        if route.endswith("/translation/<language>/"):
            return form_of(self.superuser, self.url(address))
        if route.endswith("/change/"):
            response = self.superuser.get(self.url(address))
            has_form = response.status_code == 200 and "_save" in response.content.decode()
            return form_of(self.superuser, self.url(address)) if has_form else {}
        return self.buttons.get(route, {})

    def is_list(self, address: str) -> bool:
        return address.removeprefix(STAFF) in self.rows.keys() - {"requests/", "reminders/"}

    def _signed(self, url: str) -> Sent:
        page = read(self.superuser.get(url))
        boxes = [box["name"] for box in page.all("input", type="checkbox") if box["name"].startswith("read_")]
        signed = {"reviewer": str(self.page("practitioner").pk), "change_note": "Rewritten."}
        dates = {
            "reviewed_on": f"{timezone.localdate()}",
            "review_due_on": f"{timezone.localdate().year + 1}-01-01",
        }
        return form_of(self.superuser, url) | dict.fromkeys(boxes, "on") | signed | dates

    def _buttons(self) -> dict[str, Sent]:
        request, practitioner = self.rows["requests/"], self.page("practitioner")
        assert isinstance(request, desk.ConsultationRequest)
        seen, appointment = self._seen_on_the_page(), self.rows["reminders/"]
        assert isinstance(appointment, desk.Appointment)
        reminder = {"version": version_of(appointment.request)}
        time = seen | {"practitioner": practitioner.pk, "length": "30", "way": "offered"}
        starts = {"starts": "other", "other_day": f"{at(9).date()}", "other_time": "15:00"}
        passwords = {"new_password1": "four plain words here", "new_password2": "four plain words here"}
        return {
            "requests/new/": self._new_request(),
            "requests/found/": {"text": "Ayesha"},
            "requests/assigned/": {"request": f"{request.pk}-{request.version}", "to": "nobody"},
            "requests/<pk>/status/": seen | {"to": "unreachable"},
            "requests/<pk>/contact/": seen | {"outcome": "no_answer"},
            "requests/<pk>/note/": seen | {"text": "Call after Friday prayers."},
            "requests/<pk>/assignee/": seen | {"assignee": "nobody"},
            "requests/<pk>/details/": seen | {"patient_name": "Ayesha Malik", "patient_age": "34"},
            "requests/<pk>/contact-details/": seen | {"phone": "0321 7654987"},
            "requests/<pk>/read/": seen,
            "requests/<pk>/link/": seen,
            "requests/<pk>/text/": seen | {"kind": "text_private_link", "channel": "whatsapp"},
            "requests/<pk>/text/sent/": seen
            | {"kind": "text_private_link", "channel": "whatsapp", "sent": "yes"},
            "requests/<pk>/time/": time | starts,
            "reminders/<pk>/answer/": reminder | {"answer": "will_come"},
            "reminders/<pk>/text/": reminder | {"channel": "whatsapp"},
            "requests/<pk>/erase/": {"reason": "asked_by_phone", "reference": request.reference},
            "requests/<pk>/copy/": {"reason": "Asked for by letter"},
            "export/": {
                "first": "2020-01-01",
                "last": "2090-01-01",
                "columns": ["reference"],
                "reason": "Audit",
            },
            "calendars/": {"practitioner": practitioner.pk},
            "calendars/revoke/": {"feed": desk.CalendarFeed.objects.get().pk},
            "login/": {"login": "colleague@clinic.example", "password": PASSWORD},
            "confirm/password/": {"password": PASSWORD},
            "password_change/": {"old_password": PASSWORD} | passwords,
            "password/forgotten/": {"email": "colleague@clinic.example"},
            "password/choose/<uidb64>/<token>/": passwords,
            "accounts/user/<pk>/access/": {"action": "send-link"},
            "consultations/messagetext/<kind>/<language>/": {"do": "default"},
        }

    def _new_request(self) -> dict[str, str]:
        page = read(self.superuser.get("/staff/requests/new/")).by_class("new-request")[0]
        call = {"phone": "0300 1112223", "patient_name": "Ali", "about": "not_sure"}
        return page.hidden_fields() | call | {"channel": "phone", "consent": "phone"}

    def _seen_on_the_page(self) -> dict[str, str]:
        """The version on the page, which every button sends."""
        page = read(self.superuser.get(self.url("/staff/requests/<pk>/")))
        return {"version": page.all("input", name="version")[0]["value"]}


# Form data for adding rows in the admin.
DAYS = {"starts_on": "2031-01-01", "ends_on": "2031-01-02"}
NEW_ROWS: dict[str, Sent] = {
    "accounts/user/add/": {"email": "newcomer@clinic.example"},
    "clinic/openinghours/add/": {"weekday": "5", "opens": "18:00", "closes": "20:00"},
    "clinic/closure/add/": {"name": "Eid", "certainty": "expected"} | DAYS,
    "clinic/emergencyhospital/add/": {"name": "B Hospital", "address": "Lahore", "treats": "hands"},
    "clinic/informationpractice/add/": {"criterion": "need", "text": "We ask patients."},
    "procedures/plainword/add/": {"word": "commence", "alternative": "begin"},
    "procedures/procedure/add/": {
        "title": "Toe Transfer",
        "slug": "toe-transfer",
        "plain_name": "a toe in place of a thumb",
        "menu_label": "Toe Transfer",
        "summary": "A toe becomes a thumb.",
        "description": "Why, how, and what then.",
    },
    "procedures/practitioner/add/": {"name": "Dr. Sana Malik", "specialty": "Plastic Surgery"},
    "procedures/source/add/": {"key": "toe-2021", "title": "Toes", "publisher": "A hospital", "year": "2021"},
    "consultations/privacynotice/add/": {"language": "en", "summary": "A. B. C.", "text": "All of it."},
    "consultations/retentionrule/add/": {"status": "completed", "months": "18"},
}
