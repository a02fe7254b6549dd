"""The subjects offered in the form follow publications; withdrawing a page loses no request."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consultations.answers import About
from consultations.intake import procedure_choices
from procedures.models import Procedure
from procedures.publishing import publishing
from tests.consultations.conftest import Patient, stored_request
from tests.factories import a_procedure, form_data, published

pytestmark = pytest.mark.django_db

OTHERS = ["something_else", "not_sure"]
NERVE_REPAIR = "procedure:nerve-repair"


def offered(chosen: str = "") -> list[str]:
    return [value for value, _label in procedure_choices.choices("en", chosen)]


@pytest.fixture
def nerve_repair() -> Procedure:
    procedure = a_procedure("nerve-repair", title="Nerve Repair", door="Numb or weak after a cut")
    published(procedure)
    return procedure


def test_published_procedures_are_offered_in_order_with_their_plain_names(nerve_repair: Procedure) -> None:
    published(a_procedure("first", position=0))
    published(a_procedure("hidden", show_in_form=False))
    Procedure.objects.filter(pk=nerve_repair.pk).update(position=5)
    assert offered() == ["procedure:first", NERVE_REPAIR, *OTHERS]
    assert dict(procedure_choices.choices("en"))[NERVE_REPAIR] == "Numb or weak after a cut"
    assert dict(procedure_choices.choices("en"))["procedure:first"] == "Joining small lymph vessels to veins"


def test_draft_is_neither_offered_nor_named() -> None:
    a_procedure("secret")
    published(a_procedure("later"), live_from=timezone.now() + timedelta(days=1))
    for slug in ("secret", "later", "nothing"):
        assert offered(f"procedure:{slug}") == OTHERS
        assert procedure_choices.find(f"procedure:{slug}", "en") is None


def test_slug_equal_to_another_choice_is_no_conflict() -> None:
    published(a_procedure("not_sure"))
    for chosen, about in (("procedure:not_sure", About.PROCEDURE), ("not_sure", About.NOT_SURE)):
        found = procedure_choices.find(chosen, "en")
        assert found and found["about"] == about


def test_procedure_withdrawn_after_the_form_was_opened_loses_no_request(
    patient: Patient, nerve_repair: Procedure
) -> None:
    hidden = patient.opens().hidden_fields() | form_data(about=NERVE_REPAIR)
    publishing.withdraw(nerve_repair, language="en")
    page = patient.posts(hidden | {"phone": "1"})
    assert "checked" in page.one("input", value=NERVE_REPAIR).attributes
    patient.posts(hidden)
    patient.confirms()
    request = stored_request()
    assert (request.about, request.procedure_name) == (About.PROCEDURE, "Nerve Repair")
    assert request.procedure_id == nerve_repair.pk
    assert not patient.opens().all("input", value=NERVE_REPAIR), "it is not offered to anyone else"


def test_request_keeps_the_name_it_was_sent_with(patient: Patient, nerve_repair: Procedure) -> None:
    patient.sends(about=NERVE_REPAIR)
    Procedure.objects.filter(pk=nerve_repair.pk).update(title="Repair of Nerves")
    published(Procedure.objects.get(pk=nerve_repair.pk))
    assert stored_request().subject == "Nerve Repair"


def test_new_procedure_is_offered_at_once_and_an_unknown_one_chooses_nothing(patient: Patient) -> None:
    assert not patient.opens().all("input", value="procedure:tendon-transfer")
    published(a_procedure("tendon-transfer"))
    page = patient.opens(about="no-such-thing")
    assert page.all("input", value="procedure:tendon-transfer")
    assert not [radio for radio in page.all("input", name="about") if "checked" in radio.attributes]
