"""Records whose texts staff write in English and translate."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import polib
from django.conf import settings
from django.db import models
from django.utils.text import capfirst

from clinic_site.core.http.languages import active_language


class Text(str):
    """A text that staff have written, with the language that it is in and its English."""

    language: str
    english: str

    def __new__(cls, text: str, language: str = "", english: str = "") -> Self:
        self = super().__new__(cls, text)
        self.language, self.english = language, english
        return self


class Translatable(models.Model):
    """A record that is read in the language of the page.

    ``translations`` has, for each language, the translation of each English text. A text that has changed
    since it was translated has none, and is read in English.
    """

    translations = models.JSONField(default=dict, blank=True, editable=False)

    # The fields that patients read.
    translated_fields: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        texts = [self.__dict__.get(name) for name in self.translated_fields]
        if any(isinstance(text, Text) and text != text.english for text in texts):
            raise TypeError("This record was read in translation: saving it would replace the English.")
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any) -> Self:
        record: Self = super().from_db(db, field_names, values)
        language = active_language()
        return record if language == settings.LANGUAGE_CODE else record.in_language(language)

    def in_language(self, language: str) -> Self:
        """Return the record with its texts in a language, each a ``Text``."""
        record, texts = copy.copy(self), self.texts_in(language)
        for name in self.__dict__.keys() & set(self.translated_fields):
            text = self.__dict__[name]
            english = getattr(text, "english", text)
            translated = texts.get(one_line_end(english))
            said_in = language if translated else settings.LANGUAGE_CODE
            setattr(record, name, Text(translated or english, said_in, english))
        return record

    def texts_in(self, language: str) -> dict[str, str]:
        """Return the translation of each English text, also of texts that have changed since."""
        # The column is deferred where it is not wanted.
        found: dict[str, str] = self.__dict__.get("translations", {}).get(language, {})
        return found

    def texts_to_translate(self) -> Sequence[tuple[str, str]]:
        """Return the place and the English of each text, without empty ones."""
        fields = [self._meta.get_field(name) for name in self.translated_fields]
        texts = [(field, one_line_end(getattr(self, field.name))) for field in fields]
        return [(capfirst(str(getattr(field, "verbose_name", ""))), text) for field, text in texts if text]


def read_catalog(path: Path) -> dict[str, str]:
    """Return the translation of each text in a PO file."""
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path)).translated_entries()}


def one_line_end(text: str) -> str:
    """Return the text with the line ends of every system: browsers send different ones."""
    return "\n".join(text.splitlines()).strip()
