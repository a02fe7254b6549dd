"""Editors, each with a browser."""

import pytest
from django.test import Client

from clinic_site.accounts.roles import EDITOR
from tests.factories import signed_in


@pytest.fixture
def editor(db: None) -> Client:
    return signed_in(EDITOR)


@pytest.fixture
def amna(db: None) -> Client:
    return signed_in(EDITOR, email="amna@clinic.example", first_name="Amna", last_name="Sheikh")


@pytest.fixture
def bilal(db: None) -> Client:
    return signed_in(EDITOR, email="bilal@clinic.example")
