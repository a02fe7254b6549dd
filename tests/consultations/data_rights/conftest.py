from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import MANAGER
from consultations.data_rights import erasure
from consultations.models import ConsultationRequest
from tests.factories import staff


@pytest.fixture
def manager(client: Client) -> User:
    """A manager, signed in with ``client``."""
    user = staff(MANAGER)
    client.force_login(user)
    return user


@pytest.fixture
def erase(manager: User, django_capture_on_commit_callbacks: Any) -> Callable[[ConsultationRequest], None]:
    """Erase a request, with the files that are deleted once that is committed."""

    def erase(request: ConsultationRequest) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            erasure.erase(request, actor=manager, reason="asked_in_writing")

    return erase
