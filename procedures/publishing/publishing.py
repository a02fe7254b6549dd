"""Publish, withdraw, restore and archive pages; preview links. Nothing else writes publications."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from msgspec import structs

from clinic_site.core.http import page_cache
from procedures.models import Page, Practitioner, PreviewLink, Procedure, Publication, SectionKind
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.models.publications import NOT_CALLED_OFF, is_outdated
from procedures.publishing import drafts, share_images
from procedures.publishing.checks import PublicationProblem, publication_problems, translation_problems
from procedures.publishing.comparison import numbers_in, shared_words, structure
from procedures.publishing.documents import PageDocument, Person, Review, Version

PREVIEW_DAYS = 7


class NotReadyError(Exception):
    """The page does not pass the publication checks; ``problems`` says why."""

    def __init__(self, *problems: PublicationProblem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class ChangedSinceSeenError(Exception):
    """The page changed after the publisher opened it. The message tells the publisher how."""


@dataclass(frozen=True)
class SignOff:
    """The review that a version is published under."""

    reviewer: Practitioner
    reviewed_on: date
    review_due_on: date

    def review(self, language: str) -> Review:
        return Review(
            reviewer=drafts.frozen(self.reviewer.in_language(language), Person),
            reviewed_on=self.reviewed_on,
            due_on=self.review_due_on,
        )


@transaction.atomic
def publish(
    page: Page,
    *,
    language: str,
    sign_off: SignOff | None,
    change_note: str,
    by: Any,
    seen: str,
    live_from: datetime | None = None,
) -> Publication:
    """Freeze the draft as the page's next version, signed by a reviewer.

    Without ``sign_off`` it is a correction of typing, under the last full review and its dates. ``seen`` is
    the fingerprint of the page when the publisher opened it; ``live_from`` may be in the future.

    Writes nothing and raises ``NotReadyError`` if a publication check fails or a correction needs a review,
    ``ChangedSinceSeenError`` if the page was edited, published or withdrawn meanwhile, and
    ``NoTextInLanguageError`` if there is no English version to translate.
    """
    page, document, translates = _locked(page, language)
    _check_seen(seen, page, document)
    is_minor = sign_off is None
    reviewer, review = (
        (sign_off.reviewer, sign_off.review(language)) if sign_off else _last_sign_off(page, language)
    )
    now = timezone.now()
    live_from = max(live_from or now, now)
    document = structs.replace(document, review=review)
    problems = [*draft_problems(page, document)]
    if live_from > now and review.due_on <= timezone.localdate(live_from):
        message = _("This is after the next review. Choose an earlier time.")
        problems.append(PublicationProblem("live_from", message))
    if is_minor:
        problems += _correction_problems(page, document, live_from)
    if problems:
        raise NotReadyError(*problems)
    return _store(
        page,
        document,
        now,
        live_from,
        translates=translates,
        reviewer=reviewer,
        reviewed_on=review.reviewed_on,
        review_due_on=review.due_on,
        is_minor=is_minor,
        change_note=change_note,
        published_by=by,
    )


@transaction.atomic
def publish_sample(page: Page, *, language: str) -> Publication:
    """Publish the draft unreviewed and unchecked. Readers see that it is a sample.

    For the initial content of a new site; staff have no access to it.
    """
    page, document, translates = _locked(page, language)
    now = timezone.now()
    return _store(page, document, now, live_from=now, translates=translates)


def _locked(page: Page, language: str) -> tuple[Page, PageDocument, Publication | None]:
    """Lock the page, so that concurrent versions get different numbers.

    Return it with its draft, and the English version if that is a translation. A scheduled version may go
    live between the two: the translation then counts as outdated, not as one of the newer version.
    """
    page = Page.objects.select_for_update().get(pk=page.pk)
    translates = None if language == DRAFT_LANGUAGE else drafts.live_english(page)[0]
    return page, drafts.read_draft(page, language), translates


def _store(
    page: Page, document: PageDocument, now: datetime, live_from: datetime, **signing: Any
) -> Publication:
    earlier = Publication.objects.filter(page=page, language=document.language).aggregate(
        number=Max("number"), first_live_from=Min("live_from", filter=NOT_CALLED_OFF)
    )
    version = Version(
        number=(earlier["number"] or 0) + 1,
        published_at=live_from,
        first_published_at=min(earlier["first_live_from"] or live_from, live_from),
        change_note=signing.get("change_note", ""),
    )
    if page.kind == Page.Kind.EMERGENCY:
        # The last good copies of other pages show the former text.
        transaction.on_commit(page_cache.delete_copies, robust=True)
    # The image is written before the row that refers to it. A file whose row is rolled back does no harm.
    with override(document.language):
        document = structs.replace(document, version=version, share_picture=share_images.make(document))
    publication = Publication.objects.create(
        page=page,
        language=document.language,
        number=version.number,
        slug=document.slug,
        document=document.to_json(),
        card=document.card.to_json(),
        published_at=now,
        live_from=live_from,
        **signing,
    )
    _withdraw_translations_elsewhere(page)
    return publication


def _withdraw_translations_elsewhere(page: Page) -> None:
    """Withdraw translations from the time that the English page is under another address, now or later."""
    now = timezone.now()
    translations = Publication.objects.filter(page=page).exclude(language=DRAFT_LANGUAGE)
    # The move may have been called off, or have another time.
    translations.filter(withdrawn_at__gt=now).update(withdrawn_at=None)
    english = Publication.objects.filter(page=page, language=DRAFT_LANGUAGE)
    for version in [*english.live(), *english.scheduled().order_by("live_from")]:
        elsewhere = translations.filter(withdrawn_at=None).exclude(slug=version.slug)
        elsewhere.update(withdrawn_at=max(now, version.live_from))


@transaction.atomic
def withdraw(page: Page, *, language: str) -> bool:
    """Take the page off the site and cancel scheduled versions. Return whether there were any.

    With the English page its translations are withdrawn. Raises ``ValueError`` for the emergency text, which
    is only ever replaced.
    """
    if Page.objects.select_for_update().get(pk=page.pk).kind == Page.Kind.EMERGENCY:
        raise ValueError("The emergency text is never withdrawn. Publish a new version.")
    publications = Publication.objects.filter(page=page)
    if language != DRAFT_LANGUAGE:
        publications = publications.filter(language=language)
    found = [*publications.live().values_list("pk", flat=True)]
    found += publications.pending().values_list("pk", flat=True)
    return bool(Publication.objects.filter(pk__in=found).update(withdrawn_at=timezone.now()))


@transaction.atomic
def call_off(publication: Publication) -> bool:
    """Cancel a scheduled version. Return False if it is live or canceled already."""
    page = Page.objects.select_for_update().get(pk=publication.page_id)
    pending = Publication.objects.pending().filter(pk=publication.pk)
    is_called_off = bool(pending.update(withdrawn_at=timezone.now()))
    if is_called_off:
        _withdraw_translations_elsewhere(page)
    return is_called_off


@transaction.atomic
def restore(publication: Publication, *, by: Any) -> None:
    """Replace the draft by an earlier version. Patients see it once it is published."""
    page = Page.objects.select_for_update().get(pk=publication.page_id)
    drafts.write_draft(page, PageDocument.from_json(publication.document))
    _edit(page.pk, by)


@transaction.atomic
def archive(procedure: Procedure, *, by: Any) -> None:
    """Withdraw a procedure and hide it in staff lists. Its publications stay on record."""
    Page.objects.select_for_update().get(pk=procedure.pk)
    withdraw(procedure, language=DRAFT_LANGUAGE)
    _edit(procedure.pk, by, archived_at=timezone.now())


def unarchive(procedure: Procedure, *, by: Any) -> None:
    """Show an archived procedure in staff lists again. It stays off the site until it is published."""
    _edit(procedure.pk, by, archived_at=None)


def _edit(pk: int, by: Any, **changes: Any) -> None:
    Page.objects.filter(pk=pk).update(edited_by=by, edited_at=timezone.now(), **changes)


def make_preview_link(page: Page, *, language: str, by: Any) -> tuple[PreviewLink, str]:
    """Create a link to the draft for people without an account. Its token is returned, not stored."""
    token = secrets.token_urlsafe(24)
    link = PreviewLink.objects.create(
        page=page,
        language=language,
        token_hash=preview_hash(token),
        created_by=by,
        expires_at=timezone.now() + timedelta(days=PREVIEW_DAYS),
    )
    return link, token


def revoke_preview_link(link: PreviewLink) -> None:
    PreviewLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())


def preview_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def fingerprint(page: Page, document: PageDocument) -> str:
    """Identify the draft and the page's history as the publisher saw them.

    It changes with the draft, and with each publication, withdrawal, cancellation and scheduled start.
    """
    publications = Publication.objects.filter(page=page, language=document.language)
    history = publications.aggregate(
        newest=Max("number"),
        live=Max("number", filter=NOT_CALLED_OFF & Q(live_from__lte=timezone.now())),
        withdrawn=Count("withdrawn_at"),
    )
    text = hashlib.sha256(document.unsigned().to_json().encode()).hexdigest()
    return " ".join([text, *(str(number or 0) for number in history.values())])


def _check_seen(seen: str, page: Page, document: PageDocument) -> None:
    now = fingerprint(page, document)
    text, newest, *_history = now.split()
    if seen == now:
        return
    if not seen.startswith(f"{text} "):
        message = _("This page was edited while you read it. Read the changes again.")
    elif not seen.startswith(f"{text} {newest} "):
        message = _(
            "Version %(number)s was published after you opened this form: nothing more was published. "
            "Read what differs from it, if anything."
        ) % {"number": newest}
    else:
        message = _(
            "A version of this page was withdrawn or called off, or went live, after you opened this form: "
            "nothing was published. Look at the history of the page first."
        )
    raise ChangedSinceSeenError(message)


def draft_problems(page: Page, document: PageDocument) -> Iterator[PublicationProblem]:
    """Yield what must be corrected before this draft of a page, or of its translation, is published."""
    if document.language == DRAFT_LANGUAGE:
        yield from publication_problems(document)
    else:
        _publication, english = drafts.live_english(page)
        yield from translation_problems(english, document, page.texts_in(document.language))
    yield from _page_problems(page, document)


def _page_problems(page: Page, document: PageDocument) -> Iterator[PublicationProblem]:
    """Yield the problems that the document alone does not show."""
    if page.archived_at:
        message = _("This procedure is archived. Take it out of the archive first.")
        yield PublicationProblem("archived_at", message)
    # Readers are shown first aid in place of this section's parts.
    if document.section(SectionKind.EMERGENCY):
        first_aid = Publication.objects.live().filter(page__kind="emergency", language=document.language)
        if not first_aid.exists():
            yield PublicationProblem("emergency", _("Publish the emergency text first."))
    # An address that one procedure was published under is never used for another.
    others = Publication.objects.filter(slug=document.slug, language=document.language).exclude(page=page)
    if document.slug and others.took_effect(timezone.now()).exists():
        message = _("Another procedure was published under this address. Choose another.")
        yield PublicationProblem("slug", message)
    elif document.slug and others.pending().exists():
        message = _(
            "A version of another procedure is scheduled under this address. "
            "Choose another, or call that version off."
        )
        yield PublicationProblem("slug", message)


def _correction_problems(
    page: Page, document: PageDocument, live_from: datetime
) -> Iterator[PublicationProblem]:
    """Yield what in a correction needs a full review.

    That is any change of a number, part, level, photograph, author or source, or of the words of
    first aid or the disclaimer, a page that is not live, and a translation whose English has been reviewed
    since. The draft is compared with the last reviewed
    version, the live one, and the one that will be live at ``live_from``.
    """
    publications = Publication.objects.filter(page=page, language=document.language)
    now, then = (publications.live(at).first() for at in (None, live_from))
    if now is None:
        message = _(
            "This page is not on the site: bringing it back is more than typing and needs a full review."
        )
        yield PublicationProblem("is_minor", message)
        return
    if publications.filter(is_outdated(), pk=now.pk).exists():
        message = _("The English was reviewed again since it was translated: that needs a full review.")
        yield PublicationProblem("is_minor", message)
        return
    earlier = [PageDocument.from_json(publication.document) for publication in (now, then) if publication]
    if reviewed := reviewed_document(page, document.language):
        earlier.append(reviewed)
    kept: tuple[tuple[Callable[[PageDocument], object], str], ...] = (
        (numbers_in, _("A number has changed: that needs a full review.")),
        (shared_words, _("First aid or the disclaimer has changed: that needs a full review.")),
        (
            structure,
            _(
                "More than words has changed (a part, a level, a source, the author or a picture): "
                "that needs a full review."
            ),
        ),
    )
    for content_of, message in kept:
        if any(content_of(one) != content_of(document) for one in earlier):
            yield PublicationProblem("is_minor", message)
            return


def reviewed_document(page: Page, language: str) -> PageDocument | None:
    """Return the document of the last full review, with which later changes are compared."""
    return _last_review(page, language)[1]


def _last_review(page: Page, language: str) -> tuple[Publication | None, PageDocument | None]:
    """Return the last full review that has been live, with its document. One query.

    Versions that are scheduled, or were canceled or replaced before their start, do not count: patients never
    saw them. Nor do reviews by a sample person, according to the frozen review; the person's row may have
    changed since.
    """
    full = Publication.objects.filter(page=page, language=language, reviewer__isnull=False, is_minor=False)
    newest_first = full.shown().select_related("reviewer").order_by("-number")
    for publication in newest_first.iterator(chunk_size=1):
        document = PageDocument.from_json(publication.document)
        if not document.is_sample:
            return publication, document
    return None, None


def _last_sign_off(page: Page, language: str) -> tuple[Practitioner, Review]:
    """Return the reviewer of the last full review, and the review as it was frozen.

    Raises ``NotReadyError`` if there is none, or if the reviewer's row now has another name or number.
    """
    publication, document = _last_review(page, language)
    if publication is None or document is None:
        message = _("No reviewed version of this page has been live: it needs a full review.")
        raise NotReadyError(PublicationProblem("is_minor", message))
    review, reviewer = document.review, publication.reviewer
    assert review and reviewer
    signed = review.reviewer
    identity = ("name", "registration_number", "is_sample")
    today = reviewer.in_language(language)
    if any(getattr(signed, name) != getattr(today, name) for name in identity):
        message = _(
            "The last review was signed by %(name)s, %(number)s. The entry under Practitioners says "
            "otherwise today: that needs a full review."
        ) % {"name": signed.name, "number": signed.registration_number}
        raise NotReadyError(PublicationProblem("is_minor", message))
    return reviewer, review
