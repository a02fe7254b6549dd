"""Publishing, withdrawing, restoring: the only writers of publications."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.models import Page, Practitioner, PreviewLink, Procedure, Publication
from procedures.models.publications import NOT_CALLED_OFF
from procedures.publishing import drafts, share_images
from procedures.publishing.checks import Missing, missing_for_publication
from procedures.publishing.comparison import numbers, shape, shared_words
from procedures.publishing.documents import PageDocument, Review, Version

PREVIEW_DAYS = 7


class NotReadyError(Exception):
    """The gate wants more; ``missing`` says what."""

    def __init__(self, missing: tuple[Missing, ...]) -> None:
        super().__init__("; ".join(item.message for item in missing))
        self.missing = missing


class ChangedSinceSeenError(Exception):
    """The page is no longer what the person who publishes has looked at. Says how, to that person."""


@dataclass(frozen=True)
class SignOff:
    """Who stands behind a version, since when and until when."""

    reviewer: Practitioner
    reviewed_on: date
    review_due_on: date

    @property
    def review(self) -> Review:
        return Review(
            reviewer=drafts.person(self.reviewer),
            reviewed_on=self.reviewed_on,
            due_on=self.review_due_on,
        )


def publish(
    page: Page,
    *,
    language: str,
    sign_off: SignOff,
    change_note: str,
    by: Any,
    seen: str,
    live_from: datetime | None = None,
) -> Publication:
    """Freeze the working copy as the page's next version, signed by a reviewer.

    ``seen`` is the fingerprint of the page that was looked at; ``live_from`` may be later than now.
    Raises ``NotReadyError`` when the gate wants more and ``ChangedSinceSeenError`` when the page was
    edited, published or withdrawn meanwhile; then nothing is written.
    """
    return _publish(
        page, language, sign_off=sign_off, change_note=change_note, by=by, seen=seen, live_from=live_from
    )


def publish_correction(
    page: Page, *, language: str, change_note: str, by: Any, seen: str, live_from: datetime | None = None
) -> Publication:
    """Publish a correction of typing: the review and its dates stay those of the last full review.

    Raises as ``publish`` does; also while the page is not on the site, and when patients have been shown no
    reviewed version yet.
    """
    return _publish(
        page,
        language,
        sign_off=None,
        change_note=change_note,
        by=by,
        seen=seen,
        live_from=live_from,
        is_minor=True,
    )


def _last_sign_off(page: Page, language: str) -> tuple[SignOff, Review]:
    """That of the last full review, and the review as it was signed.

    Raises ``NotReadyError`` when there is none, or when the row of whoever signed it names another today.
    """
    last = _last_review(page, language)
    if last is None:
        raise NotReadyError(
            (
                Missing(
                    "is_minor", _("No reviewed version of this page has been live: it needs a full review.")
                ),
            )
        )
    publication, review = last[0], last[1].review
    assert review and publication.reviewer
    signed, today = review.reviewer, drafts.person(publication.reviewer)
    if any(
        getattr(signed, name) != getattr(today, name) for name in ("name", "registration_number", "is_sample")
    ):
        message = _(
            "The last review was signed by %(name)s, %(number)s. The entry under Practitioners says "
            "otherwise today: that needs a full review."
        ) % {"name": signed.name, "number": signed.registration_number}
        raise NotReadyError((Missing("is_minor", message),))
    return SignOff(publication.reviewer, review.reviewed_on, review.due_on), review


def publish_sample(page: Page, *, language: str) -> Publication:
    """Freeze the working copy with nobody's signature: the reader is told that it is a sample.

    For the content a new site starts with; staff cannot reach it.
    """
    return _publish(page, language, sign_off=None, change_note="", by=None, seen=None, live_from=None)


@transaction.atomic
def withdraw(page: Page, *, language: str) -> bool:
    """Take the page off the site, and call off what is scheduled. False when there was nothing to do."""
    Page.objects.select_for_update().get(pk=page.pk)
    publications = Publication.objects.filter(page=page, language=language)
    found = [*publications.live().values_list("pk", flat=True)]
    found += publications.pending().values_list("pk", flat=True)
    return bool(Publication.objects.filter(pk__in=found).update(withdrawn_at=timezone.now()))


@transaction.atomic
def call_off(publication: Publication) -> bool:
    """Call off a version whose time has not come. False when it has, or when it was called off before."""
    return bool(Publication.objects.pending().filter(pk=publication.pk).update(withdrawn_at=timezone.now()))


@transaction.atomic
def restore(publication: Publication, *, by: Any) -> None:
    """Make the working copy say what an earlier version said. Patients see it once it is published."""
    page = Page.objects.select_for_update().get(pk=publication.page_id)
    drafts.write(page, PageDocument.from_json(publication.document))
    Page.objects.filter(pk=page.pk).update(edited_by=by, edited_at=timezone.now())


@transaction.atomic
def archive(procedure: Procedure, *, by: Any) -> None:
    """What deleting a procedure means: off the site and out of the lists, and all that was said stays."""
    Page.objects.select_for_update().get(pk=procedure.pk)
    for language in procedure.publications.order_by().values_list("language", flat=True).distinct():
        withdraw(procedure, language=language)
    _set_archived_at(procedure, timezone.now(), by)


def unarchive(procedure: Procedure, *, by: Any) -> None:
    """Back into the lists of staff. Patients see it once it is published."""
    _set_archived_at(procedure, None, by)


def _set_archived_at(procedure: Procedure, at: datetime | None, by: Any) -> None:
    Procedure.objects.filter(pk=procedure.pk).update(archived_at=at, edited_by=by, edited_at=timezone.now())


def make_preview_link(page: Page, *, language: str, by: Any) -> tuple[PreviewLink, str]:
    """A link to the working copy for somebody without an account, and its token, which is not kept."""
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
    """Of what somebody who publishes looks at: the document, whoever signed it, and the page's history.

    It is another one once somebody has published, withdrawn or called off, or a version that waited is live.
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
    if seen == now:
        return
    text, newest, *_history = now.split()
    if not seen.startswith(f"{text} "):
        raise ChangedSinceSeenError(_("This page was edited while you read it. Read the changes again."))
    if not seen.startswith(f"{text} {newest} "):
        raise ChangedSinceSeenError(
            _(
                "Version %(number)s was published after you opened this form: nothing more was published. "
                "Read what differs from it, if anything."
            )
            % {"number": newest}
        )
    raise ChangedSinceSeenError(
        _(
            "A version of this page was withdrawn or called off, or went live, after you opened this form: "
            "nothing was published. Look at the history of the page first."
        )
    )


