"""The sitemap lists live pages except samples, each with the date of its last change."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Page, Practitioner
from procedures.publishing import publishing
from tests.admin_forms import add_in_admin
from tests.factories import a_procedure, a_reviewer, an_overview, published, signed_in

pytestmark = pytest.mark.django_db

NAMESPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
FIXED = {"/procedures/", "/surgeons/", "/clinic/", "/consultation/", "/emergency/"}
FIXED |= {"/privacy/", "/accessibility/", "/about-our-information/"}


def sitemap(client: Client) -> dict[str, str]:
    """Each English path with the day of its last change. Checks that each names its translations."""
    root = ElementTree.fromstring(client.get("/sitemap.xml").content)  # noqa: S314
    found = {}
    for url in root.findall("s:url", NAMESPACE):
        path = url.findtext("s:loc", "", NAMESPACE).removeprefix(settings.SITE_URL)
        found[path] = url.findtext("s:lastmod", "", NAMESPACE)
        links = {link.get("hreflang"): link.get("href") for link in url.findall("x:link", NAMESPACE)}
        in_english = settings.SITE_URL + path.removeprefix("/ur")
        translations = {"en": in_english, "x-default": in_english}
        if not re.match("/procedures/.|/$|/questions/|/emergency/", path):  # published in English only
            translations["ur"] = f"{settings.SITE_URL}/ur{path.removeprefix('/ur')}"
        assert links == translations, path
    return {path: day for path, day in found.items() if not path.startswith("/ur/")}


def test_sitemap_lists_live_and_fixed_pages(client: Client) -> None:
    published(an_overview())
    published(a_procedure())
    a_procedure("only-a-draft")
    withdrawn = a_procedure("withdrawn")
    published(withdrawn)
    publishing.withdraw(withdrawn, language="en")
    published(a_procedure("scheduled"), live_from=timezone.now() + timedelta(days=1))
    assert sitemap(client).keys() == FIXED | {
        "/",
        "/surgeons/dr-ayesha-khan/",
        "/procedures/lymph-vessel-repair/",
    }


def test_samples_are_left_out(client: Client, sample_site: None) -> None:
    assert sitemap(client) == {}
    ClinicProfile.objects.update(is_sample=False)
    assert sitemap(client).keys() == {"/clinic/", "/privacy/", "/accessibility/", "/about-our-information/"}
    for path in ("/procedures/", "/surgeons/"):
        assert b'content="noindex"' in client.get(path).content, path
    published(Page.objects.get(slug="replantation"))  # with a real reviewer, who is a surgeon
    listed = sitemap(client)
    assert {"/procedures/", "/surgeons/"} <= listed.keys()
    assert "/consultation/" not in listed, "it shows signs that nobody has reviewed"
    for page in Page.objects.filter(publications__isnull=False).exclude(slug="nerve-repair"):
        published(page)
    listed = sitemap(client)
    assert {"/", "/questions/", "/emergency/", "/consultation/"} <= listed.keys()
    assert "/procedures/nerve-repair/" not in listed
    for path in listed:
        response = client.get(path)
        assert response.status_code == 200 and b"noindex" not in response.content, path
    response = client.get("/sitemap.xml", headers={"host": "127.0.0.1"})
    assert b"127.0.0.1" not in response.content


def test_every_page_has_the_date_of_what_it_shows(client: Client) -> None:
    with time_machine.travel(datetime(2050, 1, 1, 12, tzinfo=UTC)):
        published(an_overview())
    with time_machine.travel(datetime(2050, 2, 2, 12, tzinfo=UTC)):
        published(a_procedure())
    with time_machine.travel(datetime(2050, 3, 3, 12, tzinfo=UTC)):
        add_in_admin(signed_in("Manager"), Practitioner, {"name": "Dr. Bilal"})
    with time_machine.travel(datetime(2050, 4, 4, 12, tzinfo=UTC)):
        found = sitemap(client)
    assert {found[path] for path in ("/", "/emergency/", "/consultation/")} == {"2050-01-01"}
    assert (found["/procedures/lymph-vessel-repair/"], found["/procedures/"]) == ("2050-02-02", "2050-02-02")
    assert found["/surgeons/"] == "2050-03-03"
    # The words of this page are in its template.
    written = Path(settings.BASE_DIR, "templates", "clinic", "accessibility.html").stat().st_mtime
    assert found["/accessibility/"] == str(timezone.localdate(datetime.fromtimestamp(written, UTC)))


def test_queries_do_not_grow(client: Client, django_assert_max_num_queries: Any) -> None:
    a_reviewer()
    for number in range(5):
        published(a_procedure(f"procedure-{number}"))
    with django_assert_max_num_queries(7):
        assert len(sitemap(client)) == len(FIXED) + 5  # with the reviewer, without first aid
