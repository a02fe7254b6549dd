"""The page about the quality of our information."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import Criterion, InformationPractice
from procedures.models import Publication
from tests.pages import Page, in_order, read

pytestmark = pytest.mark.django_db


def about(client: Client) -> Page:
    return read(client.get(reverse("about_our_information")))


def test_ten_criteria_in_order_with_named_gaps_and_no_certificate(client: Client) -> None:
    page = about(client)
    headings = [text.partition(":")[0] for text in page.heading_texts()]
    assert len(Criterion) == 10
    assert in_order(headings, [str(criterion.label) for criterion in Criterion])
    text = page.main.text
    assert "Not done yet: No patient has yet helped to write these pages, or tested them." in text
    assert text.count("Not done yet:") == 6
    assert "A page that is not ready in Urdu yet is shown in English, and says so." in text
    assert "Nobody has certified us, and we claim no certificate." in text
    assert page.main.all("img", "svg") == []
    assert page.main.all("a", href=reverse("procedures:feedback"))


def test_own_text_replaces_each_gap(client: Client) -> None:
    for criterion in Criterion:
        InformationPractice.objects.create(criterion=criterion, text=f"Our own {criterion}.")
    text = about(client).main.text
    assert "Not done yet:" not in text
    for criterion in Criterion:
        assert f"Our own {criterion}." in text
    assert "No number is published without a source." in text, "what the site does anyway is kept"

    with pytest.raises(ValidationError, match="There is a text for this criterion already"):
        InformationPractice(criterion=Criterion.REACH, text="Another.").full_clean()


def test_sample_site_says_which_pages_are_signed_and_where_to_report(
    client: Client, sample_site: None
) -> None:
    text = about(client).main.text
    assert "A page that no clinician has reviewed yet says so at its end." in text
    assert "Each page about an operation has a link at its end" in text
    assert "Each page about an operation ends with a link" in text
    form = reverse("procedures:feedback")
    for card in Publication.objects.live_for("en"):
        links = read(client.get(card.get_absolute_url())).main.all("a")
        assert any(link["href"].startswith(form) for link in links)
