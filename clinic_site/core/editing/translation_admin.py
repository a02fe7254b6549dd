"""The staff page on which a record is translated, text by text, beside its English."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.text import Truncator
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.conflicts import ConflictDetectingForm
from clinic_site.core.editing.text_changes import Change, compare
from clinic_site.core.editing.translatable import Translatable
from clinic_site.core.http.languages import direction
from clinic_site.core.text import ascii_digits, numbers_isolated, plain_line, plain_text, urdu_letters

# How alike two English texts must be for one to count as the other, changed.
_SAME_TEXT = 0.5


@dataclass(frozen=True)
class Row:
    """One text with its field.

    ``change`` is how its English differs from the text that was translated, ``fits`` the box that confirms
    the translation; None where the English is the same.
    """

    place: str
    english: str
    field: forms.BoundField
    is_missing: bool
    change: Change | None
    fits: forms.BoundField | None


class TranslationForm(ConflictDetectingForm):
    """The translation of a record. A text is translated again when its English has changed.

    The field of such a text begins with its former translation, which is saved once it is changed or the box
    beside it is ticked. ``memory`` has translations of the same texts elsewhere.
    """

    refusal = _(
        "%(who)s has saved this translation since you opened it. Your text is still below, but not saved "
        "yet. Check the changes below, then save again to keep yours."
    )

    def __init__(
        self,
        *args: Any,
        language: str,
        texts: Sequence[tuple[str, str]],
        memory: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        self.language, self.texts = language, texts
        super().__init__(*args, **kwargs)
        saved = self.instance.texts_in(language)
        current = {english for _place, english in texts}
        former = [english for english in saved if english not in current]
        self.former: dict[str, str] = {}
        for _place, english in texts:
            text = saved.get(english) or memory.get(english, "")
            if not text and (alike := difflib.get_close_matches(english, former, 1, _SAME_TEXT)):
                self.former[english] = alike[0]
                text = saved[alike[0]]
                self.fields[field_name("fits", english)] = forms.BooleanField(
                    label=_("The translation still fits"), required=False
                )
            self.fields[field_name("text", english)] = forms.CharField(
                label=Truncator(english).words(8),
                required=False,
                max_length=200 + 3 * len(english),
                initial=text,
                widget=forms.Textarea(
                    attrs={
                        "rows": 1 + len(english) // 60 + english.count("\n"),
                        "lang": language,
                        "dir": direction(language),
                    }
                ),
            )
        if self.is_bound:
            # A text that is new since the form was opened keeps the translation that it has.
            kept = {name: field.initial for name, field in self.fields.items() if name.startswith("text-")}
            self.data = kept | {name: self.data[name] for name in self.data}
        # What was typed beside an English text that has been replaced since.
        self.left_over = [
            typed for name, typed in self.data.items() if name.startswith("text-") and name not in self.fields
        ]

    def rows(self) -> list[Row]:
        return [self._row(place, english) for place, english in self.texts]

    def _row(self, place: str, english: str) -> Row:
        is_missing = not self.instance.texts_in(self.language).get(english)
        field, change, fits = self[field_name("text", english)], None, None
        if english in self.former:
            change = Change(field.name, place, compare(self.former[english], english))
            fits = self[field_name("fits", english)]
        return Row(place, english, field, is_missing, change, fits)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if any(text.strip() for text in self.left_over):
            message = _t(
                "The English has changed since you opened this page. What you wrote for texts that are gone "
                "is at the end of the page: copy what you need, then save."
            )
            self.add_error(None, message)
        return cleaned

    def content(self, record: Any) -> dict[str, str]:
        saved = record.texts_in(self.language)
        return {english: saved.get(english, "") for _place, english in self.texts}

    def label_of(self, name: str) -> str:
        return Truncator(name).words(8)

    def save(self, commit: bool = True) -> Any:
        """Save the translation. Returns the record."""
        written = {english: self._written(english) for _place, english in self.texts}
        saved = {english: text for english, text in written.items() if text}
        if len(saved) < len(written) or not written:
            # Former texts are of use until their successors are translated, or the page is published again.
            saved = self.instance.texts_in(self.language) | saved
            saved = {english: text for english, text in saved.items() if written.get(english, text)}
        self.instance.translations[self.language] = saved
        self.instance.save(update_fields=["translations"])
        return self.instance

    def _written(self, english: str) -> str:
        """Return the translation that was typed, or "" for a former one that was not looked at."""
        name = field_name("text", english)
        # A line stays a line: it may be in the head of a message.
        clean = plain_text if "\n" in english else plain_line
        text = clean(ascii_digits(self.cleaned_data[name]))
        is_looked_at = english not in self.former or self.cleaned_data[field_name("fits", english)]
        if not is_looked_at and text == clean(str(self.fields[name].initial)):
            return ""
        if self.language == "ur":
            text = urdu_letters(text)
        return numbers_isolated(text) if direction(self.language) == "rtl" else text


def field_name(prefix: str, english: str) -> str:
    """Name a field by its text: the order of texts changes with the English."""
    return f"{prefix}-{hashlib.sha256(english.encode()).hexdigest()[:16]}"


class TranslationAdmin(admin.ModelAdmin[Any]):
    """Adds the page on which a record is translated, and a link to it."""

    change_form_template = "admin/translatable_change_form.html"

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_translate"
        view = self.admin_site.admin_view(self.translate_view)
        return [path("<path:object_id>/translation/<str:language>/", view, name=name), *super().get_urls()]

    def translation_url(self, record: Any, language: str) -> str:
        view = f"admin:{self.opts.app_label}_{self.opts.model_name}_translate"
        return reverse(view, args=[record.pk, language])

    def texts_to_translate(self, record: Any) -> Sequence[tuple[str, str]]:
        """Return the place and the English of each text."""
        found: Sequence[tuple[str, str]] = record.texts_to_translate()
        return found

    def translation_memory(self, record: Any, language: str) -> dict[str, str]:
        """Return translations of other records that may have the same texts."""
        return {}

    @transaction.atomic
    def translate_view(self, request: HttpRequest, object_id: str, language: str) -> HttpResponse:
        record = self.get_object(request, object_id)
        if record is None or language not in other_languages():
            raise Http404("No such record or language.")
        if not self.has_change_permission(request, record):
            raise PermissionDenied
        texts = self.texts_to_translate(record)
        form_class: Any = forms.modelform_factory(type(record), form=TranslationForm, fields=[])
        form = form_class(
            request.POST or None,
            instance=record,
            language=language,
            texts=texts,
            memory=self.translation_memory(record, language),
        )
        if form.is_valid():
            form.save()
            self.log_change(request, record, _t("Translated into %(language)s.") % {"language": language})
            self.message_user(request, self.saved_message(record, texts, language), messages.SUCCESS)
            return redirect(request.path)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": record,
            "title": _t("%(language)s: %(record)s")
            % {"language": get_language_info(language)["name_translated"], "record": record},
            "form": form,
            "missing": missing(record, texts, language),
            "change_url": reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[record.pk]
            ),
        }
        return render(request, "admin/translation.html", context)

    def saved_message(self, record: Any, texts: Sequence[tuple[str, str]], language: str) -> str:
        if count := missing(record, texts, language):
            return ngettext(
                "Saved. %(count)d text is still to be translated.",
                "Saved. %(count)d texts are still to be translated.",
                count,
            ) % {"count": count}
        return self.translated_message(record, language)

    def translated_message(self, record: Any, language: str) -> str:
        return _t("Saved. Everything is translated, and patients read it now.")

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **options: Any
    ) -> HttpResponse:
        if record := options.get("obj"):
            context["translations"] = self.translation_states(record)
        return super().render_change_form(request, context, *args, **options)

    def translation_states(self, record: Any) -> list[dict[str, Any]]:
        """Return, for each other language, its name, the address of its page and how much is missing."""
        texts = self.texts_to_translate(record)
        return [
            {
                "language": language,
                "name": get_language_info(language)["name_translated"],
                "url": self.translation_url(record, language),
                "missing": missing(record, texts, language),
            }
            for language in other_languages()
            if texts
        ]


def other_languages() -> list[str]:
    """The languages that English is translated into."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def missing(record: Translatable, texts: Sequence[tuple[str, str]], language: str) -> int:
    """Return how many texts have no translation."""
    saved = record.texts_in(language)
    return sum(not saved.get(english) for _place, english in texts)
