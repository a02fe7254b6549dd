"""The question about an emergency, asked before anything personal."""

from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_layout import form_helper
from consultations.intake.form_fields import HiddenPattern, Radios, says

# The page of this site that led to the form, and the procedure it is about.
SOURCE_PAGE = r"/[A-Za-z0-9/_-]{0,199}"
SLUG = r"[A-Za-z0-9_-]{1,80}"

# Used while no overview with signs written by clinicians is published.
SIGNS = (
    _("A part of the body is cut off or hanging."),
    _("Bleeding does not stop."),
    _("A limb, or a part that was operated on, turns cold, pale, blue or dark."),
)


class EmergencyQuestion(forms.Form):
    """Whether this is an emergency. ``signs``: the emergencies to ask about."""

    use_required_attribute = False

    emergency = forms.ChoiceField(
        label=_("Is any of this happening now?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=Radios,
        error_messages=says(_("Choose “Yes” or “No”")),
    )
    about = HiddenPattern(SLUG)
    source_page = HiddenPattern(SOURCE_PAGE)

    def __init__(self, *args: Any, signs: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        items = format_html_join("", "<li>{}</li>", ((sign,) for sign in signs or SIGNS))
        self.fields["emergency"].help_text = format_html("<ul>{}</ul>", items)
        self.helper = form_helper(
            reverse("consultations:start"), "emergency", "about", "source_page", Submit("", _("Continue"))
        )

    def next_address(self) -> str:
        """Return the address of the next page, with the page and procedure that led here."""
        if self.cleaned_data["emergency"] == "yes":
            return reverse("consultations:emergency")
        along = {
            name: self.cleaned_data[name] for name in ("about", "source_page") if self.cleaned_data[name]
        }
        return f"{reverse('consultations:request')}{'?' if along else ''}{urlencode(along)}"
