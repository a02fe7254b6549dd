"""A new request that staff take: by phone, at the desk or on WhatsApp."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.core.http.responses import SeeOther
from consultations import workflow
from consultations.desk.consultation.new_request_form import NewRequestForm, about_choices
from consultations.desk.consultation.page import MAX_SHOWN, requests_from_number
from consultations.intake import submission
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure, PrivacyNotice
from consultations.staff_pages import GET_AND_POST, VIEW, WORK, member, page, show
from consultations.tokens import SubmissionKey
from consultations.workflow import Status


@page(VIEW, WORK, methods=GET_AND_POST)
def new_request(request: HttpRequest) -> HttpResponse:
    """Look the number up, or store the request and go on to the times, or to the request."""
    me = member(request)
    notice = PrivacyNotice.objects.to_agree_to(request.POST.get("notice", ""), settings.LANGUAGE_CODE)
    if notice is None:
        return _page(request, None)
    if request.method != "POST":
        return _page(request, NewRequestForm(by=me, notice=notice))
    form = NewRequestForm(request.POST, by=me, notice=notice)
    found = requests_from_number(form.number) if form.number else []
    if "look_up" in request.POST:
        for name in set(form.errors) - {"phone"}:  # not filled in yet
            del form.errors[name]
        return _page(request, form, found, looked_up=True)
    is_open = any(other.status in workflow.OPEN for other in found)
    if form.errors:
        problem = _("Nothing was saved yet. Correct the fields marked below.")
        return _page(request, form, found, problem)
    earlier = submission.find(form.submission_key)
    if is_open and not earlier and form.cleaned_data["known"] != form.number:
        problem = _("This number has an open request. Open it, or save this as another request.")
        return _page(request, form, found, problem)
    if form.key_was_replaced:
        return _page(request, form, found, _("Nothing was saved yet. Press the button again."))
    try:
        consultation = submission.submit(form.submission)
    except submission.AnotherPatientError:
        stored = submission.find(form.submission_key)
        renewed = request.POST.dict() | {"key": SubmissionKey.new().for_form()}
        form = NewRequestForm(renewed, by=me, notice=notice)
        problem = _("This form was saved before. Correct the details there, or save this as another request:")
        return _page(request, form, found, problem, stored=stored)
    messages.success(request, _("Saved as %(reference)s.") % {"reference": consultation.reference})
    if request.POST.get("then") == "time" and consultation.status == Status.CONTACTING:
        query = {"to": Status.CONFIRMED.value}
        return SeeOther(reverse("desk:offer_time", args=[consultation.pk], query=query))
    return SeeOther(reverse("desk:request", args=[consultation.pk]))


def _page(
    request: HttpRequest,
    form: NewRequestForm | None,
    found: Sequence[ConsultationRequest] = (),
    problem: str = "",
    *,
    looked_up: bool = False,
    stored: ConsultationRequest | None = None,
) -> HttpResponse:
    """The form; with the requests ``found`` from this number, and ``stored``, what this form became."""
    disclosures.record(member(request), found[:MAX_SHOWN], Disclosure.Kind.LISTED)
    is_looked_up = False
    if form:
        form.fields["about"].widget.choices = about_choices(form["about"].value() or "")
        is_looked_up = looked_up and bool(form.number)
        focused = next(iter(form.errors), "patient_name" if is_looked_up else "phone")
        if not form.fields[focused].widget.is_hidden:
            form.fields[focused].widget.attrs["autofocus"] = True
    is_wrong = problem or (form and form.errors)
    return show(
        request,
        "consultations/desk/consultation/new_request.html",
        {
            "form": form,
            "found": found[:MAX_SHOWN],
            "has_more": len(found) > MAX_SHOWN,
            "is_unknown": is_looked_up and not found,
            "open_statuses": workflow.OPEN,
            "problem": problem,
            "stored": stored,
        },
        title=_("New request"),
        status=400 if is_wrong else 200,
    )