@transaction.atomic
def _publish(
    page: Page,
    language: str,
    *,
    sign_off: SignOff | None,
    change_note: str,
    by: Any,
    seen: str | None,
    live_from: datetime | None,
    is_minor: bool = False,
) -> Publication:
    # The lock makes two who publish at once take turns: each gets a number of its own.
    page = Page.objects.select_for_update().get(pk=page.pk)
    document = drafts.read(page, language)
    if seen is not None:
        _check_seen(seen, page, document)
    review = sign_off.review if sign_off else None
    if is_minor:
        sign_off, review = _last_sign_off(page, language)
    now = timezone.now()
    live_from = max(live_from or now, now)
    document = document.signed(
        version=_next_version(page, language, live_from=live_from, change_note=change_note),
        review=review,
    )
    missing = missing_for_publication(document) if sign_off else ()
    missing += missing_elsewhere(page, document)
    missing += _after_its_review(review, live_from) if live_from > now else ()
    missing += _more_than_typing(page, document, live_from) if is_minor else ()
    if missing:
        raise NotReadyError(missing)
    # The file is there before the row that names it. A file whose row is rolled back does no harm.
    document = document.with_share_picture(share_images.make(document))
    return _store(page, document, sign_off=sign_off, by=by, now=now, live_from=live_from, is_minor=is_minor)


def _next_version(page: Page, language: str, *, live_from: datetime, change_note: str) -> Version:
    earlier = Publication.objects.filter(page=page, language=language).aggregate(
        number=Max("number"), first_live_from=Min("live_from", filter=NOT_CALLED_OFF)
    )
    return Version(
        number=(earlier["number"] or 0) + 1,
        published_at=live_from,
        first_published_at=min(earlier["first_live_from"] or live_from, live_from),
        change_note=change_note,
    )


def missing_elsewhere(page: Page, document: PageDocument) -> tuple[Missing, ...]:
    """What the gate cannot tell from the document alone."""
    return _archived(page) + _address_taken(page, document)


