"""Layout of the forms that patients fill in. Their fields are in ``clinic_site.core.form_fields``."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout

# The id of the form of a page. The header sends the form along when its reader changes the language.
FORM_ID = "form"


def form_helper(action: str, *layout: Any) -> FormHelper:
    """Return the crispy-forms helper of a form that is sent to the URL ``action``."""
    helper = FormHelper()
    helper.form_id = FORM_ID
    helper.form_action = action
    helper.form_class = "form"
    helper.attrs = {"novalidate": True}  # the browser's own messages are less clear than ours
    helper.include_media = False
    helper.layout = Layout(*layout)
    return helper


class Honeypot(Fieldset):
    """Fields that only bots fill in."""

    template = "%s/layout/honeypot.html"

    def __init__(self, *fields: Any, **options: Any) -> None:
        super().__init__("", *fields, **options)


def without_nul(answered: Mapping[str, str]) -> dict[str, str]:
    """Return the answers without NUL characters, which databases refuse; the last value per field."""
    return {name: str(answered[name]).replace("\x00", "") for name in answered}
