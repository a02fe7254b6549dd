"""The loader of the sample content: once, and never over what staff wrote."""

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from clinic_site.clinic.models import ClinicProfile
from consultations.models import PrivacyNotice
from procedures.models import Disclaimer, Overview, Page, PlainWord, Practitioner, Procedure, Publication

pytestmark = pytest.mark.django_db


def load() -> str:
    said = io.StringIO()
    call_command("load_sample_content", stdout=said)
    return said.getvalue()


def everything() -> dict[str, list[dict[str, Any]]]:
    names = ("core", "accounts", "clinic", "mail", "procedures", "consultations")
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for name in names
        for model in apps.get_app_config(name).get_models()
    }


def test_load_creates_pages_people_and_clinic_once() -> None:
    assert "6 created and published as samples, 9 outlines" in load()
    assert Overview.objects.count() == 1
    live = Publication.objects.live_for("en").procedures()
    assert list(live.values_list("page__title", flat=True)) == [
        "Microvascular Surgery",
        "Nerve Repair",
        "Replantation",
        "Tumor Removal",
    ]
    assert Publication.objects.count() == 2 * 6 and Procedure.objects.count() == 13
    assert Practitioner.objects.exists()
    assert PlainWord.objects.exists()
    assert ClinicProfile.current()
    assert PrivacyNotice.objects.exists()
    before = everything()
    assert all("kept as" in sentence for sentence in load().splitlines())
    assert everything() == before


def test_load_keeps_existing_shared_content() -> None:
    load()
    Procedure.objects.update(summary="Written by staff.")
    Page.objects.update(title="Staff's own title")
    Practitioner.objects.all().delete()
    Disclaimer.objects.update(body="Staff's own.")
    PlainWord.objects.all().delete()
    ClinicProfile.objects.update(name="A Real Clinic", is_sample=False)
    before = everything()
    load()
    assert everything() == before


def test_load_skips_sites_with_pages() -> None:
    Procedure.objects.create(slug="ours", title="Ours", menu_label="Ours", summary="…", description="…")
    ClinicProfile.objects.create(name="A Real Clinic")
    load()
    assert Page.objects.count() == 1
    assert Publication.objects.count() == 0
    assert not Practitioner.objects.exists()
    assert ClinicProfile.objects.get().name == "A Real Clinic"
