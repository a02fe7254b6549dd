"""Template tags and filters for Markdown, dates, times, languages and structured data."""

import json
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django import template
from django.conf import settings
from django.utils.formats import date_format, time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import get_text_list
from django.utils.translation import get_language_info, override, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from clinic_site.core.http import languages
from clinic_site.core.markdown import render
from clinic_site.core.text import isolated

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Render staff's Markdown. Everything outside the subset is escaped; links to pages keep the language."""
    return mark_safe(render(text))  # noqa: S308


@register.filter(expects_localtime=True)
def day(value: date | None) -> str:
    """A date as patients read it: 6 August 2026."""
    return date_format(value, "j F Y") if value else ""


# The hour before which each part of the day ends. Urdu names the part, where English has am and pm.
_PARTS_OF_DAY = (
    (4, pgettext_lazy("midnight to 4 am", "%(time)s am")),
    (12, pgettext_lazy("4 am to noon", "%(time)s am")),
    (16, pgettext_lazy("noon to 4 pm", "%(time)s pm")),
    (20, pgettext_lazy("4 pm to 8 pm", "%(time)s pm")),
    (24, pgettext_lazy("8 pm to midnight", "%(time)s pm")),
)


def _hour(value: time | datetime) -> str:
    if (value.hour, value.minute) == (12, 0):
        return _("noon")
    part = next(text for end, text in _PARTS_OF_DAY if value.hour < end)
    return str(part) % {"time": time_format(value, "g:i" if value.minute else "g")}


@register.filter
def clock(value: time | datetime | None) -> str:
    """A time of day as patients read it: 5:30 pm, 5 pm on the hour, or noon."""
    return pgettext("a time of day", "%(time)s") % {"time": _hour(value)} if value else ""


@register.filter
def until(opens: time, closes: time) -> str:
    """A session as patients read it: 10 am–2 pm, 8 pm–midnight, 9 pm–1 am the next day."""
    at_midnight = closes == time(0)
    words = {"opens": _hour(opens), "closes": _("midnight") if at_midnight else _hour(closes)}
    if closes <= opens and not at_midnight:
        return _("%(opens)s–%(closes)s the next day") % words
    return _("%(opens)s–%(closes)s") % words


@register.filter
def listed(values: Iterable[Any], language: str = "") -> str:
    """Join values as a sentence does, a, b and c, in their language."""
    with override(language or languages.active_language()):
        return get_text_list([str(value) for value in values], _("and"))


@register.filter
def isolate(value: Any) -> str:
    """Keep the order of a number, address or reference within right-to-left plain text."""
    return isolated(str(value)) if languages.direction(languages.active_language()) == "rtl" else str(value)


@register.filter(expects_localtime=True)
def moment(value: datetime | None, day_format: str = "j F Y") -> str:
    """A day and a time: 6 August 2026, 5:30 pm."""
    if value is None:
        return ""
    return _("%(day)s, %(time)s") % {"day": date_format(value, day_format), "time": clock(value)}


# Characters that could end the script element, as JSON escapes.
_JSON_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.filter
def json_ld(data: dict[str, Any] | None) -> SafeString:
    """Render structured data. The content security policy does not apply: nothing runs."""
    if not data:
        return SafeString("")
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_JSON_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308


@register.simple_tag
def lang(text: str = "", around: str = "") -> SafeString:
    """Return the attributes of an element whose language is not that of the text around it; else "".

    Both languages default to that of the page.
    """
    text, around = text or languages.active_language(), around or languages.active_language()
    if text == around:
        return SafeString("")
    return format_html(' lang="{}" dir="{}"', text, languages.direction(text))


@register.simple_tag
def lang_of(text: str) -> SafeString:
    """Return the attributes of an element with a text that staff have written, if it is not translated."""
    return lang(getattr(text, "language", ""))


def in_its_language(text: str, language: str) -> str:
    """Return the text, as an element of its language where that is not the language of the page."""
    attributes = lang(language)
    return format_html("<span{}>{}</span>", attributes, text) if attributes else text


@register.simple_tag
def open_graph_locale(language: str = "") -> str:
    return languages.OPEN_GRAPH_LOCALES[language or languages.active_language()]


@register.simple_tag
def in_each_language(address: str) -> list[dict[str, Any]]:
    """Return the site's languages, each with this address in it. It is a path, or begins with SITE_URL."""
    path = address.removeprefix(settings.SITE_URL)
    origin = address.removesuffix(path)
    return [
        {
            "code": code,
            "name": get_language_info(code)["name_local"],
            "is_active": code == languages.active_language(),
            "is_default": code == settings.LANGUAGE_CODE,
            "address": origin + languages.path_in(code, path),
        }
        for code, _name in settings.LANGUAGES
    ]
