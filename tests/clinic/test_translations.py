"""What staff enter about the clinic is read in the language of the page, once it is translated."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile, Closure, EmergencyHospital, InformationPractice
from clinic_site.core.editing.translation_admin import field_name
from procedures.models import Practitioner
from tests.admin_forms import address, change_in_admin, form_of
from tests.factories import signed_in
from tests.pages import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_site")]

EID = {"name": "Eid", "starts_on": date(2026, 8, 1), "ends_on": date(2026, 8, 3)}


@pytest.fixture
def manager() -> Client:
    return signed_in("Manager")


def translate(client: Client, record: Any, **texts: str) -> None:
    view = f"admin:{record._meta.app_label}_{record._meta.model_name}_translate"
    url = reverse(view, args=[record.pk, "ur"])
    typed = {field_name("text", getattr(record, field)): text for field, text in texts.items()}
    assert client.post(url, form_of(client, url) | typed).status_code == 302


@time_machine.travel("2026-07-20T10:00:00Z", tick=False)
def test_closure_is_in_urdu_until_its_english_changes(manager: Client) -> None:
    closure = Closure.objects.create(**EID)
    for change, text, attributes in (
        ({}, "Eid", {"lang": "en", "dir": "ltr"}),
        ({"translation": "عید"}, "عید", {}),
        ({"name": "Eid holidays"}, "Eid holidays", {"lang": "en", "dir": "ltr"}),
    ):
        if "translation" in change:
            translate(manager, closure, name="عید")
        elif change:
            change_in_admin(manager, closure, change)
        shown = read(Client().get("/ur/clinic/")).main.all("strong", **attributes)
        assert text in [element.text for element in shown if element.attributes == attributes], text
    link = read(manager.get(address(closure))).one(
        "a", href=reverse("admin:clinic_closure_translate", args=[closure.pk, "ur"])
    )
    assert link.text == "Urdu (1 text missing)"


def test_each_record_that_patients_read_can_be_translated(manager: Client) -> None:
    hospital = EmergencyHospital.objects.create(name="A", address="B", treats="reattaches fingers")
    practice = InformationPractice.objects.create(criterion="need", text="We asked 20 patients.")
    surgeon = Practitioner.objects.first()
    assert surgeon
    for record, field, path in (
        (hospital, "treats", "/ur/emergency/"),
        (practice, "text", "/ur/about-our-information/"),
        (surgeon, "biography", f"/ur/surgeons/{surgeon.slug}/"),
        (ClinicProfile.objects.get(), "directions", "/ur/clinic/"),
    ):
        translate(manager, record, **{field: "ہمارے اپنے الفاظ"})
        assert "ہمارے اپنے الفاظ" in read(Client().get(path)).main.text, path
        assert "ہمارے اپنے الفاظ" not in read(Client().get(path.removeprefix("/ur"))).main.text


def test_record_read_in_urdu_is_never_saved_over_the_english() -> None:
    with override("ur"):
        clinic = ClinicProfile.current()
        assert clinic and clinic.name == "نمونہ مائیکرو سرجری کلینک"
        with pytest.raises(TypeError, match="read in translation"):
            clinic.save()
        assert clinic.in_language("en").name == "Sample Microsurgery Clinic"
        cache.set("clinic", clinic)
        kept = cache.get("clinic")
        assert kept.name.language == "ur" and kept.in_language("en").name == "Sample Microsurgery Clinic"
        with pytest.raises(TypeError, match="read in translation"):
            kept.save()
    clinic = ClinicProfile.objects.get()
    with override("ur"):
        clinic.refresh_from_db()
        with pytest.raises(TypeError, match="read in translation"):
            clinic.save()
        assert clinic.in_language("en").name == "Sample Microsurgery Clinic"


def test_promise_in_words_is_told_only_in_its_language(manager: Client) -> None:
    ClinicProfile.objects.update(answer_within_hours=None, answer_promise="by the next day")
    clinic = ClinicProfile.objects.get()
    now = timezone.now()
    with override("ur"):
        assert business_hours.promise_sentence(now) == ""
    translate(manager, clinic, answer_promise="اگلے دن تک")
    with override("ur"):
        assert business_hours.promise_sentence(now) == "اگلے دن تک"
    assert business_hours.promise_sentence(now) == "by the next day"


def test_editing_the_english_keeps_a_translation_saved_meanwhile(manager: Client) -> None:
    clinic = ClinicProfile.objects.get()
    opened = form_of(manager, address(clinic))
    translate(manager, clinic, parking="گاڑی یہاں")
    manager.post(address(clinic), opened | {"city": "Lahore Cantt"})
    clinic.refresh_from_db()
    assert clinic.city == "Lahore Cantt"
    assert clinic.translations["ur"][clinic.parking] == "گاڑی یہاں"
