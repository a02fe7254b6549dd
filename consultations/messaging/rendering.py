"""Named placeholders such as {reference} in a text that staff may write: checked, and filled in.

A text is data, never a format string: only a name from ``EXPLAINED`` in a pair of braces means
anything, and what stands in for it is never read again. A line that holds a placeholder with nothing to
say is left out, so that no sentence ends in the middle while the clinic has entered no phone number.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME_SHOWN = 40  # of what stands in braces, in a message about it

EXPLAINED = {
    "reference": gettext_lazy("The reference of the request"),
    "first_name": gettext_lazy("The first name of the person who wrote, where it can be told"),
    "when": gettext_lazy("The day and time of the appointment"),
    "practitioner": gettext_lazy("Whom the appointment is with"),
    "place": gettext_lazy("The clinic’s name and address"),
    "link": gettext_lazy("The address of the private page. Every mail has a new one"),
    "desk": gettext_lazy("The address of the request on the staff side"),
    "phone": gettext_lazy("The clinic’s phone number"),
    "clinic": gettext_lazy("The clinic’s name"),
    "sender": gettext_lazy(
        "The clinic’s name; “the office you wrote to” where the patient does not want us to say who we are"
    ),
    "promise": gettext_lazy("Completes “We contact you …”, with the day and time that was promised"),
    "emergency": gettext_lazy("The emergency number, 1122"),
    "what": gettext_lazy("What the patient has done, as a sentence"),
}
# These may have nothing to say.
MAY_BE_EMPTY = frozenset({"first_name", "place", "phone", "clinic"})


@dataclass(frozen=True)
class Value:
    """What stands in for a placeholder: plain text, and in HTML the address it leads to, if any."""

    text: str
    href: str = ""

    @property
    def html(self) -> SafeString:
        # On its own, whichever way the line around it runs: a name may turn the words beside it.
        inner = format_html("<bdi>{}</bdi>", self.text)
        return format_html('<a href="{}">{}</a>', self.href, inner) if self.href else inner


Values = Mapping[str, Value]


def names_in(text: str) -> list[str]:
    """What stands in braces, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


# Checking


def problems(text: str, allowed: Collection[str], required: Collection[str] = ()) -> list[str]:
    """What keeps a text from being used, as sentences for the person who wrote it."""
    if not text.strip():
        return [_("Write a text.")]
    names = names_in(text)
    found = [_unknown(name, allowed) for name in names if name not in allowed]
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        found.append(_("Write a placeholder in one pair of braces, like {reference}."))
    for name in required:
        if name not in names:
            found.append(_("Add {%(name)s}. %(why)s.") % {"name": name, "why": EXPLAINED[name]})
        elif not _always_stands(name, text):
            found.append(
                _("Write {%(name)s} on a line without %(others)s: such a line is left out at times.")
                % {"name": name, "others": _listed(MAY_BE_EMPTY & set(names))}
            )
    return found


def _always_stands(name: str, text: str) -> bool:
    """Whether a placeholder is on a line that is never left out."""
    return any(name in found and not MAY_BE_EMPTY & set(found) for found in map(names_in, text.splitlines()))


def _unknown(name: str, allowed: Collection[str]) -> str:
    shown = name if len(name) <= _NAME_SHOWN else f"{name[:_NAME_SHOWN]}…"
    meant = get_close_matches(shown.strip().lower().replace(" ", "_"), allowed, n=1)
    if meant:
        return _("{%(wrong)s} is not a placeholder of this message. Use {%(right)s}.") % {
            "wrong": shown,
            "right": meant[0],
        }
    if not allowed:
        return _("{%(wrong)s} is not a placeholder here. Take it out.") % {"wrong": shown}
    return _("{%(wrong)s} is not a placeholder of this message. Use one of these: %(all)s.") % {
        "wrong": shown,
        "all": _listed(allowed),
    }


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


# Filling in


def filled(text: str, values: Values) -> str:
    """A text as it is read, without the lines that have nothing to say. Every name in it has a value."""
    return "\n\n".join(
        "\n".join(_PLACEHOLDER.sub(lambda found: values[found[1]].text, line) for line in lines)
        for lines in _paragraphs(text, values)
    )


def as_html(text: str, values: Values) -> list[SafeString]:
    """The same text as paragraphs of HTML, everything in it escaped, its addresses as links."""
    return [
        format_html_join(SafeString("<br>"), "{}", ((_line_as_html(line, values),) for line in lines))
        for lines in _paragraphs(text, values)
    ]


def _line_as_html(line: str, values: Values) -> SafeString:
    # By turns what stands between placeholders, and the name of one.
    parts = _PLACEHOLDER.split(line)
    pieces = (values[part].html if number % 2 else part for number, part in enumerate(parts))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def _paragraphs(text: str, values: Values) -> Iterator[list[str]]:
    """The lines of each paragraph; an empty line stands between two."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line for line in paragraph.splitlines() if _says_all(line, values)]
        if lines:
            yield lines


def _says_all(line: str, values: Values) -> bool:
    return all(values[name].text for name in names_in(line))
