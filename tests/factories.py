"""Factories: each returns a complete object, with fields to override."""

import re
from datetime import date, datetime
from typing import Any

import msgspec
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.answers import About, ContactMethod, ForWhom
from consultations.intake import submission
from consultations.lifecycle import staff_actions
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from procedures.models import (
    Disclaimer,
    Emergency,
    Overview,
    Page,
    Practitioner,
    Procedure,
    Publication,
    Source,
)
from procedures.publishing import documents, drafts, publishing, share_images
from procedures.publishing.documents import PageDocument

# Pages and what is published of them


def a_document(**changes: Any) -> PageDocument:
    """A procedure's document that lacks nothing: signed, sourced, with every list filled."""
    return msgspec.structs.replace(_COMPLETE, **changes)


_COMPLETE = PageDocument(
    kind="procedure",
    language="en",
    title="Lymph Vessel Repair",
    summary="Lymph vessel repair joins very small lymph vessels to veins.",
    description="Why lymph vessels are repaired, what happens, recovery and risks.",
    author="The clinic",
    drawing="vessel",
    photo=documents.Photo(digest="0" * 32, width=800, height=600, widths=(480, 800), alt="A microscope"),
    slug="lymph-vessel-repair",
    plain_name="joining small lymph vessels to veins",
    menu_label="Lymph Repair",
    alternate_names=("Lymphovenous anastomosis",),
    urgency="planned",
    body_location="Arm or leg",
    show_in_form=True,
    sections=(
        documents.Section(kind="why", heading="Why it is done", body="To let fluid drain."),
        documents.Section(kind="alternatives", heading="Other options", body="Compression, or no operation."),
        documents.Section(kind="preparation", heading="How to prepare", body="Ask about your medicines."),
        documents.Section(kind="steps", heading="What happens", body=""),
        documents.Section(kind="recovery", heading="Recovery", body=""),
        documents.Section(kind="risks", heading="Risks", body=""),
        documents.Section(kind="help", heading="When to get help", body=""),
        documents.Section(kind="questions", heading="Questions to ask", body=""),
    ),
    key_facts=(
        documents.KeyFact(label="Operation length", value="3 to 4 hours", certainty="varies", source=1),
    ),
    benefits=(),
    steps=(documents.TitledText(title="Joining", body="The vessels are joined."),),
    has_own_steps=True,
    recovery_notes=(documents.TitledText(title="First days", body="You rest."),),
    expectations=(),
    risks=(
        documents.Risk(name="Infection", medical_term="", body="Germs get in.", frequency="uncommon"),
        documents.Risk(name="Scars", medical_term="", body="Each cut leaves one.", frequency="common"),
    ),
    care_cards=(
        documents.CareCard(level="emergency", heading="Call 1122 now if:", items=("bleeding does not stop",)),
        documents.CareCard(level="routine", heading="Contact the clinic if:", items=("you have a question",)),
    ),
    questions=(
        documents.Question(text="What would you choose?", answer=""),
        documents.Question(text="Can I drive?", answer="Ask first."),
    ),
    sources=(
        documents.Source(
            key="lymph-2020",
            title="Lymph surgery",
            publisher="A hospital",
            year=2020,
            url="https://example.org/lymph",
            statements=(documents.Statement(section="why", text="Fluid drains better."),),
        ),
    ),
    disclaimer=documents.Disclaimer(heading="Disclaimer", body="For information only."),
    review=documents.Review(
        reviewer=documents.Person(
            name="Dr. Ayesha Khan",
            registration_number="12345-P",
            qualifications="MBBS, FCPS",
            specialty="Plastic Surgery",
            is_sample=False,
        ),
        reviewed_on=date(2026, 3, 1),
        due_on=date(2029, 3, 1),
    ),
)


def a_disclaimer() -> Disclaimer:
    return Disclaimer.objects.create(heading="Disclaimer", body="For information only.")


def an_emergency_text(**fields: Any) -> Emergency:
    """A complete draft."""
    emergency = Emergency.objects.create(
        **{
            "title": "Do this now.",
            "author": "The clinic",
            "signs_heading": "Call 1122 if:",
            "signs": "a part is cut off",
            "first_aid": "Call 1122.\nPress firmly.",
            "warnings": "Do not wait.",
        }
        | fields
    )
    source = Source.objects.filter(key="lymph-2020").first() or a_source()
    emergency.citations.create(source=source, section="emergency", statement="Pressing stops bleeding.")
    return emergency


