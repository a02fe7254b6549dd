"""The tabs of the queue and their filters. Both are in its address, so that it can be shared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Case, Q, When
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.answers import Language, Onset
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet
from consultations.models.appointments import midnight
from consultations.models.consultation_requests import CountOf
from consultations.workflow import Status
from procedures.models import Procedure

# Finished requests are counted up to here: there may be a million.
MAX_COUNTED = 1000
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scope:
    """The user and the moment for which the queue is shown."""

    user: User
    now: datetime

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)

    @property
    def end_of_day(self) -> datetime:
        return midnight(self.today + ONE_DAY)


@dataclass(frozen=True)
class Tab:
    name: str
    label: Any
    requests: Callable[[Scope], ConsultationRequestQuerySet]
    is_open: bool = True


def _waiting(scope: Scope) -> ConsultationRequestQuerySet:
    # The most recent onset first, not the most overdue: a nerve or vessel cut yesterday can be lost by
    # tomorrow. The "Overdue" tab, counted here and on the staff index, keeps the others from being forgotten.
    return ConsultationRequest.objects.waiting().by_urgency(scope.now)


def _due_by(moment: datetime, now: datetime) -> ConsultationRequestQuerySet:
    return ConsultationRequest.objects.due_by(moment, now).order_by("due_at", "pk")


def _mine(scope: Scope) -> ConsultationRequestQuerySet:
    # Waiting for the clinic comes before waiting for the patient.
    waits = Case(When(status__in=workflow.WAITING, then=0), default=1)
    return ConsultationRequest.objects.open_of(scope.user).by_urgency(scope.now, waits)


def _unread(scope: Scope) -> ConsultationRequestQuerySet:
    return ConsultationRequest.objects.patient_wrote().order_by("unread_since", "pk")


def _of(status: Status) -> Callable[[Scope], ConsultationRequestQuerySet]:
    requests = ConsultationRequest.objects.filter(status=status)
    if status in workflow.WAITING:
        return lambda scope: requests.by_urgency(scope.now)
    if status in workflow.OPEN:
        return lambda scope: requests.order_by("created_at", "pk")
    return lambda scope: requests.order_by("-created_at", "-pk")


TO_DO = (
    Tab("waiting", _("Waiting"), _waiting),
    Tab("today", _("Due today"), lambda scope: _due_by(scope.end_of_day, scope.now)),
    Tab("overdue", _("Overdue"), lambda scope: _due_by(scope.now, scope.now)),
    Tab("mine", _("Mine"), _mine),
    Tab("wrote", _("Unread"), _unread),
    Tab("held", _("Held"), _of(Status.HELD)),
    Tab("set_aside", _("Set aside"), _of(Status.QUARANTINED), is_open=False),
)
BY_STATUS = tuple(
    Tab(status.value, _(name), _of(status), is_open=status in workflow.OPEN)
    for status, name in workflow.NAMES.items()
    if status not in workflow.SET_ASIDE | {Status.HELD}
)
TABS: Mapping[str, Tab] = {tab.name: tab for tab in (*TO_DO, *BY_STATUS)}
DEFAULT = TABS["waiting"]


def count_tabs(scope: Scope, tabs: Iterable[Tab], **others: CountOf) -> dict[str, str]:
    """Return the number of requests of each tab by its name: "1,000+" at most for finished ones. One query.

    ``others`` are counted in the same query.
    """
    by_name = {tab.name: tab for tab in tabs}
    numbers = ConsultationRequest.objects.counts(
        **{
            name: CountOf(tab.requests(scope), None if tab.is_open else MAX_COUNTED + 1)
            for name, tab in by_name.items()
        },
        **others,
    )
    shown = {}
    for name, number in numbers.items():
        is_cut_off = name in by_name and not by_name[name].is_open and number > MAX_COUNTED
        shown[name] = f"{MAX_COUNTED:,}+" if is_cut_off else f"{number:,}"
    return shown


ME, NOBODY = "me", "nobody"


class DayField(forms.DateField):
    def __init__(self, label: Any) -> None:
        # Beyond these, date arithmetic may overflow.
        limits = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]
        widget = forms.DateInput(attrs={"type": "date"})
        super().__init__(label=label, required=False, validators=limits, widget=widget)


class Filters(forms.Form):
    """The filters of a tab. An invalid one filters nothing and shows its error."""

    assignee = forms.ChoiceField(label=_("Assigned to"), required=False)
    procedure = forms.ModelChoiceField(
        Procedure.objects.all(), label=_("About"), required=False, empty_label=_("All")
    )
    onset = forms.ChoiceField(label=_("Onset"), required=False)
    language = forms.ChoiceField(label=_("Speaks"), required=False)
    sent_from = DayField(pgettext_lazy("a day", "Sent from"))
    sent_to = DayField(pgettext_lazy("a day", "Sent until"))

    def __init__(self, data: Mapping[str, Any], user: User, assignees: Iterable[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="filter_%s")
        self.user = user
        choices: dict[str, Iterable[tuple[Any, Any]]] = {
            "assignee": [(ME, _t("Me")), (NOBODY, _t("Nobody")), *assignees],
            "onset": sorted(Onset.choices),  # the most recent first
            "language": Language.choices,
        }
        for name, values in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _t("All")), *values]

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("sent_from"), self.cleaned_data.get("sent_to")
        if first and last and last < first:
            self.add_error("sent_to", _t("Choose the same day as “Sent from”, or a later one."))
        return self.cleaned_data

    @property
    def chosen(self) -> dict[str, Any]:
        """The valid filters that are not empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrow(self, requests: ConsultationRequestQuerySet) -> ConsultationRequestQuerySet:
        conditions: dict[str, Callable[[Any], Q]] = {
            "assignee": lambda who: Q(assignee={ME: self.user.pk, NOBODY: None}.get(who, who)),
            "procedure": lambda procedure: Q(procedure=procedure),
            "onset": lambda onset: Q(onset=onset),
            "language": lambda code: Q(speaks=code),
            "sent_from": lambda day: Q(created_at__gte=midnight(day)),
            "sent_to": lambda day: Q(created_at__lt=midnight(day + ONE_DAY)),
        }
        return requests.filter(*(conditions[name](value) for name, value in self.chosen.items()))
