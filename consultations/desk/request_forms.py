"""What is sent from the page of one request. Every button sends the whole form: a note that was typed
goes along with whatever is pressed, and so does how the request stood on the screen."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.fields import HiddenPattern, TextField
from consultations.desk.call_back import LATEST
from consultations.services.as_seen import Seen
from consultations.services.desk import Outcome
from consultations.workflow import Status

NOTE_LENGTH = 2000
ID = r"[0-9]{1,18}"
MOMENT = _("Enter a day and a time, like 2026-11-23 17:00.")


class PressForm(forms.Form):
    """What every button sends."""

    use_required_attribute = False

    expected = forms.ChoiceField(choices=[(status.value, status.value) for status in Status], required=False)
    appointment = HiddenPattern(ID)
    contact = HiddenPattern(ID)
    words = HiddenPattern(ID)
    assignee = HiddenPattern(ID)
    text = TextField(
        sentence=_("Write the note first."),
        longest=NOTE_LENGTH,
        too_long=_("Shorten the note to 2,000 characters. It has %(length)s."),
        lines=True,
        required=False,
    )

    @property
    def seen(self) -> Seen:
        """How the request stood where the button was pressed."""
        ids = {name: int(self.cleaned_data[name] or 0) for name in ("appointment", "contact", "words")}
        return Seen(
            status=self.cleaned_data["expected"], assignee=int(self.cleaned_data["assignee"] or 0), **ids
        )

    @property
    def note(self) -> str:
        return str(self.cleaned_data.get("text", ""))


class NoteForm(PressForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].required = True


class StatusForm(PressForm):
    to = forms.CharField(required=False, max_length=20)


class ContactForm(PressForm):
    """A try to reach the patient. ``ready`` is a time to call back that was ready to press, ``at`` typed."""

    outcome = forms.ChoiceField(choices=[(word.value, word.value) for word in Outcome], required=False)
    ready = forms.DateTimeField(required=False)
    at = forms.DateTimeField(
        required=False,
        error_messages={"invalid": MOMENT},
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "at" in self.errors or "ready" in self.errors:
            return cleaned
        moment: datetime | None = cleaned.get("ready") or cleaned.get("at")
        if self.outcome_word == Outcome.CALL_BACK and moment is None:
            self.add_error("at", ValidationError(_t("Choose when to call back."), code="required"))
        if moment and not timezone.now() < moment <= timezone.now() + LATEST:
            self.add_error("at", ValidationError(_t("Choose a time to come, within a year."), code="past"))
        return cleaned

    @property
    def outcome_word(self) -> str:
        """What came of the try: a time that is ready to press says by itself that it is to call back."""
        return Outcome.CALL_BACK if self.cleaned_data.get("ready") else self.cleaned_data.get("outcome", "")

    @property
    def call_back_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data.get("ready") or self.cleaned_data.get("at")
        return moment


class HandOverForm(PressForm):
    """Who is to have the request: ``give`` is "me", "nobody", or "colleague", with the colleague's id."""

    give = forms.ChoiceField(choices=[(name, name) for name in ("me", "colleague", "nobody")])
    colleague = HiddenPattern(ID)
