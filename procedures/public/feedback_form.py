"""The form in which a reader reports a mistake on a page."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import EmailField, HiddenPattern, TextField
from clinic_site.core.form_layout import Honeypot, form_helper, without_nul
from procedures.models import FeedbackReport, Publication

# The overview has no slug: this is its name in the address of the form.
OVERVIEW = "overview"


class FeedbackForm(forms.Form):
    """A report and contact details for an answer. ``page`` and ``version`` say which page the reader saw."""

    use_required_attribute = False
    # No field depends on another: a field that is not required is shown as optional.
    conditional: tuple[str, ...] = ()

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
        fields = ("page", "version", "text", "name", "email", Honeypot("website"))
        self.helper = form_helper(reverse("procedures:feedback"), *fields, Submit("", _("Send report")))

    @cached_property
    def publication(self) -> Publication | None:
        """The version the report is about; None for the whole site or a page that was never published."""
        page, version = (self.fields[name].clean(self[name].value()) for name in ("page", "version"))
        if not page:
            return None
        shown = Publication.objects.took_effect(timezone.now()).filter(language=get_language() or "en")
        of_page = shown.filter(slug=page).order_by("-number")
        if page == OVERVIEW and not of_page.exists():
            of_page = shown.filter(page__kind="overview").order_by("-number")
        seen = of_page.filter(number=int(version)) if version else of_page
        return seen.first() or of_page.first()

    def store(self) -> FeedbackReport:
        """Store a valid report. Suspected spam is stored too, with a status of its own."""
        data, status = self.cleaned_data, FeedbackReport.Status
        return FeedbackReport.objects.create(
            publication=self.publication,
            text=data["text"],
            name=data["name"],
            email=data["email"],
            status=status.SUSPECTED if data["website"] else status.OPEN,
        )
