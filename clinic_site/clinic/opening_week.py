"""The clinic's week as patients read it, and the sample clinic of a new site."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours
from clinic_site.core import toml_files
from clinic_site.core.editing.translatable import read_catalog

SAMPLE = Path(__file__).parent / "content" / "clinic.toml"


@dataclass(frozen=True)
class Day:
    weekday: int
    name: str
    sessions: tuple[tuple[time, time], ...]
    is_today: bool


def week(sessions: Iterable[OpeningHours], today: date | None = None) -> tuple[Day, ...]:
    """Monday to Sunday with each day's sessions, in their order."""
    weekday_today = (today or timezone.localdate()).weekday()
    sessions = sorted(sessions, key=lambda session: session.opens)
    return tuple(
        Day(
            weekday=weekday.value,
            name=str(weekday.label),
            sessions=tuple((s.opens, s.closes) for s in sessions if s.weekday == weekday.value),
            is_today=weekday.value == weekday_today,
        )
        for weekday in OpeningHours.Weekday
    )


def live_samples() -> Iterable[str]:
    """Yield the clinic while it is the sample."""
    clinic = ClinicProfile.current()
    if clinic and clinic.is_sample:
        yield f"the clinic “{clinic.name}”"


def load_sample() -> str:
    """Enter the sample clinic, unless there is a clinic already."""
    if ClinicProfile.current():
        return _("Clinic: kept as it is.")
    content = toml_files.read(SAMPLE)
    urdu = read_catalog(SAMPLE.with_name("clinic.ur.po"))
    ClinicProfile.objects.create(**content["clinic"], is_sample=True, translations={"ur": urdu})
    OpeningHours.objects.bulk_create(OpeningHours(**session) for session in content["opening_hours"])
    Closure.objects.bulk_create(Closure(**closure) for closure in content.get("closures", []))
    return _("Clinic: a sample was entered.")
