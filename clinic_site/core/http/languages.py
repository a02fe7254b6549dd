"""The languages of the site, in addresses and in HTML."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import escape_leading_slashes
from django.utils.translation import get_language, get_language_info

# Their names in Open Graph.
OPEN_GRAPH_LOCALES = {"en": "en_US", "ur": "ur_PK"}


def active_language() -> str:
    return get_language() or str(settings.LANGUAGE_CODE)


def known(language: str) -> str:
    """Return the language, or English if the site does not have it."""
    return language if language in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)


def query(language: str) -> dict[str, str]:
    """Return the query of a staff page about content in a language: nothing for English."""
    return {} if language == settings.LANGUAGE_CODE else {"language": language}


def with_fallback(language: str) -> tuple[str, ...]:
    """Return the languages to look for content in, the best first."""
    return tuple(dict.fromkeys((language, settings.LANGUAGE_CODE)))


def direction(language: str) -> str:
    return "rtl" if get_language_info(language)["bidi"] else "ltr"


def is_change_of_language(request: HttpRequest) -> bool:
    """Return whether the language was chosen in the header, with a form that is to be shown unchecked."""
    return request.POST.get("change") == "language"


def path_in(language: str, path: str) -> str:
    """Return this path in another language. There need not be a page at it."""
    for code, _name in settings.LANGUAGES:
        if path.startswith(f"/{code}/"):
            path = path.removeprefix(f"/{code}")
            break
    # Without its prefix, /ur//other.example would be an address on another host.
    return escape_leading_slashes(path) if language == settings.LANGUAGE_CODE else f"/{language}{path}"