def a_reviewer(**fields: Any) -> Practitioner:
    """A real, registered person."""
    return Practitioner.objects.create(
        **{
            "name": "Dr. Ayesha Khan",
            "registration_number": "12345-P",
            "qualifications": "MBBS, FCPS",
            "specialty": "Plastic Surgery",
        }
        | fields
    )


def a_source(key: str = "lymph-2020", **fields: Any) -> Source:
    return Source.objects.create(
        key=key, **{"title": "Lymph surgery", "publisher": "A hospital", "year": 2020} | fields
    )


def an_overview(**fields: Any) -> Overview:
    """A working copy of the front page with the little that the gate wants."""
    overview = Overview.objects.create(
        **{
            "title": "Microsurgery",
            "summary": "Surgery with a microscope.",
            "description": "What it is.",
            "author": "The clinic",
        }
        | fields
    )
    _fill(overview, ("introduction", "emergency", "procedures", "steps", "risks", "help"))
    overview.steps.create(title="Consultation", body="A microsurgeon examines you.")
    return overview


def a_procedure(slug: str = "lymph-vessel-repair", **fields: Any) -> Procedure:
    """A working copy of a procedure with the little that the gate wants."""
    title = slug.replace("-", " ").title()[:65]
    procedure = Procedure.objects.create(
        slug=slug,
        **{
            "title": title,
            "menu_label": title[:30],
            "plain_name": "joining small lymph vessels to veins",
            "summary": f"{title} in two plain sentences.",
            "description": f"{title}, recovery and risks.",
            "author": "The clinic",
        }
        | fields,
    )
    _fill(procedure, ("why", "alternatives", "steps", "risks", "help"))
    return procedure


def _fill(page: Page, kinds: tuple[str, ...]) -> None:
    for position, kind in enumerate(kinds, start=1):
        # A number in a title ("Procedure 2") needs a source.
        named = page.title[:40] if kind == "why" else re.sub(r" ?\d", "", page.title[:40])
        page.sections.create(kind=kind, heading=f"{named}: {kind}", body="Plain words.", position=position)
    page.risks.create(name="Infection", body="Germs get in.", frequency="common", position=1)
    page.carecards.create(level="emergency", heading="Call 1122 now if:", items="bleeding does not stop")
    source = Source.objects.filter(key="lymph-2020").first() or a_source()
    page.citations.create(source=source, section="why", statement="Fluid drains better.")


def published(page: Page, language: str = "en", **signing: Any) -> Publication:
    """The page's next version, signed today by a registered reviewer unless told otherwise."""
    if Disclaimer.current() is None:
        a_disclaimer()
    needs_first_aid = page.sections.filter(kind="emergency").exists()
    if needs_first_aid and not Publication.objects.filter(page__kind="emergency").exists():
        published(Emergency.objects.first() or an_emergency_text())
    today = timezone.localdate()
    sign_off = publishing.SignOff(
        reviewer=signing.pop("reviewer", None)
        or Practitioner.objects.filter(is_sample=False).first()
        or a_reviewer(),
        reviewed_on=signing.pop("reviewed_on", today),
        review_due_on=signing.pop("review_due_on", date(today.year + 2, 1, 1)),
    )
    return publishing.publish(
        page,
        language=language,
        sign_off=sign_off,
        **{
            "change_note": "Written.",
            "by": None,
            "seen": publishing.fingerprint(page, drafts.read_draft(page, language)),
        }
        | signing,
    )


def translated(publication: Publication, **words: Any) -> Publication:
    """Publish the document of a publication in Urdu, with these words in place of its own."""
    document = PageDocument.from_json(publication.document)
    document = msgspec.structs.replace(document, language="ur", **words)
    document = msgspec.structs.replace(document, share_picture=share_images.make(document))
    copied = ("page", "slug", "reviewer", "reviewed_on", "review_due_on", "published_at", "live_from")
    earlier = Publication.objects.filter(page=publication.page, language="ur")
    return Publication.objects.create(
        language="ur",
        number=earlier.count() + 1,
        document=document.to_json(),
        card=document.card.to_json(),
        **{name: getattr(publication, name) for name in copied},
    )


