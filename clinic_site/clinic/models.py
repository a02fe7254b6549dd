"""Facts about the clinic, entered by staff."""

import re
import unicodedata
from datetime import date, time
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic import last_known
from clinic_site.clinic.weekdays import Weekday
from clinic_site.core.editing.translatable import Translatable
from clinic_site.core.models import SingletonModel


def dialable(number: str) -> str:
    """Return a phone number for a ``tel:`` link: ``042 …`` and ``0300 …`` become ``+92…``."""
    digits = "".join(str(unicodedata.decimal(digit)) for digit in number if digit.isdecimal())
    if number.strip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+92{digits[1:]}" if digits.startswith("0") else digits


def is_one_number(number: str) -> bool:
    """Whether a link to this number reaches one phone: it is complete, and not two numbers in one field."""
    return bool(re.fullmatch(r"\+(92\d{8,11}|(?!92)[1-9]\d{7,14})", dialable(number)))


class ClinicProfile(Translatable, SingletonModel):
    """Name, address and contact details of the clinic."""

    name = models.CharField(_("name"), max_length=80)
    tagline = models.CharField(_("one line about the clinic"), max_length=120, blank=True, default="")
    address = models.TextField(
        _("address"), max_length=300, blank=True, default="", help_text=_("One line each.")
    )
    city = models.CharField(_("city"), max_length=60, blank=True, default="")
    directions = models.CharField(_("how to find us"), max_length=300, blank=True, default="")
    parking = models.CharField(_("parking"), max_length=300, blank=True, default="")
    map_url = models.URLField(_("link to a map"), max_length=300, blank=True, default="")
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True, default="")
    whatsapp = models.CharField(_("WhatsApp"), max_length=30, blank=True, default="")
    urgent_phone = models.CharField(
        _("urgent number"),
        max_length=30,
        blank=True,
        default="",
        help_text=_("For patients after an operation."),
    )
    email = models.EmailField(_("email"), blank=True, default="")
    languages = models.CharField(
        _("languages spoken"),
        max_length=120,
        blank=True,
        default="",
        help_text=_("Separated by commas: Urdu, Punjabi, English."),
    )
    accepts_emergencies = models.BooleanField(_("takes emergencies day and night"), default=False)
    license_number = models.CharField(
        _("Punjab Healthcare Commission license"), max_length=40, blank=True, default=""
    )
    license_expires_on = models.DateField(_("license valid until"), null=True, blank=True)
    fees = models.TextField(
        _("fees"),
        max_length=1200,
        blank=True,
        default="",
        help_text=_("What a consultation costs, what is included, and how patients can pay."),
    )
    fees_as_of = models.DateField(
        _("fees as of"), null=True, blank=True, help_text=_("The day on which these fees were last checked.")
    )
    about = models.TextField(_("about the clinic"), max_length=1200, blank=True, default="")
    complaints = models.TextField(_("how to complain"), max_length=800, blank=True, default="")
    funding_statement = models.CharField(_("who pays for this site"), max_length=200, blank=True, default="")
    answer_within_hours = models.PositiveSmallIntegerField(
        _("requests are answered within"),
        null=True,
        blank=True,
        help_text=_(
            "Hours in which the clinic is open. Patients are told the day and time that this comes to. "
            "Empty or 0: no time is promised."
        ),
    )
    answer_promise = models.CharField(
        _("when requests are answered"),
        max_length=120,
        blank=True,
        default="",
        help_text=_(
            "Where no number of hours is given: completes “We’ll contact you …”, such as “by the end of the "
            "next working day”."
        ),
    )
    shows_answer_time = models.BooleanField(
        _("tell patients how soon we usually answer"),
        default=False,
        help_text=_(
            "Before they send a request, patients read within how many open hours half of the requests of "
            "the last 30 days had a first call or message. Nothing is told while fewer than 20 had one."
        ),
    )
    is_sample = models.BooleanField(
        _("sample"), default=False, help_text=_("These are not a real clinic’s details. Every page says so.")
    )

    translated_fields = (
        *("name", "tagline", "address", "city", "directions", "parking", "languages"),
        *("fees", "about", "complaints", "funding_statement", "answer_promise"),
    )

    class Meta:
        verbose_name = _("clinic")
        verbose_name_plural = _("clinic")
        constraints = [
            models.CheckConstraint(
                condition=Q(fees="") | Q(fees_as_of__isnull=False),
                name="fees_have_a_date",
                violation_error_message=_("Enter the day on which the fees were last checked."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        wrong = [
            name
            for name in ("phone", "whatsapp", "urgent_phone")
            if getattr(self, name) and not is_one_number(getattr(self, name))
        ]
        if wrong:
            message = _("Enter one number, like 042 3576 1999 or +92 301 2345678.")
            raise ValidationError(dict.fromkeys(wrong, message))

    @classmethod
    def current(cls) -> Self | None:
        profile = super().current()
        if profile:
            last_known.remember(profile.phone, profile.whatsapp_url)
        else:
            last_known.remember("")
        return profile

    @property
    def address_lines(self) -> list[str]:
        return [line.strip() for line in self.address.splitlines() if line.strip()]

    @property
    def phone_e164(self) -> str:
        return dialable(self.phone)

    @property
    def urgent_phone_e164(self) -> str:
        return dialable(self.urgent_phone)

    @property
    def whatsapp_url(self) -> str:
        """Return "" for what is not one number: the link would open a chat with a stranger."""
        return f"https://wa.me/{dialable(self.whatsapp)[1:]}" if is_one_number(self.whatsapp) else ""


MAX_SESSION_MINUTES = 16 * 60
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY


def minute_of_day(at: time) -> int:
    return at.hour * 60 + at.minute


class OpeningHours(models.Model):
    """One session in which the clinic is open; a day may have several.

    A session that closes at midnight or later belongs to the day on which it opens: 20:00 to 01:00.
    """

    Weekday = Weekday

    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(closes=F("opens")),
                name="opening_hours_have_a_length",
                violation_error_message=_("Closing time must be after opening time."),
            ),
            models.UniqueConstraint(
                fields=["weekday", "opens"],
                name="one_session_at_a_time",
                violation_error_message=_("There is a session on this day that opens at this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"

    def clean(self) -> None:
        super().clean()
        if self.opens is None or self.closes is None or self.weekday is None:
            return
        if self.opens.minute % 5 or self.opens.second or self.opens.microsecond:
            # Appointments start on full five minutes, counted from the opening time.
            raise ValidationError({"opens": _("Enter a full five minutes, like 9:05.")})
        if self.opens == self.closes:
            return  # the constraint has the message
        start, end = self._minutes_of_week()
        if end - start > MAX_SESSION_MINUTES:
            # 18:00 to 17:00 is a typing error, not a session of 23 hours.
            raise ValidationError({"closes": _("Enter a closing time at most 16 hours after opening.")})
        for other in OpeningHours.objects.exclude(pk=self.pk):
            other_start, other_end = other._minutes_of_week()
            # Sunday night may reach into Monday.
            for shift in (-MINUTES_PER_WEEK, 0, MINUTES_PER_WEEK):
                if start < other_end + shift and other_start + shift < end:
                    raise ValidationError(_("This overlaps with another session."))

    def _minutes_of_week(self) -> tuple[int, int]:
        midnight = self.weekday * MINUTES_PER_DAY
        opens, closes = minute_of_day(self.opens), minute_of_day(self.closes)
        return midnight + opens, midnight + closes + (MINUTES_PER_DAY if self.closes <= self.opens else 0)


# Limits for dates that staff enter.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class ClosureQuerySet(models.QuerySet["Closure"]):
    def upcoming(self, today: date | None = None) -> "ClosureQuerySet":
        return self.filter(ends_on__gte=today or timezone.localdate())


class Closure(Translatable):
    """Days on which the clinic is closed despite its opening hours."""

    class Certainty(models.TextChoices):
        EXPECTED = "expected", _("Expected")
        CONFIRMED = "confirmed", _("Confirmed")

    name = models.CharField(_("reason"), max_length=80)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    certainty = models.CharField(
        _("certainty"),
        max_length=10,
        choices=Certainty,
        default=Certainty.CONFIRMED,
        help_text=_("Eid is “expected” until the moon is sighted."),
    )

    translated_fields = ("name",)

    objects = ClosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="closure_ends_after_it_starts",
                violation_error_message=_("The last day cannot be before the first."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for name in ("starts_on", "ends_on"):
            day = getattr(self, name)
            if day and not FIRST_DAY <= day <= LAST_DAY:
                raise ValidationError({name: _("Enter a day from the years 2000 to 2099.")})


class EmergencyHospital(Translatable):
    """A hospital that treats severe injuries day and night. While none is entered, pages show no list."""

    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=200)
    phone = models.CharField(_("phone"), max_length=30, blank=True, default="")
    treats = models.CharField(
        _("what it treats day and night"),
        max_length=200,
        help_text=_("Only what the hospital has confirmed, such as “reattaches fingers and hands”."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    translated_fields = ("name", "address", "treats")

    class Meta:
        verbose_name = _("hospital for emergencies")
        verbose_name_plural = _("hospitals for emergencies")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def phone_e164(self) -> str:
        return dialable(self.phone)


class Criterion(models.TextChoices):
    """The ten criteria of the PIF TICK, in their order."""

    PROCESS = "process", _("Process")
    TRAINING = "training", _("Training")
    NEED = "need", _("Need")
    EVIDENCE = "evidence", _("Evidence")
    INVOLVEMENT = "involvement", _("User involvement")
    INEQUALITIES = "inequalities", _("Health inequalities")
    CLARITY = "clarity", _("Clarity")
    FEEDBACK = "feedback", _("Feedback")
    REACH = "reach", _("Reach")
    IMPACT = "impact", _("Impact")


class InformationPractice(Translatable):
    """The clinic's own text about one criterion of good health information."""

    criterion = models.CharField(
        _("criterion"),
        max_length=12,
        choices=Criterion,
        unique=True,
        error_messages={"unique": _("There is a text for this criterion already. Change that one.")},
    )
    text = models.TextField(
        _("what the clinic does"),
        max_length=600,
        help_text=_("Patients read it under “About our information”, in place of “Not done yet”."),
    )

    translated_fields = ("text",)

    class Meta:
        verbose_name = _("information practice")
        verbose_name_plural = _("how our information is made")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.get_criterion_display())
