"""Helpers for admin forms: read what a browser would send, change some of it, and send it."""

from typing import Any

from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from procedures.models import Page as ContentPage
from procedures.models import Practitioner
from tests.pages import Element, Page, read

Sent = dict[str, Any]


def address(record: Model, view: str = "change") -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_{view}", args=[record.pk])


def sent_by(form: Element) -> Sent:
    """Return what a browser would send of an untouched form, without its buttons."""
    sent: Sent = {}
    for control in form.all("input", "select", "textarea"):
        name, kind = control.get("name"), control.get("type")
        if not name or kind in ("submit", "file") or "disabled" in control.attributes:
            continue
        if kind in ("checkbox", "radio"):
            if "checked" in control.attributes:
                sent[name] = control.get("value", "on")
        elif control.tag == "select":
            chosen = [option for option in control.all("option") if "selected" in option.attributes]
            values = [option.get("value") for option in chosen]
            if "multiple" in control.attributes:
                sent[name] = values
            else:
                sent[name] = values[0] if values else control.all("option")[0].get("value")
        elif control.tag == "textarea":
            # A browser drops the first line end, and sends the others as two characters.
            text = "".join(str(child) for child in control.children).removeprefix("\n")
            sent[name] = text.replace("\r\n", "\n").replace("\n", "\r\n")
        else:
            sent[name] = control.get("value")
    # The row that the admin's script copies for one more part.
    return {name: value for name, value in sent.items() if "__prefix__" not in name}


def form_of(client: Client, url: str) -> Sent:
    response = client.get(url)
    assert response.status_code == 200, f"{url} answered {response.status_code}"
    return form_in(read(response))


def form_in(page: Page) -> Sent:
    """Return what the only form of a page would send."""
    (form,) = (
        form
        for form in page.one(id="content").all("form")
        if form.get("method") == "post" and not form.get("action")
    )
    return sent_by(form)


def errors_in(response: Any) -> list[str]:
    return [item.text for errors in read(response).by_class("errorlist") for item in errors.all("li")]


def change_in_admin(client: Client, record: Model, changes: Sent) -> None:
    """Open the form of a row, change some fields by their names, press "Save"."""
    sent = form_of(client, address(record))
    unknown = [name for name in changes if name not in sent and not name.startswith("photo_")]
    assert not unknown, f"the form has no {unknown}"
    response = client.post(address(record), sent | changes)
    assert response.status_code == 302, errors_in(response)


def add_in_admin(client: Client, model: type[Model], fields: Sent) -> Any:
    """Fill in the form of a new row and press "Save"."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    response = client.post(url, form_of(client, url) | fields)
    assert response.status_code == 302, errors_in(response)
    return model._default_manager.latest("pk")


def with_parts(sent: Sent, parts: dict[str, list[Sent]]) -> Sent:
    """A page's form with more parts, by the names of their sets, as the admin's script adds them."""
    sent = dict(sent)
    for part_set, rows in parts.items():
        first = int(sent[f"{part_set}-TOTAL_FORMS"])
        sent[f"{part_set}-TOTAL_FORMS"] = str(first + len(rows))
        for index, row in enumerate(rows, start=first):
            sent |= {f"{part_set}-{index}-{name}": value for name, value in row.items()}
    return sent


def publish_in_admin(
    client: Client, page: ContentPage, reviewer: Practitioner, language: str = "en", **changes: Any
) -> Any:
    """Open the page's sign-off, tick what is to be read, sign, publish. Returns the answer."""
    url = f"{address(page, 'publish')}?language={language}"
    response = client.get(url)
    assert response.status_code == 200
    boxes = [control["name"] for control in read(response).all("input", type="checkbox")]
    sent = form_in(read(response)) | {name: "on" for name in boxes if name.startswith("read_")}
    sent |= {"reviewer": str(reviewer.pk), "change_note": "Rewritten."} | changes
    response = client.post(url, sent)
    assert response.status_code == 302 or changes, errors_in(response)
    return response


def restore_in_admin(client: Client, page: ContentPage, number: int) -> Any:
    """Press "Restore into the draft", and answer what is asked. Returns the last answer."""
    url = f"{address(page, 'history_of')}{number}/restore/"
    response = client.post(url)
    return client.post(url, form_in(read(response))) if response.status_code == 200 else response


def warnings_in(response: Any) -> list[str]:
    """The messages that a redirect carries to the next page."""
    return [str(message) for message in get_messages(response.wsgi_request)]
