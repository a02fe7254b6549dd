"""The request journey in Firefox and in WebKit: engines differ in what Back shows of a filled-in form."""

from pathlib import Path

import pytest
from django.urls import reverse

from consultations.models import ConsultationRequest
from tests.browser import webdriver
from tests.factories import form_data

MISSING = [engine for engine in webdriver.ENGINES if not webdriver.is_installed(engine)]
# One message for all engines, so that pytest's summary has one line.
MISSING_ENGINES = f"{' and '.join(MISSING)} not installed: apt-get install " + " ".join(
    webdriver.PACKAGES[engine] for engine in MISSING
)
FOR_ONESELF = {"for_whom": "self", "requester_name": None, "relationship": None, "patient_age": "34"}


@pytest.mark.parametrize("engine", webdriver.ENGINES)
def test_request_sent_again_after_back_is_stored_once(engine: str, site: str, tmp_path: Path) -> None:
    if engine in MISSING:
        pytest.skip(MISSING_ENGINES)
    answers = form_data(**FOR_ONESELF, patient_name="Zainab Bibi")
    is_kept = "[...document.getElementsByName('patient_name')].some(field => field.value === 'Zainab Bibi')"
    with webdriver.ENGINES[engine](tmp_path) as window:
        window.opens(site + reverse("consultations:request"))
        window.fills_in(answers)
        form = window.heading()
        check = window.presses_main_button()
        assert window.goes_back() == form and window.reads(is_kept)
        assert window.presses_main_button() == check
        for _attempt in range(2):
            window.presses_main_button()
            request = ConsultationRequest.objects.get()
            assert request.reference in window.reads("document.querySelector('main').innerText")
            assert window.goes_back() == check and window.reads(is_kept)
    assert request.patient_name == "Zainab Bibi"
