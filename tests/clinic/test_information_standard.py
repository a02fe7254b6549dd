"""The page about the quality of our information."""

from typing import Any

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


def test_all_ten_criteria_in_order(client: Client) -> None:
    headings = [text.partition(":")[0] for text in about(client).heading_texts()]

    assert len(Criterion) == 10
    assert in_order(headings, [str(criterion.label) for criterion in Criterion])


def test_gaps_are_named(client: Client) -> None:
    text = about(client).main.text

    assert "Not done yet: No patient has yet helped to write these pages, or tested them." in text
    assert text.count("Not done yet:") == 7


def test_own_text_replaces_the_gap(client: Client) -> None:
    InformationPractice.objects.create(
        criterion=Criterion.INVOLVEMENT, text="Six patients read each page before it is published."
    )

    text = about(client).main.text

    assert "Six patients read each page" in text
    assert "No patient has yet helped" not in text


def test_missing_urdu_is_named_while_english_is_the_only_language(client: Client, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English")]
    assert "Urdu is still missing" in about(client).main.text

    settings.LANGUAGES = [("en", "English"), ("ur", "Urdu")]
    assert "Urdu is still missing" not in about(client).main.text


def test_signed_pages_are_not_called_unreviewed(client: Client, sample_site: None) -> None:
    text = about(client).main.text

    assert "no clinician has reviewed them" not in text
    assert "A page that no clinician has reviewed yet says so at its end." in text


def test_no_certificate_or_logo(client: Client) -> None:
    page = about(client)

    assert "Nobody has certified us, and we claim no certificate." in page.main.text
    assert page.main.all("img", "svg") == []


def test_it_leads_to_the_form_for_mistakes(client: Client) -> None:
    assert about(client).main.all("a", href=reverse("procedures:feedback"))


def test_procedure_pages_end_with_the_feedback_link(client: Client, sample_site: None) -> None:
    text = about(client).main.text

    assert "Each page about an operation has a link at its end" in text
    assert "Each page about an operation ends with a link" in text
    form = reverse("procedures:feedback")
    for card in Publication.objects.live():
        links = read(client.get(card.get_absolute_url())).main.all("a")
        assert any(link["href"].startswith(form) for link in links)


def test_criterion_has_one_text() -> None:
    InformationPractice.objects.create(criterion=Criterion.REACH, text="Leaflets in two hospitals.")

    with pytest.raises(ValidationError, match="There is a text for this criterion already"):
        InformationPractice(criterion=Criterion.REACH, text="Another.").full_clean()