def published_procedures(count: int) -> list[Procedure]:
    """Publish ``count`` procedures."""
    procedures = [a_procedure(f"procedure-{number}", position=number) for number in range(1, count + 1)]
    for procedure in procedures:
        published(procedure)
    return procedures


# Staff


def staff(role: str = "", **fields: Any) -> User:
    """Return a staff account with a role and no password: use ``client.force_login``."""
    user = User(email=f"{role.lower().replace(' ', '-') or 'nobody'}@clinic.example", is_staff=True)
    for name, value in fields.items():
        setattr(user, name, value)
    user.set_unusable_password()
    user.save()
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def signed_in(role: str, **fields: Any) -> Client:
    """Return a client signed in with this role."""
    client = Client()
    client.force_login(staff(role, **fields))
    return client


def a_coordinator() -> User:
    """The one coordinator, created when first asked for."""
    return User.objects.filter(email="coordinator@clinic.example").first() or staff(COORDINATOR)


# Requests


def a_notice(**changes: Any) -> PrivacyNotice:
    language = changes.get("language", "en")
    values = {
        "number": PrivacyNotice.objects.next_number(language),
        "language": language,
        "summary": "We keep this. Staff read it. You may ask.",
        "text": "## What we keep\n\nYour answers.",
    }
    return PrivacyNotice.objects.create(**values | changes)


def answers(**changes: Any) -> ConsultationRequest:
    """Return the unsaved answers of an adult who asks for herself."""
    values = {
        "for_whom": ForWhom.SELF.value,
        "patient_name": "Ayesha Khan",
        "patient_age": 34,
        "about": About.NOT_SURE.value,
        "contact_method": ContactMethod.CALL.value,
        "phone_as_typed": "0301 2345678",
        "phone": "+923012345678",
    }
    return ConsultationRequest(**values | changes)


def a_submission(
    *,
    key: SubmissionKey | None = None,
    suspicions: tuple[str, ...] = (),
    network: str = "",
    **changes: Any,
) -> submission.Submission:
    return submission.Submission(
        network=network,
        suspicions=suspicions,
        key=key or SubmissionKey.new(),
        answers=answers(**changes),
        notice=PrivacyNotice.objects.current("en") or a_notice(),
        language="en",
    )


def a_request(
    *,
    status: Status = Status.NEW,
    created_at: datetime | None = None,
    key: SubmissionKey | None = None,
    **changes: Any,
) -> ConsultationRequest:
    """A stored and announced request, then put into a status and back in time, without events of that."""
    request = submission.submit(a_submission(key=key, **changes))
    announce_new_requests()
    moved: dict[str, Any] = {"status": status}
    if created_at:
        moved |= {"created_at": created_at, "status_changed_at": created_at}
    ConsultationRequest.objects.filter(pk=request.pk).update(**moved)
    request.refresh_from_db()
    return request


def version_of(request: ConsultationRequest) -> int:
    """The stored version of a request, as on a screen that was opened just now."""
    return ConsultationRequest.objects.get(pk=request.pk).version


def change_status(request: ConsultationRequest, *steps: str, by: User | None = None) -> None:
    """Have staff take a request, as it is stored, through these statuses."""
    for to in steps:
        staff_actions.change_status(request, to, actor=by or a_coordinator(), version=version_of(request))
    request.refresh_from_db()


def form_data(**changes: Any) -> dict[str, Any]:
    """Return what a browser sends when a guardian fills in the form for a child, without the hidden fields.

    A value of None leaves its field out.
    """
    values = {
        "for_whom": "child",
        "requester_name": "Ayesha Khan",
        "relationship": "guardian",
        "patient_name": "علی خان",
        "patient_age": "7",
        "about": "not_sure",
        "message": "He cut his hand on glass.\r\nTwo fingers feel numb.",
        "contact_method": "whatsapp",
        "phone": "0301 2345678",
        "email": "",
        "onset": "2",
        "phone_is_shared": "on",
        "may_identify_clinic": "no",
        "speaks": "ur",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}
