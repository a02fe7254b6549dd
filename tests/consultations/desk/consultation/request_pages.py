"""A staff member with the page of one request open."""

from typing import Any

from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.intake import attachments, upload_cleaning
from consultations.models import Attachment, ConsultationRequest
from tests.consultations.intake.upload_samples import PDF
from tests.factories import staff
from tests.pages import Page, read
from tests.procedures.publishing.photos import encoded, picture

ACTIONS = ("status", "contact", "note", "assignee", "contact-details", "read", "link")
SOMEONE_ELSE = "Someone else has just changed this request."
NOT_POSSIBLE = "This is not possible in the current status."


class Desk:
    """A signed-in browser. ``opens`` shows the page; ``presses`` sends what that page would send."""

    def __init__(self, request: ConsultationRequest, user: User | None = None) -> None:
        self.request = request
        self.user = user or staff(COORDINATOR)
        self.client = Client()
        self.client.force_login(self.user)
        self.response: Any = None
        self.carried: dict[str, str] = {}
        self.looks()

    def address(self, tail: str = "") -> str:
        return f"/staff/requests/{self.request.pk}/{tail}"

    @property
    def page(self) -> Page:
        return read(self.response)

    def opens(self) -> Page:
        self.response = self.client.get(self.address())
        assert self.response.status_code == 200
        self.carried = {"version": self.page.hidden_fields()["version"]}
        return self.page

    def looks(self) -> None:
        """Have the current version on the screen, without the time that rendering the page takes."""
        self.carried = {"version": str(self.stored().version)}

    def presses(self, action: str, **sent: str) -> Page:
        """Press a button of the page on the screen, and follow the redirect."""
        self.response = self.client.post(self.address(f"{action}/"), self.carried | sent)
        if self.response.status_code == 303:
            self.response = self.client.get(self.response["Location"])
        return self.page

    @property
    def problem(self) -> str:
        """The message on top of a page whose action failed; "" if it succeeded."""
        found = self.page.by_class("errornote")
        return found[0].text if found else ""

    @property
    def message(self) -> str:
        """The message after an action that succeeded."""
        return self.page.by_class("messagelist")[0].text

    def timeline(self) -> str:
        return self.page.by_class("timeline")[0].text

    def kinds(self) -> list[str]:
        """The kinds of events since the request was sent."""
        return [str(event.kind) for event in self.request.events.all()][1:]

    def stored(self) -> ConsultationRequest:
        return ConsultationRequest.objects.get(pk=self.request.pk)

    def set_to(self, **fields: Any) -> None:
        """Update columns of the request without events."""
        ConsultationRequest.objects.filter(pk=self.request.pk).update(**fields)


def a_colleague(name: str = "Sana Malik") -> User:
    first, last = name.split()
    return staff(COORDINATOR, email=f"{first.lower()}@clinic.example", first_name=first, last_name=last)


def a_viewer() -> User:
    """A staff member who may see requests and change nothing."""
    user = staff(email="viewer@clinic.example")
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    return user


def with_files(request: ConsultationRequest) -> tuple[Attachment, Attachment]:
    """A photograph and a report of the patient, on the disk as they would be."""
    sent = [SimpleUploadedFile("a.jpg", encoded(picture(size=(900, 600)))), SimpleUploadedFile("b.pdf", PDF)]
    attachments.add_files(request, [upload_cleaning.clean_upload(upload) for upload in sent], "")
    image, report = request.attachments.order_by("pk")
    return image, report
