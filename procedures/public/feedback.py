"""Readers report a mistake on a page; staff get it as a task."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.core.form_fields import EmailField, HiddenPattern, TextField
from clinic_site.core.form_layout import Trap, form_helper, without_nul
from clinic_site.core.http.responses import SeeOther, for_this_reader
from clinic_site.core.rate_limits import Limit, network_address
from procedures.models import MistakeReport, Publication
from procedures.publishing.documents import Card

# What the overview, which has no slug, is called in the address of the form.
OVERVIEW = "overview"
LONGEST = 1000
# Many patients share one address of a mobile network: enough for all of them, too few for a flood.
LIMIT = Limit("mistakes", attempts=10, period=timedelta(hours=1))


class MistakeForm(forms.Form):
    """What is wrong, and how to answer. ``page`` and ``version`` are what the reader had before them."""

    use_required_attribute = False
    # What is not required is optional, whatever else was answered.
    conditional: tuple[str, ...] = ()

    page = HiddenPattern(r"[A-Za-z0-9_-]{1,80}")
    version = HiddenPattern(r"[1-9][0-9]{0,5}")
    text = TextField(
        label=_("What is wrong, missing or hard to understand?"),
        help_text=_(
            "Copy the words if you can. Up to 1,000 characters. Do not write about your own health here."
        ),
        sentence=_("Write what is wrong, missing or hard to understand"),
        longest=LONGEST,
        too_long=_("Shorten what you wrote to 1,000 characters"),
        lines=True,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    name = TextField(
        label=_("Your name"),
        help_text=_("If you want an answer."),
        longest=120,
        too_long=_("Shorten your name to 120 characters"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "input--w20"}),
    )
    email = EmailField(
        label=_("Your email address"),
        help_text=_(
            "If you want an answer. We use it for nothing else, and remove your name and address "
            "when we have dealt with your report."
        ),
        sentence=_("Enter an email address, like name@example.com, or leave it empty"),
        required=False,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "inputmode": "email", "class": "input--w20", "dir": "ltr"}
        ),
    )
    # Nobody sees this field. Whoever fills it in fills in every field of every form.
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, posted: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(None if posted is None else without_nul(posted), **options)
        self.helper = form_helper(
            reverse("procedures:report_mistake"),
            "page",
            "version",
            "text",
            "name",
            "email",
            Trap("website"),
            Submit("", _("Send report")),
        )

    @cached_property
    def publication(self) -> Publication | None:
        """The version the report is about; None when it is about the site, or no such page was ever shown."""
        given = {name: self.fields[name].clean(self[name].value()) for name in ("page", "version")}
        if not given["page"]:
            return None
        shown = Publication.objects.took_effect(timezone.now()).filter(language=get_language() or "en")
        of_page = shown.filter(slug=given["page"]).order_by("-number")
        if given["page"] == OVERVIEW and not of_page.exists():
            of_page = shown.filter(page__kind="overview").order_by("-number")
        seen = of_page.filter(number=int(given["version"])) if given["version"] else of_page
        return seen.first() or of_page.first()

    def store(self) -> MistakeReport:
        """Keep a valid report. What looks like spam is kept too, apart from the others."""
        given, status = self.cleaned_data, MistakeReport.Status
        return MistakeReport.objects.create(
            publication=self.publication,
            text=given["text"],
            name=given["name"],
            email=given["email"],
            status=status.SUSPECTED if given["website"] else status.OPEN,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _posted(request)
    about = {name: request.GET.get(name, "") for name in ("page", "version")}
    return for_this_reader(_ask(request, MistakeForm(initial=about)))


@never_cache
def _posted(request: HttpRequest) -> HttpResponse:
    form = MistakeForm(request.POST)
    if not form.is_valid():
        return _ask(request, form)
    if not LIMIT.lets_through(network_address(request)):
        return _ask(request, form, is_limited=True)
    form.store()
    about = {"page": form.cleaned_data["page"]} if form.cleaned_data["page"] else {}
    return SeeOther(f"{reverse('procedures:mistake_sent')}{'?' if about else ''}{urlencode(about)}")


def _ask(request: HttpRequest, form: MistakeForm, *, is_limited: bool = False) -> HttpResponse:
    context = {"form": form, "is_limited": is_limited, **_about(form)}
    return render(
        request, "procedures/public/report_mistake.html", context, status=429 if is_limited else 200
    )


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Thanks, and the way back to the page."""
    form = MistakeForm(initial={"page": request.GET.get("page", "")})
    return render(request, "procedures/public/mistake_sent.html", _about(form))


def _about(form: MistakeForm) -> dict[str, Any]:
    """The page that a report is about, for the reader; empty when it is about the site."""
    publication = form.publication
    if publication is None:
        return {}
    return {
        "about_title": Card.from_json(publication.card).title,
        "about_url": publication.get_absolute_url(),
    }


def mark_done(report: MistakeReport, *, by: Any) -> bool:
    """The task is done: the reader's name and address go. False when it was done before."""
    waiting = MistakeReport.objects.filter(pk=report.pk).exclude(status=MistakeReport.Status.DONE)
    return bool(
        waiting.update(
            status=MistakeReport.Status.DONE,
            resolved_by=by,
            resolved_at=timezone.now(),
            name="",
            email="",
        )
    )


def not_spam(report: MistakeReport) -> bool:
    """What looked like spam is a task after all. False when it did not look like it."""
    suspected = MistakeReport.objects.filter(pk=report.pk, status=MistakeReport.Status.SUSPECTED)
    return bool(suspected.update(status=MistakeReport.Status.OPEN))
