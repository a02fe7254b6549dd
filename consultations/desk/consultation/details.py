"""Correcting the name, age, city and subject of a request, on a page of its own."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import HiddenPattern, TextField, says
from clinic_site.core.form_layout import without_nul
from clinic_site.core.http.responses import SeeOther
from consultations.answers import CITY_LENGTH, NAME_LENGTH, Channel
from consultations.desk.consultation.new_request_form import about_choices
from consultations.desk.consultation.page import find
from consultations.intake.form_fields import AboutField, AgeField
from consultations.intake.questions import age_as_typed
from consultations.lifecycle import disclosures
from consultations.lifecycle.contact_details import correct_by_staff
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import ConsultationRequest, Disclosure, Event
from consultations.staff_pages import GET_AND_POST, VIEW, WORK, member, page, show


class DetailsForm(forms.Form):
    """Corrected name, age, city and subject of ``consultation``."""

    patient_name = TextField(
        label=_("Patient’s full name"),
        sentence=_("Enter the patient’s full name."),
        longest=NAME_LENGTH,
        too_long=_("Use 120 characters or fewer for the patient’s name."),
        name=True,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    patient_age = AgeField(
        label=_("Age"),
        sentence=_("Enter the patient’s age in years, like 40. For a baby: 8 months, or 10 days."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    city = TextField(
        label=_("City or town"),
        sentence=_("Enter the name of a city or town, or leave it empty."),
        longest=CITY_LENGTH,
        too_long=_("Use 60 characters or fewer for the city or town."),
        name=True,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    about = AboutField(
        label=_("About"),
        required=False,
        widget=forms.Select,
        error_messages=says(_("Choose what it is about.")),
    )

    version = HiddenPattern(r"[0-9]{1,9}")

    use_required_attribute = False
    shown = ("patient_name", "patient_age", "city", "about")

    def __init__(self, sent: Mapping[str, str] | None, *, consultation: ConsultationRequest) -> None:
        age = consultation.age_as_typed or consultation.patient_age
        initial = {
            "patient_name": consultation.patient_name,
            "patient_age": age,
            "city": consultation.city,
        }
        self.consultation = consultation
        super().__init__(sent, initial=initial, label_suffix="")
        # Staff who take a request need not ask for the age.
        self.fields["patient_age"].required = consultation.channel == Channel.WEBSITE

    @property
    def shown_fields(self) -> list[forms.BoundField]:
        """The fields, with the choices of today. Two queries at most."""
        about, subject = self["about"], self.consultation.subject
        others = [choice for choice in about_choices(str(about.value() or "")) if choice[1] != subject]
        about.field.widget.choices = [("", subject), *others[1:]]
        return [self[name] for name in self.shown]

    @property
    def corrected(self) -> dict[str, Any]:
        to = {name: self.cleaned_data[name] for name in ("patient_name", "patient_age", "city")}
        to["age_as_typed"] = age_as_typed(to["patient_age"], self.data.get("patient_age", ""))
        about: dict[str, Any] = self.cleaned_data["about"]
        if about:
            about = {"procedure_id": None, "procedure_name": ""} | about
        return to | about


@page(VIEW, WORK, methods=GET_AND_POST)
def details(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, or correct the details. A form that is refused keeps what was typed."""
    consultation = find(pk)
    address = reverse("desk:request", args=[pk])
    sent = without_nul(request.POST) if request.method == "POST" else None
    form = DetailsForm(sent, consultation=consultation)
    problem, status = "", 200
    if form.is_valid():
        try:
            is_changed = correct_by_staff(
                consultation,
                form.corrected,
                actor=member(request),
                version=int(form.cleaned_data["version"] or -1),
                kind=Event.Kind.DETAILS_CORRECTED,
            )
        except NotAllowedError:  # erased
            return SeeOther(address)
        except SomeoneElseChangedError:
            problem, status = _t("Someone else has just changed this request. No changes were saved."), 409
        else:
            same = _t("The details were already the same.")
            messages.success(request, _t("Details corrected.") if is_changed else same)
            return SeeOther(address)
    elif form.is_bound:
        problem, status = _t("No changes were saved. Correct the fields marked below."), 400
    if consultation.erased_at:
        return SeeOther(address)
    disclosures.record(member(request), [consultation], Disclosure.Kind.OPENED)
    return show(
        request,
        "consultations/desk/consultation/details.html",
        {"consultation": consultation, "form": form, "problem": problem},
        title=_t("Correct the details"),
        status=status,
    )
