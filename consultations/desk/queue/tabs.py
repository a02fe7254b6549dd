"""The tabs of the queue and their filters. Both are in its address, so that it can be shared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Case, When
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.answers import Language, Onset
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet
from consultations.models.consultation_requests import CountOf
from consultations.workflow import Status
from procedures.models import Procedure

# Finished requests are counted up to here: there may be a million.
MAX_COUNTED = 1000


@dataclass(frozen=True)
class Scope:
    """The user and the moment for which the queue is shown."""

    user: User
    now: datetime

    @property
    def today(self) -> date:
        """The date at the clinic."""
        return timezone.localdate(self.now, timezone.get_default_timezone())

    @property
    def beginning_of_day(self) -> datetime:
        return _midnight(self.today)

    @property
    def end_of_day(self) -> datetime:
        return _midnight(self.today + timedelta(days=1))


@dataclass(frozen=True)
class Tab:
    name: str
    label: Any
    requests: Callable[[Scope], ConsultationRequestQuerySet]
    is_open: bool = True


def _all() -> ConsultationRequestQuerySet:
    return ConsultationRequest.objects.all()


def _waiting(scope: Scope) -> ConsultationRequestQuerySet:
    # The most recent onset first, not the most overdue: a nerve or vessel cut yesterday can be lost by
    # tomorrow. The "Overdue" tab, counted here and on the staff index, keeps the others from being forgotten.
    return _all().waiting().by_urgency(scope.now)


def _due(moment: Callable[[Scope], datetime]) -> Callable[[Scope], ConsultationRequestQuerySet]:
    return lambda scope: _all().due_by(moment(scope), scope.now).order_by("due_at", "pk")


def _mine(scope: Scope) -> ConsultationRequestQuerySet:
    # Waiting for the clinic comes before waiting for the patient.
    waits = Case(When(status__in=workflow.WAITING, then=0), default=1)
    return _all().open_of(scope.user).by_urgency(scope.now, waits)


def _wrote(scope: Scope) -> ConsultationRequestQuerySet:
    return _all().patient_wrote().order_by("unread_since", "pk")


def _of(status: Status) -> Callable[[Scope], ConsultationRequestQuerySet]:
    requests = ConsultationRequest.objects.filter(status=status)
    if status in workflow.WAITING:
        return lambda scope: requests.by_urgency(scope.now)
    if status in workflow.OPEN:
        return lambda scope: requests.order_by("created_at", "pk")
    return lambda scope: requests.order_by("-created_at", "-pk")


TO_DO = (
    Tab("waiting", _("Waiting"), _waiting),
    Tab("today", _("Due today"), _due(lambda scope: scope.end_of_day)),
    Tab("overdue", _("Overdue"), _due(lambda scope: scope.now)),
    Tab("mine", _("Mine"), _mine),
    Tab("wrote", _("Unread"), _wrote),
    Tab("set_aside", _("Set aside"), _of(Status.QUARANTINED), is_open=False),
)
BY_STATUS = tuple(
    Tab(status.value, _(name), _of(status), is_open=status in workflow.OPEN)
    for status, name in workflow.NAMES.items()
    if status not in workflow.SET_ASIDE
)
TABS: Mapping[str, Tab] = {tab.name: tab for tab in (*TO_DO, *BY_STATUS)}
DEFAULT = TABS["waiting"]


def tab_of(name: str) -> Tab:
    return TABS.get(name, DEFAULT)


def count_tabs(scope: Scope, tabs: Iterable[Tab] = TABS.values()) -> dict[str, str]:
    """Return the number of requests of each tab, as shown: "1,000+" at most for finished ones. One query."""
    found = ConsultationRequest.objects.counts(
        **{tab.name: CountOf(tab.requests(scope), None if tab.is_open else MAX_COUNTED + 1) for tab in tabs}
    )
    return {name: _as_shown(number, TABS[name]) for name, number in found.items()}


def _as_shown(number: int, tab: Tab) -> str:
    return f"{MAX_COUNTED:,}+" if number > MAX_COUNTED and not tab.is_open else f"{number:,}"


# Filters

ME, NOBODY = "me", "nobody"
# Beyond, date arithmetic may overflow.
DAY_LIMITS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, validators=DAY_LIMITS, widget=forms.DateInput(attrs={"type": "date"})
    )


class Filters(forms.Form):
    """The filters of a tab. An invalid one filters nothing and shows its error."""

    assignee = forms.ChoiceField(label=_("Assigned to"), required=False)
    procedure = forms.ChoiceField(label=_("About"), required=False)
    onset = forms.TypedChoiceField(label=_("Onset"), required=False, coerce=int, empty_value=None)
    language = forms.ChoiceField(label=_("Speaks"), required=False)
    sent_from = _day(pgettext_lazy("a day", "Sent from"))
    sent_to = _day(pgettext_lazy("a day", "Sent until"))

    def __init__(self, data: Mapping[str, Any], user: User, holders: Iterable[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="filter_%s")
        self.user = user
        people = [(ME, _t("Me")), (NOBODY, _t("Nobody")), *holders]
        procedures = [(str(pk), title) for pk, title in Procedure.objects.values_list("pk", "title")]
        self._choose("assignee", people)
        self._choose("procedure", procedures)
        # By rank: the most recent first.
        self._choose("onset", sorted(Onset.choices))
        self._choose("language", Language.choices)

    def _choose(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _t("All")), *choices]

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("sent_from"), self.cleaned_data.get("sent_to")
        if first and last and last < first:
            self.add_error("sent_to", _t("Choose the same day as “Sent from”, or a later one."))
        return self.cleaned_data

    @property
    def chosen(self) -> dict[str, Any]:
        """The valid filters that are not empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    @property
    def query(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.chosen.items()}

    def narrow(self, requests: ConsultationRequestQuerySet) -> ConsultationRequestQuerySet:
        for name, value in self.chosen.items():
            requests = getattr(self, f"_by_{name}")(requests, value)
        return requests

    def _by_assignee(self, requests: ConsultationRequestQuerySet, who: str) -> ConsultationRequestQuerySet:
        if who == NOBODY:
            return requests.filter(assignee=None)
        return requests.filter(assignee=self.user.pk if who == ME else int(who))

    def _by_procedure(self, requests: ConsultationRequestQuerySet, pk: str) -> ConsultationRequestQuerySet:
        return requests.filter(procedure=int(pk))

    def _by_onset(self, requests: ConsultationRequestQuerySet, onset: int) -> ConsultationRequestQuerySet:
        return requests.filter(onset=onset)

    def _by_language(self, requests: ConsultationRequestQuerySet, code: str) -> ConsultationRequestQuerySet:
        return requests.filter(speaks=code)

    def _by_sent_from(self, requests: ConsultationRequestQuerySet, day: date) -> ConsultationRequestQuerySet:
        return requests.filter(created_at__gte=_midnight(day))

    def _by_sent_to(self, requests: ConsultationRequestQuerySet, day: date) -> ConsultationRequestQuerySet:
        return requests.filter(created_at__lt=_midnight(day + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    """The start of a day at the clinic."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def query_of(tab: Tab, filters: Mapping[str, str], page: int = 1) -> str:
    """Return the query string of a list in the queue; "" for the default one."""
    shown = {} if tab is DEFAULT else {"tab": tab.name}
    return urlencode(shown | dict(filters) | ({"page": page} if page > 1 else {}))