def _archived(page: Page) -> tuple[Missing, ...]:
    if Procedure.objects.filter(pk=page.pk, archived_at__isnull=False).exists():
        return (Missing("archived_at", _("This procedure is archived. Take it out of the archive first.")),)
    return ()


def _address_taken(page: Page, document: PageDocument) -> tuple[Missing, ...]:
    """An address that patients know as one procedure's never becomes another's."""
    others = Publication.objects.filter(slug=document.slug, language=document.language).exclude(page=page)
    if document.slug and others.took_effect(timezone.now()).exists():
        return (Missing("slug", _("Another procedure was published under this address. Choose another.")),)
    if document.slug and others.pending().exists():
        message = _(
            "A version of another procedure is scheduled under this address. Choose another, or call that "
            "version off."
        )
        return (Missing("slug", message),)
    return ()


def _after_its_review(review: Review | None, live_from: datetime) -> tuple[Missing, ...]:
    """Nothing is scheduled to go live overdue."""
    if review and review.due_on <= timezone.localdate(live_from):
        return (Missing("live_from", _("This is after the next review. Choose an earlier time.")),)
    return ()


def _more_than_typing(page: Page, document: PageDocument, live_from: datetime) -> tuple[Missing, ...]:
    """A correction of typing changes no number: a dose, an age or a telephone number is never mere typing.

    Nor does it add a part, take one out, call a risk rarer, put another photograph, another author or
    source, touch the words of the emergency text or the disclaimer, or bring back a page that was withdrawn.
    Held against it are what was reviewed, what patients see, and what they will see by the time it comes.
    """
    now, then = (
        Publication.objects.live(at).filter(page=page, language=document.language).first()
        for at in (None, live_from)
    )
    if now is None:
        message = _(
            "This page is not on the site: bringing it back is more than typing and needs a full review."
        )
        return (Missing("is_minor", message),)
    earlier = [PageDocument.from_json(publication.document) for publication in (now, then) if publication]
    if reviewed := reviewed_document(page, document.language):
        earlier.append(reviewed)
    if any(numbers(one) != numbers(document) for one in earlier):
        return (Missing("is_minor", _("A number has changed: that needs a full review.")),)
    if any(shared_words(one) != shared_words(document) for one in earlier):
        return (
            Missing(
                "is_minor",
                _("The emergency text or the disclaimer has changed: that needs a full review."),
            ),
        )
    if any(shape(one) != shape(document) for one in earlier):
        return (
            Missing(
                "is_minor",
                _(
                    "More than words has changed (a part, a level, a source, the author or a picture): "
                    "that needs a full review."
                ),
            ),
        )
    return ()


def reviewed_document(page: Page, language: str) -> PageDocument | None:
    """What the last full review was about: what any later change is held against."""
    last = _last_review(page, language)
    return last[1] if last else None


def _last_review(page: Page, language: str) -> tuple[Publication, PageDocument] | None:
    """The last full review of what patients have been shown, and what was signed. One query.

    One that waits, or was called off, or was replaced before its time stands for nothing on the site: held
    against it, its text would go live early and under no signature, or another text under its signature.
    Nor does one that a sample person signed: patients read that nobody has reviewed it. That is asked of
    what was signed, for the person's row may say something else by now.
    """
    full = Publication.objects.filter(page=page, language=language, reviewer__isnull=False, is_minor=False)
    newest_first = full.shown().select_related("reviewer").order_by("-number")
    for publication in newest_first.iterator(chunk_size=1):
        document = PageDocument.from_json(publication.document)
        if not document.is_sample:
            return publication, document
    return None


def _store(
    page: Page,
    document: PageDocument,
    *,
    sign_off: SignOff | None,
    by: Any,
    now: datetime,
    live_from: datetime,
    is_minor: bool,
) -> Publication:
    assert document.version is not None
    return Publication.objects.create(
        page=page,
        language=document.language,
        number=document.version.number,
        slug=document.slug,
        document=document.to_json(),
        card=document.card.to_json(),
        reviewer=sign_off.reviewer if sign_off else None,
        reviewed_on=sign_off.reviewed_on if sign_off else None,
        review_due_on=sign_off.review_due_on if sign_off else None,
        is_minor=is_minor,
        change_note=document.version.change_note,
        published_by=by,
        published_at=now,
        live_from=live_from,
    )
