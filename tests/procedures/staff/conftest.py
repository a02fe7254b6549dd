"""A procedure that several editors have open, built once for the tests of a module."""

from collections.abc import Iterator
from typing import Any

import pytest

from clinic_site.accounts.roles import EDITOR, MANAGER
from procedures.models import Procedure
from tests.admin_forms import Sent, address, form_of
from tests.conftest import shared_world, undone
from tests.factories import a_disclaimer, a_procedure, published, signed_in


@pytest.fixture(scope="module")
def forms(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Sent]]:
    """Return the data of two untouched forms: an editor's to change a page, a manager's to publish it."""
    with shared_world(django_db_blocker):
        a_disclaimer()
        a_procedure("tendon-transfer")
        procedure = a_procedure()
        procedure.risks.create(name="Scars", body="Each cut leaves one.", position=2)
        procedure.risks.create(name="Bleeding", body="A little.", position=3)
        published(procedure)
        procedure.sections.filter(kind="help").update(body="A draft.")
        with undone():
            forms = {
                "change": form_of(signed_in(EDITOR), address(procedure)),
                "publish": form_of(signed_in(MANAGER), address(procedure, "publish")),
            }
        yield forms


@pytest.fixture
def procedure(forms: dict[str, Sent]) -> Procedure:
    return Procedure.objects.get(slug="lymph-vessel-repair")


@pytest.fixture
def opened(forms: dict[str, Sent]) -> Sent:
    """The procedure's form as an editor opened it before the test."""
    return dict(forms["change"])
