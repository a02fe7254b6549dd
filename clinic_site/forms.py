"""What every form that patients fill in shares. Its fields are in ``clinic_site.fields``."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout


def form_helper(action: str, *layout: Any) -> FormHelper:
    """How crispy-forms prints a form that is sent to ``action``, an address."""
    helper = FormHelper()
    helper.form_action = action
    helper.form_class = "form"
    helper.attrs = {"novalidate": True}  # the browser's own bubbles say less than our sentences
    helper.include_media = False
    helper.layout = Layout(*layout)
    return helper


class Section(Fieldset):
    """A part of a form under a heading of its own."""

    template = "%s/layout/section.html"


class Trap(Fieldset):
    """Fields that no person sees: what fills them in is a machine."""

    template = "%s/layout/trap.html"

    def __init__(self, *fields: Any, **options: Any) -> None:
        super().__init__("", *fields, **options)


def without_nul(answered: Mapping[str, str]) -> dict[str, str]:
    """The answers as plain data, of a field sent twice the last. No database stores a NUL and no browser
    shows one."""
    return {name: str(answered[name]).replace("\x00", "") for name in answered}
