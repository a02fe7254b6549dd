"""What patients ask for, what happened to it, and the notice they agreed to."""

import re
from dataclasses import fields
from typing import Any, NoReturn

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from consultations import phones, workflow
from consultations.answers import (
    MAX_AGE,
    MESSAGE_LENGTH,
    NAME_LENGTH,
    RELATIONSHIP_LENGTH,
    About,
    Answers,
    ContactMethod,
    ForWhom,
)
from consultations.keys import token_hash
from consultations.references import reference_prefix
from consultations.text import folded
from consultations.workflow import Status

STATUS_CHOICES = [(status.value, _(name)) for status, name in workflow.NAMES.items()]


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that are written once. Neither one of them nor a set of them changes or goes."""

    def update(self, **changes: Any) -> NoReturn:
        raise TypeError(f"A row of {self.model.__name__} is never changed.")

    def delete(self) -> NoReturn:
        raise TypeError(f"A row of {self.model.__name__} is never deleted.")

    def bulk_create(self, objs: Any, *args: Any, **options: Any) -> Any:
        if options.get("update_conflicts"):
            raise TypeError(f"A row of {self.model.__name__} is never changed.")
        return super().bulk_create(objs, *args, **options)


class AppendOnlyModel(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"A row of {type(self).__name__} is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"A row of {type(self).__name__} is never deleted.")


class PrivacyNoticeQuerySet(AppendOnlyQuerySet):
    def in_force(self) -> "PrivacyNoticeQuerySet":
        return self.filter(published_at__lte=timezone.now())

    def current(self, language: str) -> "PrivacyNotice | None":
        """The newest notice in a language; while there is none, that in the site's own language."""
        newest_first = (
            self.in_force().filter(language__in=[language, settings.LANGUAGE_CODE]).order_by("-number")
        )
        return min(newest_first, key=lambda notice: notice.language != language, default=None)

    def to_agree_to(self, shown: str, language: str) -> "PrivacyNotice | None":
        """The notice that a form says it shows (its id, as text); otherwise the current one.

        Who has read a notice agrees to that one, even if a newer one was published meanwhile.
        """
        is_id = shown.isascii() and shown.isdigit() and len(shown) < 19
        notice: PrivacyNotice | None = self.in_force().filter(pk=shown).first() if is_id else None
        return notice or self.current(language)

    def next_number(self, language: str) -> int:
        newest = self.filter(language=language).aggregate(models.Max("number"))["number__max"]
        return (newest or 0) + 1


class PrivacyNotice(AppendOnlyModel):
    """What patients are told about their details, and agree to. One row a version and language.

    Somebody may be reading a notice the minute after it is published, and agree to it days later: a
    notice is never changed. A correction is a new version.
    """

    number = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    summary = models.TextField(
        _("in three sentences"), max_length=500, help_text=_("Shown in the form, above the box to tick.")
    )
    text = models.TextField(
        _("the whole notice"),
        max_length=20_000,
        help_text=_("Paragraphs, headings with ##, lists with -, **bold**, and links."),
    )
    published_at = models.DateTimeField(_("published at"), default=timezone.now)

    objects = PrivacyNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("privacy notice")
        verbose_name_plural = _("privacy notices")
        ordering = ["language", "-number"]
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(
                fields=["language", "number"],
                name="one_notice_of_a_number",
                violation_error_message=_("There is a notice with this number in this language already."),
            )
        ]

    def __str__(self) -> str:
        return gettext("Version %(number)d (%(language)s)") % {
            "number": self.number,
            "language": self.get_language_display(),
        }

    @property
    def sections(self) -> list[tuple[str, str]]:
        """The whole notice, cut at its lines that begin with "## ": (heading, text) pairs.

        What stands before the first of them has no heading.
        """
        parts = re.split(r"^## *(.*)$", self.text.replace("\r\n", "\n"), flags=re.MULTILINE)
        pairs = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
        return [(heading.strip(), text.strip()) for heading, text in pairs if heading.strip() or text.strip()]


