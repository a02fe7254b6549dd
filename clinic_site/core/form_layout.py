"""What every form that patients fill in shares. Its fields are in ``clinic_site.core.form_fields``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language


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


class Folded(Fieldset):
    """A part of a form that is folded away until somebody opens it, or ``is_open`` from the start."""

    template = "%s/layout/folded.html"

    def __init__(self, legend: "Words", *fields: Any, is_open: bool) -> None:
        super().__init__(legend, *fields)
        self.is_open = is_open


class Trap(Fieldset):
    """Fields that no person sees: what fills them in is a machine."""

    template = "%s/layout/trap.html"

    def __init__(self, *fields: Any, **options: Any) -> None:
        super().__init__("", *fields, **options)


def without_nul(answered: Mapping[str, str]) -> dict[str, str]:
    """The answers as plain data, of a field sent twice the last. No database stores a NUL and no browser
    shows one."""
    return {name: str(answered[name]).replace("\x00", "") for name in answered}
