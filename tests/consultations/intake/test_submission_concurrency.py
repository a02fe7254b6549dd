"""Concurrent submissions: real threads with their own connections on a real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.roles import COORDINATOR
from consultations.intake import submission as intake_submission
from consultations.lifecycle import errors, status_changes
from consultations.models import ConsultationRequest, Event, Note, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.factories import a_notice, a_request, a_submission, form_data, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 8


@pytest.fixture(autouse=True)
def real_database() -> None:
    assert not connection.is_in_memory_db() if connection.vendor == "sqlite" else True


def all_at_once(work: Callable[[int], Any]) -> list[Any]:
    return in_threads(*(partial(work, number) for number in range(THREADS)))


def test_one_form_sent_by_many_threads_is_one_request() -> None:
    submission = a_submission()
    results = all_at_once(lambda number: intake_submission.submit(submission).reference)
    assert results == [ConsultationRequest.objects.get().reference] * THREADS
    assert Event.objects.count() == 1
    assert not Note.objects.exists()


def test_one_form_sent_by_many_browsers_gives_all_the_same_page(notice: PrivacyNotice) -> None:
    key = SubmissionKey.new()
    sent = form_data() | {"key": key.for_form(), "notice": str(notice.pk), "send": "yes"}
    results = all_at_once(lambda number: Client().post(reverse("consultations:request"), sent))
    assert [(result.status_code, result["Location"]) for result in results] == [
        (303, reverse("consultations:private", args=[key.token]))
    ] * THREADS
    assert ConsultationRequest.objects.count() == 1


def test_two_children_sent_with_one_form_by_many_threads_are_never_mixed() -> None:
    """The first is stored; every press for the other is refused, and offered a form of its own."""
    key = SubmissionKey.new()
    children = [
        a_submission(key=key, patient_name="Bilal Khan", patient_age=7),
        a_submission(key=key, patient_name="Sara Khan", patient_age=3),
    ]
    results = all_at_once(lambda number: intake_submission.submit(children[number % 2]).patient_name)
    stored = ConsultationRequest.objects.get()
    assert results.count(stored.patient_name) == THREADS // 2
    refused = [result for result in results if isinstance(result, intake_submission.AnotherPatientError)]
    assert len(refused) == THREADS // 2
    assert Event.objects.count() == 1
    assert ConsultationRequest.objects.for_token(key.token).get() == stored


@pytest.mark.parametrize("was", [None, Status.WITHDRAWN, Status.NEW])
def test_the_same_answers_from_one_browser_sent_by_many_threads_are_one_request(was: Status | None) -> None:
    """Whether the browser sent nothing, a request closed since, or one that is still waiting."""
    forms = [replace(a_submission(), browser="hers") for _ in range(THREADS)]
    if was:
        before = intake_submission.submit(replace(a_submission(), browser="hers"))
        ConsultationRequest.objects.filter(pk=before.pk).update(status=was)
    results = all_at_once(lambda number: intake_submission.submit(forms[number]).pk)
    newest = ConsultationRequest.objects.latest("pk")
    assert results == [newest.pk] * THREADS
    assert ConsultationRequest.objects.count() == (2 if was == Status.WITHDRAWN else 1)
    assert all(ConsultationRequest.objects.for_token(form.key.token).get() == newest for form in forms)


def test_many_forms_at_once_are_as_many_requests() -> None:
    a_notice()
    results = all_at_once(
        lambda number: intake_submission.submit(a_submission(patient_age=number)).patient_age
    )
    assert sorted(results) == list(range(THREADS))
    assert ConsultationRequest.objects.count() == Event.objects.count() == THREADS


def test_one_correction_sent_by_many_threads_is_made_once() -> None:
    key = SubmissionKey.new()
    intake_submission.submit(a_submission(key=key))
    corrected = a_submission(key=key, phone="+923219876543")
    results = all_at_once(lambda number: intake_submission.submit(corrected).phone)
    assert results == ["+923219876543"] * THREADS
    assert Note.objects.count() == 1


def test_one_of_many_status_changes_wins_and_the_others_fail() -> None:
    request, actor = a_request(), staff(COORDINATOR)
    steps = [Status.CONTACTING, Status.DECLINED]
    results = all_at_once(
        lambda number: status_changes.change_status(
            request, steps[number % 2], actor=actor, expected_status=Status.NEW
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
            intake_submission.submit(hers)
        finally:
            connections.close_all()

    def store_after_the_other(submission: intake_submission.Submission, *more: Any) -> ConsultationRequest:
        if submission is the_same and not came_between:
            came_between.append(True)
            with ThreadPoolExecutor(1) as thread:
                thread.submit(other).result(timeout=30)
        return store(submission, *more)

    monkeypatch.setattr(intake_submission, "_store", store_after_the_other)
    intake_submission.submit(the_same)
    assert came_between
    assert ConsultationRequest.objects.count() == 1
