"""The queue as a test reads it."""

from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consultations.models import ConsultationRequest
from tests.pages import Element, Page, read


def queue_page(client: Client, **query: Any) -> Page:
    response = client.get(reverse("desk:queue"), query)
    assert response.status_code == 200
    return read(response)


def searched(client: Client, text: str) -> str:
    """Search, and return the address of the results."""
    response = client.post(reverse("desk:queue_search"), {"text": text})
    assert response.status_code == 303
    return str(response["Location"])


def find(client: Client, text: str) -> Page:
    response = client.get(searched(client, text))
    assert response.status_code == 200
    return read(response)


def set_to(request: ConsultationRequest, **fields: Any) -> ConsultationRequest:
    """Update columns without events."""
    ConsultationRequest.objects.filter(pk=request.pk).update(**fields)
    return request


def as_erased(request: ConsultationRequest) -> ConsultationRequest:
    gone: dict[str, Any] = dict.fromkeys(("patient_name", "requester_name", "phone", "email"), "")
    return set_to(request, **gone, phone_as_typed="", patient_age=None, erased_at=timezone.now())


def references(page: Page) -> list[str]:
    return [cell.one("a").text for cell in page.by_class("queue__reference")]


def references_of(*requests: ConsultationRequest) -> list[str]:
    return [request.reference for request in requests]


def rows(page: Page) -> list[Element]:
    return page.one("tbody").all("tr")


def cells(page: Page) -> dict[str, str]:
    """The first row's cells, by their headings."""
    return {cell["data-label"]: cell.text for cell in rows(page)[0].all("td") if cell.get("data-label")}


def column(page: Page, heading: str) -> dict[str, str]:
    """The cells of one column, by the reference of the request."""
    texts = [row.one("td", data_label=heading).text for row in rows(page)]
    return dict(zip(references(page), texts, strict=True))


def numbers(page: Page) -> dict[str, str]:
    """The number beside each tab."""
    links = page.one("nav", aria_label="Parts of the queue").all("a")
    return {" ".join(link.text.split()[:-1]): link.text.split()[-1] for link in links}
