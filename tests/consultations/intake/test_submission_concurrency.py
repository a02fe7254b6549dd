"""Concurrent submissions: real threads with their own connections on a real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from clinic_site.accounts.roles import COORDINATOR
from consultations.intake import submission as intake_submission
from consultations.intake.submission import submit
from consultations.lifecycle import errors, staff_actions
from consultations.models import ConsultationRequest, Event, Note
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.conftest import FORM
from tests.factories import a_notice, a_request, a_submission, form_data, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 8


def all_at_once(work: Callable[[int], Any]) -> list[Any]:
    if connection.vendor == "sqlite":
        assert not connection.is_in_memory_db()
    return in_threads(*(partial(work, number) for number in range(THREADS)))


def test_one_form_sent_by_many_browsers_is_one_request_with_one_page() -> None:
    key, notice = SubmissionKey.new(), a_notice()
    sent = form_data() | {"key": key.for_form(), "notice": str(notice.pk), "send": "yes"}
    results = all_at_once(lambda number: Client().post(FORM, sent))
    assert {(result.status_code, result["Location"]) for result in results} == {(303, f"/r/{key.token}/")}
    assert ConsultationRequest.objects.count() == Event.objects.count() == 1
    # Then a correction, sent just as often.
    corrected = replace(a_submission(key=key), answers=corrected_number())
    assert {result.phone for result in all_at_once(lambda number: submit(corrected))} == {"+923219876543"}
    assert Note.objects.count() == 1


def corrected_number() -> ConsultationRequest:
    answers = ConsultationRequest.objects.get()
    answers.phone, answers.phone_as_typed = "+923219876543", "0321 9876543"
    return answers


def test_forms_of_many_patients_are_as_many_requests_and_of_two_never_mixed() -> None:
    """Of two children in one form the first is stored; every press for the other is refused."""
    a_notice()
    results = all_at_once(lambda number: submit(a_submission(patient_age=number)).patient_age)
    assert sorted(results) == list(range(THREADS))
    assert ConsultationRequest.objects.count() == Event.objects.count() == THREADS
    key = SubmissionKey.new()
    children = [
        a_submission(key=key, patient_name="Bilal Khan", patient_age=7),
        a_submission(key=key, patient_name="Sara Khan", patient_age=3),
    ]
    results = all_at_once(lambda number: submit(children[number % 2]).patient_name)
    stored = ConsultationRequest.objects.for_token(key.token).get()
    assert results.count(stored.patient_name) == THREADS // 2
    refused = [result for result in results if isinstance(result, intake_submission.AnotherPatientError)]
    assert len(refused) == THREADS // 2
    assert ConsultationRequest.objects.count() == Event.objects.count() == THREADS + 1


def test_same_answers_from_one_browser_sent_by_many_threads_are_one_request() -> None:
    """The browser sent nothing before, a request closed since, or one that is still waiting."""
    a_notice()
    for number, was in enumerate((None, Status.WITHDRAWN, Status.NEW)):
        browser = f"browser {number}"
        forms = [replace(a_submission(), browser=browser) for _ in range(THREADS)]
        before = ConsultationRequest.objects.count()
        if was:
            former = submit(replace(a_submission(), browser=browser))
            ConsultationRequest.objects.filter(pk=former.pk).update(status=was)
        results = all_at_once(lambda thread, forms=forms: submit(forms[thread]).pk)
        newest = ConsultationRequest.objects.latest("pk")
        assert results == [newest.pk] * THREADS, was
        assert ConsultationRequest.objects.count() - before == (2 if was == Status.WITHDRAWN else 1), was
        assert all(ConsultationRequest.objects.for_token(form.key.token).get() == newest for form in forms)


def test_one_of_many_staff_actions_wins_and_the_others_fail() -> None:
    request = a_request()
    actors = [staff(COORDINATOR, email=f"person-{number}@clinic.example") for number in range(THREADS)]
    steps = [Status.CONTACTING, Status.DECLINED]
    results = all_at_once(
        lambda number: staff_actions.change_status(
            request, steps[number % 2], actor=actors[number], version=request.version
        )
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, errors.SomeoneElseChangedError) for result in results) == THREADS - 1
    change = Event.objects.get(kind=Event.Kind.STATUS_CHANGED)
    request.refresh_from_db()
    assert request.status == change.to_status


def test_duplicate_stored_between_check_and_insert_is_found_by_the_next_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time: there is no between")
    a_notice()
    hers, the_same = (replace(a_submission(), browser="hers") for _ in range(2))
    store, came_between = intake_submission._store, []

    def other() -> None:
        try:
            submit(hers)
        finally:
            connections.close_all()

    def store_after_the_other(
        new: ConsultationRequest, terms: list[str], submission: intake_submission.Submission
    ) -> ConsultationRequest:
        if submission is the_same and not came_between:
            came_between.append(True)
            with ThreadPoolExecutor(1) as thread:
                thread.submit(other).result(timeout=30)
        return store(new, terms, submission)

    monkeypatch.setattr(intake_submission, "_store", store_after_the_other)
    submit(the_same)
    assert came_between
    assert ConsultationRequest.objects.count() == 1
