"""The question about an emergency, asked before anything personal."""

from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import HiddenPattern, Radios, says
from clinic_site.core.form_layout import form_helper
from procedures.publishing.documents import FirstAid

# The page of this site that led to the form, and the procedure it is about.
SOURCE_PAGE = r"/[A-Za-z0-9/_-]{0,199}"
SLUG = r"[A-Za-z0-9_-]{1,80}"


class EmergencyQuestion(forms.Form):
    """The question. ``first_aid``: the published emergency text, if there is one."""

    use_required_attribute = False

    emergency = forms.ChoiceField(
        label=_("Is any of this happening now?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=Radios,
        error_messages=says(_("Choose “Yes” or “No”")),
    )
    about = HiddenPattern(SLUG)
    source_page = HiddenPattern(SOURCE_PAGE)

    def __init__(self, *args: Any, first_aid: FirstAid | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signs = render_to_string("consultations/intake/emergency_signs.html", {"first_aid": first_aid})
        self.fields["emergency"].help_text = signs
        self.helper = form_helper(reverse("consultations:start"), *self.fields, Submit("", _("Continue")))

    def next_address(self) -> str:
        """Return the address of the next page, with the page and procedure that led here."""
        if self.cleaned_data["emergency"] == "yes":
            return reverse("procedures:emergency")
        along = {name: value for name in ("about", "source_page") if (value := self.cleaned_data[name])}
        return f"{reverse('consultations:request')}{'?' if along else ''}{urlencode(along)}"
