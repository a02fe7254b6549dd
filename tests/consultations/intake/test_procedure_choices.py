"""The subjects offered in the form follow publications; withdrawing a page loses no request."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consultations.answers import About
from consultations.intake import procedure_choices
from consultations.models import ConsultationRequest
from procedures.models import Procedure
from procedures.publishing import services as publishing
from tests.consultations.conftest import Patient
from tests.factories import a_procedure, form_data, published

pytestmark = pytest.mark.django_db

OTHERS = ["something_else", "not_sure"]


def offered(chosen: str = "") -> list[str]:
    return [value for value, _ in procedure_choices.choices("en", chosen)]


@pytest.fixture
def nerve_repair() -> Procedure:
    procedure = a_procedure("nerve-repair", title="Nerve Repair", plain_name="reconnecting a damaged nerve")
    published(procedure)
    return procedure


def test_choices_without_published_procedures() -> None:
    assert offered() == OTHERS


def test_published_procedures_are_offered_in_order(nerve_repair: Procedure) -> None:
    published(a_procedure("first", position=0))
    Procedure.objects.filter(pk=nerve_repair.pk).update(position=5)
    assert offered() == ["procedure:first", "procedure:nerve-repair", *OTHERS]


def test_choice_shows_the_plain_name(nerve_repair: Procedure) -> None:
    assert procedure_choices.choices("en")[0][1] == "Nerve Repair (reconnecting a damaged nerve)"


def test_procedure_hidden_from_the_form_is_not_offered() -> None:
    published(a_procedure("hidden", show_in_form=False))
    assert offered() == OTHERS


def test_a_draft_is_neither_offered_nor_named() -> None:
    a_procedure("secret")
    published(a_procedure("later"), live_from=timezone.now() + timedelta(days=1))
    for slug in ("secret", "later", "nothing"):
        assert offered(f"procedure:{slug}") == OTHERS
        assert procedure_choices.find(f"procedure:{slug}", "en") is None


def test_slug_equal_to_another_choice_is_no_conflict() -> None:
    published(a_procedure("not_sure"))
    assert procedure_choices.find("procedure:not_sure", "en") != procedure_choices.find("not_sure", "en")
    assert procedure_choices.find("not_sure", "en") == {"about": About.NOT_SURE}


def test_a_procedure_withdrawn_after_the_form_was_opened_loses_no_request(
    patient: Patient, nerve_repair: Procedure
) -> None:
    hidden = patient.opens().hidden_fields()
    publishing.withdraw(nerve_repair, language="en")
    patient.posts(hidden | form_data(about="procedure:nerve-repair"))
    patient.presses("send")
    request = ConsultationRequest.objects.get()
    assert (request.about, request.procedure_name) == (About.PROCEDURE, "Nerve Repair")
    assert request.procedure_id == nerve_repair.pk


def test_withdrawn_procedure_stays_chosen_after_an_error(patient: Patient, nerve_repair: Procedure) -> None:
    hidden = patient.opens().hidden_fields()
    publishing.withdraw(nerve_repair, language="en")
    page = patient.posts(hidden | form_data(about="procedure:nerve-repair", phone="1"))
    assert "checked" in page.one("input", value="procedure:nerve-repair").attributes


def test_a_withdrawn_procedure_is_not_offered_to_anyone_else(
    patient: Patient, nerve_repair: Procedure
) -> None:
    publishing.withdraw(nerve_repair, language="en")
    assert not patient.opens().all("input", value="procedure:nerve-repair")


def test_a_request_keeps_the_name_it_was_sent_with(patient: Patient, nerve_repair: Procedure) -> None:
    patient.sends(about="procedure:nerve-repair")
    Procedure.objects.filter(pk=nerve_repair.pk).update(title="Repair of Nerves")
    published(Procedure.objects.get(pk=nerve_repair.pk))
    assert ConsultationRequest.objects.get().subject == "Nerve Repair"


def test_new_procedure_is_offered_at_once(patient: Patient) -> None:
    assert not patient.opens().all("input", value="procedure:tendon-transfer")
    published(a_procedure("tendon-transfer"))
    assert patient.opens().all("input", value="procedure:tendon-transfer")


def test_an_unknown_procedure_in_the_address_chooses_nothing(patient: Patient) -> None:
    page = patient.opens(about="no-such-thing")
    assert not [radio for radio in page.all("input", name="about") if "checked" in radio.attributes]
