"""Readers report a mistake on a page, without an account."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.core.form_fields import EmailField, HiddenPattern, TextField
from clinic_site.core.form_layout import FORM_ID, Honeypot, form_helper, without_nul
from clinic_site.core.http.languages import active_language, is_change_of_language, with_fallback
from clinic_site.core.http.responses import SeeOther, private_no_cache
from clinic_site.core.rate_limits import Limit, network_address
from procedures.models import FeedbackReport, Publication
from procedures.publishing.documents import Card

# Many patients share one address of a mobile network: enough for all of them, too few for a flood.
LIMIT = Limit("feedback from a network", attempts=10, period=timedelta(hours=1))


class FeedbackForm(forms.Form):
    """A report and contact details for an answer. ``page`` and ``version`` say which page the reader saw."""

    use_required_attribute = False

    page = HiddenPattern(r"[A-Za-z0-9_-]{1,80}")
    version = HiddenPattern(r"[1-9][0-9]{0,5}")
    text = TextField(
        label=_("What is wrong, missing or hard to understand?"),
        help_text=_(
            "Copy the words if you can. Up to 1,000 characters. Do not write about your own health here."
        ),
        sentence=_("Write what is wrong, missing or hard to understand"),
        longest=1000,
        too_long=_("Shorten your text to 1,000 characters"),
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
            "If you want an answer. We’ll use it for nothing else, and we’ll delete your name and address "
            "when we have dealt with your report."
        ),
        sentence=_("Enter an email address, like name@example.com, or leave it empty"),
        required=False,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "inputmode": "email", "class": "input--w20", "dir": "ltr"}
        ),
    )
    # Invisible to readers. Spam programs fill in every field.
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, posted: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(None if posted is None else without_nul(posted), **options)
        shown = ("page", "version", "text", "name", "email", Honeypot("website"))
        self.helper = form_helper(reverse("procedures:feedback"), *shown, Submit("", _("Send report")))

    @cached_property
    def publication(self) -> Publication | None:
        """The version the report is about; None for the whole site or a page that was never published."""
        page, version = (self.fields[name].clean(self[name].value()) for name in ("page", "version"))
        if not page:
            return None
        # Pages without an address go by their kind. A procedure may have the address "overview", too.
        named = Q(slug=page) | Q(slug="", page__kind=page)
        shown = Publication.objects.took_effect(timezone.now()).filter(named).select_related("page")
        for code in with_fallback(active_language()):
            newest = shown.filter(language=code).order_by("-slug", "-number")
            if found := (newest.filter(number=version).first() if version else None) or newest.first():
                return found
        return None

    def about(self) -> dict[str, Any]:
        """Return the card and address of the page a report is about; empty when it is about the site."""
        if self.publication is None:
            return {}
        card = Card.from_json(self.publication.card)
        return {"about": card, "about_url": self.publication.get_absolute_url()}

    def store(self) -> None:
        """Store a valid report. Suspected spam is stored too, with a status of its own."""
        data, status = self.cleaned_data, FeedbackReport.Status
        FeedbackReport.objects.create(
            publication=self.publication,
            text=data["text"],
            name=data["name"],
            email=data["email"],
            status=status.SUSPECTED if data["website"] else status.OPEN,
        )


@private_no_cache
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest) -> HttpResponse:
    initial = request.POST or {name: request.GET.get(name, "") for name in ("page", "version")}
    is_sent = request.method == "POST" and not is_change_of_language(request)
    form = FeedbackForm(request.POST if is_sent else None, initial=initial)
    is_limited = form.is_valid() and not LIMIT.allow(network_address(request))
    if form.is_valid() and not is_limited:
        form.store()
        page = form.cleaned_data["page"]
        query = f"?{urlencode({'page': page})}" if page else ""
        return SeeOther(reverse("procedures:feedback_sent") + query)
    context = {"form": form, "is_limited": is_limited, "typed_in": FORM_ID, **form.about()}
    return render(request, "procedures/public/feedback.html", context, status=429 if is_limited else 200)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Thank the reader and lead back to the page."""
    form = FeedbackForm(initial={"page": request.GET.get("page", "")})
    return render(request, "procedures/public/feedback_sent.html", form.about())
