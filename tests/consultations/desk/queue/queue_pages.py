"""The queue as a test reads it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from consultations.models import ConsultationRequest
from tests.pages import Element, Page, read


def queue_page(client: Client, **query: Any) -> Page:
    response = client.get(reverse("desk:queue"), query)
    assert response.status_code == 200
    return read(response)


def searched(client: Client, text: str) -> str:
    """Search, and give the address at which the answer stands."""
    response = client.post(reverse("desk:queue_search"), {"text": text})
    assert response.status_code == 303
    return str(response["Location"])


def find(client: Client, text: str) -> Page:
    response = client.get(searched(client, text))
    assert response.status_code == 200
    return read(response)


def with_class(page: Element, name: str) -> list[Element]:
    return [element for element in page.all() if name in element.get("class").split()]


def references(page: Page) -> list[str]:
    return [cell.one("a").text for cell in with_class(page, "queue__reference")]


def cells(page: Page) -> dict[str, str]:
    """The first row's cells, by their headings."""
    row = page.one("tbody").all("tr")[0]
    return {cell["data-label"]: cell.text for cell in row.all("td") if cell.get("data-label")}


def numbers(page: Page) -> dict[str, str]:
    """What stands beside each tab."""
    links = page.one("nav", aria_label="Parts of the queue").all("a")
    return {" ".join(link.text.split()[:-1]): link.text.split()[-1] for link in links}


def references_of(*requests: ConsultationRequest) -> list[str]:
    return [request.reference for request in requests]
