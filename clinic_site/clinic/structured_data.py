"""schema.org data about the clinic. Only facts that the page shows too."""

import re
from collections.abc import Iterable, Iterator
from datetime import time
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.clinic.models import ClinicProfile, Closure
from clinic_site.clinic.opening_week import Day
from clinic_site.core.http.languages import active_language, path_in

Node = dict[str, Any]

# From schema.org's list of medical specialties.
PLASTIC_SURGERY, SURGERY = "https://schema.org/PlasticSurgery", "https://schema.org/Surgical"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def absolute(path: str) -> str:
    return settings.SITE_URL + path


def clinic_id() -> str:
    """Return the ``@id`` of the clinic in all structured data, the same in every language."""
    return absolute(path_in(settings.LANGUAGE_CODE, reverse("clinic"))) + "#clinic"


def without_empty(node: Node) -> Node:
    """Return the node without empty properties."""
    return {name: value for name, value in node.items() if value not in (None, "", [], {}, ())}


def names(listed: str) -> list[str]:
    """Return the names in a comma-separated list."""
    return [name.strip() for name in re.split("[,،]", listed) if name.strip()]


def graph(*nodes: Node) -> Node:
    return {"@context": "https://schema.org", "@graph": list(nodes)}


def clinic(
    profile: ClinicProfile,
    days: Iterable[Day] = (),
    closures: Iterable[Closure] = (),
    operations: Iterable[tuple[str, str]] = (),
) -> Node:
    """Return a ``MedicalClinic`` with the given opening hours and the operations (name, path) of the menu."""
    numbers = (
        ("customer service", profile.phone_e164),
        (_("Urgent number after an operation"), profile.urgent_phone_e164),
    )
    return without_empty(
        {
            "@type": "MedicalClinic",
            "@id": clinic_id(),
            "name": profile.name,
            "url": absolute(path_in(active_language(), "/")),
            "telephone": profile.phone_e164,
            "email": profile.email,
            "contactPoint": [
                without_empty(
                    {
                        "@type": "ContactPoint",
                        "contactType": what,
                        "telephone": number,
                        "availableLanguage": names(profile.languages),
                    }
                )
                for what, number in numbers
                if number
            ],
            "image": absolute(static(f"components/share-{active_language()}.jpg")),
            "medicalSpecialty": [PLASTIC_SURGERY, SURGERY],
            "address": _address(profile),
            "geo": _place(profile),
            "hasMap": profile.map_url,
            "openingHoursSpecification": [*_openings(days, closures)],
            "hasCertification": _license(profile),
            "availableService": [
                {"@type": "SurgicalProcedure", "name": name, "url": absolute(path)}
                for name, path in operations
            ],
        }
    )


def clinic_reference(profile: ClinicProfile) -> Node:
    """Return the clinic as the publisher of other pages."""
    return without_empty(
        {"@type": "MedicalClinic", "@id": clinic_id(), "name": profile.name, "address": _address(profile)}
    )


def breadcrumbs(*trail: tuple[str, str]) -> Node:
    """Return the trail of (name, path) after the front page, with the names of ``components/crumbs.html``."""
    home = (_("Home"), path_in(active_language(), "/"))
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": absolute(path)}
            for position, (name, path) in enumerate([home, *trail], start=1)
        ],
    }


def item_list(*items: tuple[str, str]) -> Node:
    """Return the links (name, path) that a page lists, in their order."""
    return {
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "url": absolute(path)}
            for position, (name, path) in enumerate(items, start=1)
        ],
    }


def _address(profile: ClinicProfile) -> Node | None:
    if not (profile.address_lines or profile.city):
        return None
    return without_empty(
        {
            "@type": "PostalAddress",
            "streetAddress": ", ".join(profile.address_lines),
            "addressLocality": profile.city,
            "addressCountry": "PK",
        }
    )


def _place(profile: ClinicProfile) -> Node | None:
    if profile.latitude is None or profile.longitude is None:
        return None
    return {
        "@type": "GeoCoordinates",
        "latitude": float(profile.latitude),
        "longitude": float(profile.longitude),
    }


def _license(profile: ClinicProfile) -> Node | None:
    if not profile.license_number:
        return None
    return without_empty(
        {
            "@type": "Certification",
            "name": _("Punjab Healthcare Commission"),
            "certificationIdentification": profile.license_number,
            "expires": profile.license_expires_on and profile.license_expires_on.isoformat(),
        }
    )


def _openings(days: Iterable[Day], closures: Iterable[Closure]) -> Iterator[Node]:
    for day in days:
        for opens, closes in day.sessions:
            # Midnight as the last minute of the day: 00:00 to 00:00 would mean "closed".
            last_minute = "23:59" if closes == time(0) else f"{closes:%H:%M}"
            yield _opening(dayOfWeek=WEEKDAYS[day.weekday], opens=f"{opens:%H:%M}", closes=last_minute)
    for closure in closures:
        if closure.certainty == Closure.Certainty.CONFIRMED:
            first, last = closure.starts_on.isoformat(), closure.ends_on.isoformat()
            # schema.org's way to say "closed": it opens and closes at the same moment.
            yield _opening(validFrom=first, validThrough=last, opens="00:00", closes="00:00")


def _opening(**properties: str) -> Node:
    return {"@type": "OpeningHoursSpecification", **properties}
