"""Message texts with placeholders such as {{ reference }}.

A line whose placeholder is empty is left out, so that no sentence breaks off while the clinic has entered
no phone number.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.html import escape, format_html, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.http.languages import active_language, direction
from clinic_site.core.text import isolated

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
MAX_NAME_CHARS_SHOWN = 40

DESCRIPTIONS = {
    "reference": gettext_lazy("The reference of the request"),
    "references": gettext_lazy("The references of the requests, one on each line"),
    "name": gettext_lazy("The full name of the person who asked, if it can be used"),
    "when": gettext_lazy("The day and time of the appointment; several offered times have a line each"),
    "until": gettext_lazy("How long the offer is held; empty if it has no time limit"),
    "practitioner": gettext_lazy("Whom the appointment is with"),
    "place": gettext_lazy("The clinic’s name and address"),
    "link": gettext_lazy("The address of the private page. Every mail has a new one"),
    "desk": gettext_lazy("The address of the request on the staff side"),
    "phone": gettext_lazy("The clinic’s phone number"),
    "clinic": gettext_lazy("The clinic’s name"),
    "sender": gettext_lazy(
        "The clinic’s name; “the office you contacted” if the patient does not want us to say who we are"
    ),
    "promise": gettext_lazy("Completes “We’ll contact you …”, with the day and time that was promised"),
    "emergency": gettext_lazy("The emergency number, 1122"),
    "activity": gettext_lazy("What happened, as a sentence"),
}
OPTIONAL = frozenset({"name", "until", "place", "phone", "clinic"})


@dataclass(frozen=True)
class Value:
    """The value of a placeholder: plain text, and the link of it in HTML, if any.

    ``mark`` keeps it from turning round within right-to-left plain text.
    """

    text: str
    href: str = ""
    mark: str = ""

    @property
    def plain(self) -> str:
        if not self.mark or direction(active_language()) == "ltr":
            return self.text
        return "\n".join(isolated(line, self.mark) for line in self.text.splitlines())

    @property
    def html(self) -> SafeString:
        # Isolated, as a name may run in the other direction than the words around it.
        inner = format_html("<bdi>{}</bdi>", self.text)
        return format_html('<a href="{}">{}</a>', self.href, inner) if self.href else inner


Values = Mapping[str, Value]


def names_in(text: str) -> list[str]:
    """The names of the placeholders in a text, each once, in order."""
    return list(dict.fromkeys(name.strip(" ") for name in _PLACEHOLDER.findall(text)))


def problems(text: str, allowed: Collection[str], required: Collection[str] = ()) -> list[str]:
    """Why a text cannot be used, as instructions for its author."""
    if not text.strip():
        return [_("Write a text.")]
    names = names_in(text)
    found = [_unknown(name, allowed) for name in names if name not in allowed]
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        found.append(_("Write a placeholder in two pairs of braces, like {{ reference }}."))
    optional = OPTIONAL & set(names)
    for name in required:
        if name not in names:
            found.append(_("Add {{ %(name)s }}. %(why)s.") % {"name": name, "why": DESCRIPTIONS[name]})
        elif all(name not in line or OPTIONAL & set(line) for line in map(names_in, text.splitlines())):
            found.append(
                _("Write {{ %(name)s }} on a line without %(others)s: such a line may be left out.")
                % {"name": name, "others": _listed(optional)}
            )
    return found


def _unknown(name: str, allowed: Collection[str]) -> str:
    wrong = name if len(name) <= MAX_NAME_CHARS_SHOWN else f"{name[:MAX_NAME_CHARS_SHOWN]}…"
    meant = get_close_matches(wrong.lower().replace(" ", "_"), allowed, n=1)
    if meant:
        return _("{{ %(wrong)s }} is not a placeholder of this message. Use {{ %(right)s }}.") % {
            "wrong": wrong,
            "right": meant[0],
        }
    if not allowed:
        return _("{{ %(wrong)s }} is not a placeholder here. Remove it.") % {"wrong": wrong}
    return _("{{ %(wrong)s }} is not a placeholder of this message. Use one of these: %(all)s.") % {
        "wrong": wrong,
        "all": _listed(allowed),
    }


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"{{{{ {name} }}}}" for name in sorted(names))


def render_plain(text: str, values: Values) -> str:
    """Render a text without ``problems`` as plain text."""
    return _fill_in(_without_empty_lines(text, values), lambda name: values[name].plain)


def render_html(text: str, values: Values) -> SafeString:
    """Render the same text as paragraphs of HTML, with everything in it escaped."""
    source = escape(_without_empty_lines(text, values))
    rendered = _fill_in(source, lambda name: values[name].html)
    return mark_safe(linebreaks(rendered, autoescape=False))  # noqa: S308 - text and values are escaped


def _fill_in(text: str, value_of: Callable[[str], str]) -> str:
    return _PLACEHOLDER.sub(lambda placeholder: value_of(placeholder[1].strip(" ")), text)


def _without_empty_lines(text: str, values: Values) -> str:
    """Drop the lines with an empty placeholder, and the paragraphs that are empty then.

    Of the greeting only the name is dropped: "Hello,".
    """
    if "name" in values and not values["name"].text:
        text = re.sub(r" ?\{\{ *name *\}\}", "", text)
    paragraphs = (
        [line for line in paragraph.splitlines() if all(values[name].text for name in names_in(line))]
        for paragraph in re.split(r"\n\s*\n", text.strip())
    )
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines)