class ConsultationRequestQuerySet(models.QuerySet["ConsultationRequest"]):
    def waiting(self) -> "ConsultationRequestQuerySet":
        """Those for which the clinic has to do the next thing, the one that has waited longest first."""
        return self.filter(status__in=workflow.WAITING).order_by("created_at", "pk")

    def with_waiting_since(self) -> "ConsultationRequestQuerySet":
        """Adds ``waiting_since``: when the request came, if it is waiting; otherwise None."""
        return self.annotate(waiting_since=Case(When(status__in=workflow.WAITING, then=F("created_at"))))

    def for_key(self, key_hash: str) -> "ConsultationRequestQuerySet":
        return self.filter(key_hash=key_hash)

    def for_token(self, token: str) -> "ConsultationRequestQuerySet":
        return self.filter(token_hash=token_hash(token))

    def search(self, text: str) -> "ConsultationRequestQuerySet":
        """By reference (however written), by phone (in any spelling), or by a name of patient or requester.

        Of a reference half is enough, of a phone number four digits; of a name every word must occur.
        """
        words = folded(text).split()
        if not words:
            return self
        found = Q()
        for word in words:
            found &= Q(names_folded__contains=word)
        if reference := reference_prefix(text):
            found |= Q(reference__startswith=reference)
        if digits := phones.digits_to_find(text):
            found |= Q(phone__contains=digits)
        return self.filter(found)


