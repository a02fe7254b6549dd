"""Template filters for Markdown, dates, times and structured data."""

import json
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic_site.core.markdown import render

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Render staff's Markdown. Everything outside the subset is escaped."""
    return mark_safe(render(text))  # noqa: S308


@register.filter(expects_localtime=True)
def day(value: date | None) -> str:
    """A date as patients read it: 6 August 2026."""
    return date_format(value, "j F Y") if value else ""


@register.filter
def clock(value: Any) -> str:
    """A time of day as patients read it: 5:30 pm, 5 pm on the hour, or noon."""
    if not value:
        return ""
    if (value.hour, value.minute) == (12, 0):
        return _("noon")
    return date_format(value, "g:i a" if value.minute else "g a").replace(".", "").lower()


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