class ConsultationRequest(models.Model):
    """One wish for a consultation appointment, as it was sent, and where it stands.

    Patient and requester are separate people; for oneself the requester's name stays empty.
    ``services`` is the only writer: nothing else sets a status, or makes a row.
    """

    reference = models.CharField(_("reference"), max_length=12)
    token_hash = models.CharField(max_length=64, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("status"), max_length=20, choices=STATUS_CHOICES, default=Status.NEW.value)

    for_whom = models.CharField(pgettext_lazy("a request", "for whom"), max_length=10, choices=ForWhom)
    requester_name = models.CharField(_("requester’s name"), max_length=NAME_LENGTH, blank=True, default="")
    relationship = models.CharField(
        _("relationship to the patient"), max_length=RELATIONSHIP_LENGTH, blank=True, default=""
    )
    patient_name = models.CharField(_("patient’s name"), max_length=NAME_LENGTH)
    patient_age = models.PositiveSmallIntegerField(
        _("patient’s age"),
        validators=[MinValueValidator(0), MaxValueValidator(MAX_AGE)],
        help_text=_("In years."),
    )
    names_folded = models.TextField(editable=False)  # what a search by name compares with

    about = models.CharField(pgettext_lazy("a request", "about"), max_length=20, choices=About)
    procedure = models.ForeignKey(
        "procedures.Procedure",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="consultation_requests",
        verbose_name=_("procedure"),
    )
    # The name as the patient chose it: it stays, whatever becomes of the procedure's page.
    procedure_name = models.CharField(_("procedure’s name"), max_length=65, blank=True, default="")
    message = models.TextField(_("in the patient’s words"), max_length=MESSAGE_LENGTH, blank=True, default="")

    contact_method = models.CharField(_("how to reach them"), max_length=10, choices=ContactMethod)
    phone_as_typed = models.CharField(_("phone, as typed"), max_length=phones.MAX_LENGTH)
    phone = models.CharField(_("phone"), max_length=16, help_text=_("E.164, like +923012345678."))
    email = models.EmailField(_("email"), blank=True, default="")

    language = models.CharField(_("language"), max_length=10)
    notice = models.ForeignKey(
        PrivacyNotice,
        models.PROTECT,
        related_name="consultation_requests",
        verbose_name=_("notice agreed to"),
    )
    consented_at = models.DateTimeField(_("agreed at"))
    source_page = models.CharField(_("came from"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("sent at"))
    status_changed_at = models.DateTimeField(_("status since"))

    objects = ConsultationRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("consultation request")
        verbose_name_plural = _("consultation requests")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("change_status", "Can change the status of a consultation request")]
        indexes = [
            models.Index(fields=["status", "created_at"], name="request_queue"),
            models.Index(fields=["phone"], name="request_phone"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                name="one_request_of_a_reference",
                violation_error_message=_("Another request has this reference."),
            ),
            models.UniqueConstraint(
                fields=["token_hash"],
                name="one_request_of_a_token",
                violation_error_message=_("Another request has this private address."),
            ),
            models.UniqueConstraint(
                fields=["key_hash"],
                name="one_request_of_a_form",
                violation_error_message=_("This form has been sent already."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]),
                name="request_status_is_known",
                violation_error_message=_("Choose a status that exists."),
            ),
            models.CheckConstraint(
                condition=Q(for_whom__in=ForWhom.values),
                name="request_for_whom_is_known",
                violation_error_message=_("Choose who the request is for."),
            ),
            models.CheckConstraint(
                condition=~Q(for_whom__in=[ForWhom.CHILD, ForWhom.ADULT])
                | (~Q(requester_name="") & ~Q(relationship="")),
                name="request_for_another_names_its_writer",
                violation_error_message=_("Enter the name of the person who asks, and their relationship."),
            ),
            models.CheckConstraint(
                condition=~Q(patient_name=""),
                name="request_names_its_patient",
                violation_error_message=_("Enter the patient’s full name."),
            ),
            models.CheckConstraint(
                condition=Q(patient_age__range=(0, MAX_AGE)),
                name="request_age_is_possible",
                violation_error_message=_("Enter the patient’s age in years, from 0 to 120."),
            ),
            models.CheckConstraint(
                condition=(Q(about=About.PROCEDURE) & ~Q(procedure_name=""))
                | Q(about__in=[About.SOMETHING_ELSE, About.NOT_SURE], procedure_name="", procedure=None),
                name="request_names_its_procedure",
                violation_error_message=_("Choose what the request is about."),
            ),
            models.CheckConstraint(
                condition=Q(contact_method__in=ContactMethod.values),
                name="request_contact_method_is_known",
                violation_error_message=_("Choose how to reach the patient."),
            ),
            models.CheckConstraint(
                condition=~Q(contact_method=ContactMethod.EMAIL) | ~Q(email=""),
                name="request_by_email_has_an_email",
                violation_error_message=_("Enter an email address, or choose another way of contact."),
            ),
            models.CheckConstraint(
                condition=Q(phone__startswith="+"),
                name="request_phone_is_international",
                violation_error_message=_("The phone number must begin with + and the country’s code."),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def answers(self) -> Answers:
        return Answers(**{field.name: getattr(self, field.name) for field in fields(Answers)})

    @property
    def subject(self) -> str:
        """What the request is about, in the words that the patient chose."""
        return self.procedure_name or str(About(self.about).label)

    @property
    def status_for_patient(self) -> Status:
        """The status that the private page tells: whoever sent what looks like spam is not told so."""
        return Status.NEW if self.status in workflow.SET_ASIDE else Status(self.status)

    @property
    def was_changed_by_patient(self) -> bool:
        return self.notes.filter(author=None).exists()

    @property
    def next_steps(self) -> tuple[workflow.Step, ...]:
        return workflow.STEPS[Status(self.status)]


class Event(AppendOnlyModel):
    """Something that happened to a request. Written in the transaction of what it records, and never again.

    ``detail`` says more where a kind needs it, never with personal details: a log outlives an erasure.
    """

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("Sent by the patient")
        STATUS_CHANGED = "status_changed", _("Status changed")
        ANSWERS_CHANGED = "answers_changed", _("Answers changed by the patient")

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="events")
    kind = models.CharField(_("what happened"), max_length=30, choices=Kind)
    # Nobody of the staff for what the patient did. A person who leaves is deactivated, not deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))
    from_status = models.CharField(_("from"), max_length=20, choices=STATUS_CHOICES, blank=True, default="")
    to_status = models.CharField(_("to"), max_length=20, choices=STATUS_CHOICES, blank=True, default="")
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """Words added to a request after it was sent: the patient's (no author), or a colleague's."""

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    text = models.TextField(_("text"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.request} {self.at:%Y-%m-%d %H:%M}"
