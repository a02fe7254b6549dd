"""Staff pages around publishing: preview, sign-off, withdrawal, history, comparison, restoring.

The base class of the page admins. Each view checks its own permission: hiding a button protects nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Page, Procedure, Publication
from procedures.models.pages import DRAFT_LANGUAGE as LANGUAGE
from procedures.public.views import render_unpublished
from procedures.publishing import comparison, drafts, publishing
from procedures.publishing.checks import PublicationProblem, publication_problems
from procedures.publishing.documents import PageDocument
from procedures.staff.sign_off_forms import SignOffForm

PUBLISH_PERMISSION = "procedures.publish_page"
# The history shows the latest saves, and every other action however old.
SAVES_IN_HISTORY = 50


def require(allowed: Callable[[Any, HttpRequest], bool]) -> Callable[[Callable[..., Any]], Any]:
    """Refuse a view of the admin with 403 unless ``allowed(admin, request)``."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not allowed(self, request):
                raise PermissionDenied
            return view(self, request, *args, **kwargs)

        return checked

    return decorate


may_publish = require(lambda self, request: request.user.has_perm(PUBLISH_PERMISSION))
may_change = require(lambda self, request: self.has_change_permission(request))
may_view = require(lambda self, request: self.has_view_permission(request))
safe = method_decorator([never_cache, require_safe])
post = method_decorator([never_cache, require_POST])
form_view = method_decorator([never_cache, require_http_methods(["GET", "HEAD", "POST"])])


class PublishingAdmin(admin.ModelAdmin[Any]):
    """Everything staff do with a page besides editing it. Only POST requests write."""

    def get_urls(self) -> list[Any]:
        views = {
            "preview": ("<int:object_id>/preview/", self.preview_view),
            "preview_link": ("<int:object_id>/preview-links/", self.preview_links_view),
            "revoke": ("<int:object_id>/preview-links/<int:link_id>/revoke/", self.revoke_view),
            "publish": ("<int:object_id>/publish/", self.publish_view),
            "withdraw": ("<int:object_id>/withdraw/", self.withdraw_view),
            "history_of": ("<int:object_id>/versions/", self.versions_view),
            "compare": ("<int:object_id>/versions/compare/", self.compare_view),
            "version": ("<int:object_id>/versions/<int:number>/", self.version_view),
            "restore": ("<int:object_id>/versions/<int:number>/restore/", self.restore_view),
            "call_off": ("<int:object_id>/versions/<int:number>/call-off/", self.call_off_view),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=self.url_name(name))
            for name, (route, view) in views.items()
        ]
        return [*own, *super().get_urls()]

    def url_name(self, view: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{view}"

    def url(self, view: str, page: Page, *args: Any) -> str:
        return reverse(f"admin:{self.url_name(view)}", args=[page.pk, *args])

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            return super().get_object(request, object_id, from_field)
        except OverflowError:  # a number too large for SQLite
            return None

    def page(self, object_id: int, request: HttpRequest) -> Page:
        page: Page | None = self.get_object(request, str(object_id))
        if page is None:
            raise Http404("No such page.")
        return page

    def render(self, request: HttpRequest, name: str, page: Page, title: str, **context: Any) -> HttpResponse:
        context = (
            self.admin_site.each_context(request)
            | {
                "opts": self.opts,
                "title": title,
                "page": page,
                "change_url": self.url("change", page),
                "versions_url": self.url("history_of", page),
                "may_publish": request.user.has_perm(PUBLISH_PERMISSION),
                "may_change": self.has_change_permission(request),
            }
            | context
        )
        return render(request, f"procedures/staff/page/{name}.html", context)

    def confirm(
        self, request: HttpRequest, page: Page, title: str, explanation: str, button: str
    ) -> HttpResponse:
        """Ask before a page is withdrawn or archived; the button posts to the same address."""
        return self.render(request, "confirm", page, title, explanation=explanation, button=button)

    # Preview

    @safe
    @may_view
    def preview_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The draft, as patients would see it."""
        document = drafts.read_draft(self.page(object_id, request), LANGUAGE)
        return render_unpublished(request, document, _("Draft. Patients do not see this page."))

    @form_view
    @may_change
    def preview_links_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The valid preview links; a POST adds one, and shows its address this once."""
        page = self.page(object_id, request)
        address = ""
        if request.method == "POST" and getattr(page, "archived_at", None):
            archived = _("This procedure is archived: a link would open nothing.")
            self.message_user(request, archived, messages.ERROR)
        elif request.method == "POST":
            _link, token = publishing.make_preview_link(page, language=LANGUAGE, by=request.user)
            self.log_change(request, page, _("Created a preview link."))
            address = request.build_absolute_uri(reverse("procedures:preview", args=[token]))
        return self.render(
            request,
            "preview_links",
            page,
            _("Preview links of “%(page)s”") % {"page": page},
            address=address,
            days=publishing.PREVIEW_DAYS,
            links=page.preview_links.valid().select_related("created_by"),
        )

    @post
    @may_change
    def revoke_view(self, request: HttpRequest, object_id: int, link_id: int) -> HttpResponse:
        page = self.page(object_id, request)
        publishing.revoke_preview_link(get_object_or_404(page.preview_links.all(), pk=link_id))
        self.log_change(request, page, _("Revoked a preview link."))
        self.message_user(request, _("The link is revoked and no longer works."), messages.SUCCESS)
        return redirect(self.url("preview_link", page))

    # Sign-off

    @form_view
    @may_publish
    def publish_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what is missing and what changed since the last review; a POST signs and publishes."""
        page = self.page(object_id, request)
        document = drafts.read_draft(page, LANGUAGE)
        reviewed = publishing.reviewed_document(page, LANGUAGE)
        missing = self.missing(page, document)
        form = SignOffForm(
            request.POST or None,
            initial={"seen": publishing.fingerprint(page, document)},
            changes=comparison.changes(reviewed, document) if reviewed else None,
        )
        if request.method == "POST" and form.is_valid() and not missing:
            try:
                publication = self._publish(page, form, request)
            except publishing.NotReadyError as error:
                missing = form.add_missing(error.problems)
            except publishing.ChangedSinceSeenError as error:
                # The boxes were ticked for an older text: start again with the current changes.
                self.message_user(request, str(error), messages.ERROR)
                return redirect(self.url("publish", page))
            else:
                self.message_user(request, _published(publication), messages.SUCCESS)
                return redirect(self.url("change", page))
        return self.render(
            request,
            "publish",
            page,
            _("Publish “%(page)s”") % {"page": page},
            form=form,
            missing=[(item, self.where(page, item)) for item in missing],
            scheduled=Publication.objects.scheduled().filter(page=page, language=LANGUAGE),
            preview_url=self.url("preview", page),
            who_pays_url=_funding_statement_url(),
        )

    def _publish(self, page: Page, form: SignOffForm, request: HttpRequest) -> Publication:
        data = form.cleaned_data
        return publishing.publish(
            page,
            language=LANGUAGE,
            sign_off=None if data["is_minor"] else form.sign_off,
            change_note=data["change_note"],
            by=request.user,
            seen=data["seen"],
            live_from=data["live_from"],
        )

    def missing(self, page: Page, document: PageDocument) -> tuple[PublicationProblem, ...]:
        """Return what must be added before the page can be signed. The sign-off form asks for the rest."""
        missing = (*publication_problems(document), *publishing.page_problems(page, document))
        return tuple(item for item in missing if item.field not in SignOffForm.base_fields)

    def where(self, page: Page, missing: PublicationProblem) -> str:
        """Return the address of the field to fill in."""
        match missing.field:
            case "disclaimer" | "emergency":
                model = {"disclaimer": "disclaimer", "emergency": "emergencytext"}[missing.field]
                return reverse(f"admin:procedures_{model}_add") + "#id_heading"
            case "archived_at":
                return self.url("unarchive", page)
        is_part = missing.field in {field.name for field in self.opts.related_objects}
        anchor = f"{missing.field}-group" if is_part else f"id_{missing.field}"
        return f"{self.url('change', page)}#{anchor}"

    @form_view
    @may_publish
    def withdraw_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask first; a POST takes the page off the site."""
        page = self.page(object_id, request)
        if request.method == "POST":
            if publishing.withdraw(page, language=LANGUAGE):
                self.log_change(request, page, _("Withdrew the page."))
                text = _("Withdrawn. Patients see that the page is gone.")
                self.message_user(request, text, messages.SUCCESS)
            else:
                self.message_user(request, _("This page was not on the site."), messages.WARNING)
            return redirect(self.url("change", page))
        explanation = _(
            "Patients who open this page will see that it is gone, and whom to ask. "
            "A scheduled version will be called off. The history stays."
        )
        title = _("Withdraw “%(page)s”?") % {"page": page}
        return self.confirm(request, page, title, explanation, _("Withdraw this page"))

    # History

    @safe
    @may_view
    def versions_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Every version: who published it, when and why."""
        page = self.page(object_id, request)
        versions = Publication.objects.filter(page=page, language=LANGUAGE).order_by("-number")
        live = Publication.objects.live().filter(page=page, language=LANGUAGE).first()
        recorded = LogEntry.objects.filter(
            content_type=get_content_type_for_model(page), object_id=str(page.pk)
        )
        # The admin logs a save as a list of fields, and the actions above as a sentence.
        is_save = Q(action_flag=CHANGE, change_message__startswith="[")
        saves = recorded.filter(is_save).values("pk")[:SAVES_IN_HISTORY]
        return self.render(
            request,
            "versions",
            page,
            _("History of “%(page)s”") % {"page": page},
            versions=versions.select_related("reviewer", "published_by"),
            live_pk=live and live.pk,
            scheduled=set(Publication.objects.scheduled().filter(page=page).values_list("pk", flat=True)),
            replaced=set(Publication.objects.replaced().filter(page=page).values_list("pk", flat=True)),
            recorded=recorded.filter(~is_save | Q(pk__in=saves)).select_related("user"),
        )

    @safe
    @may_view
    def version_view(self, request: HttpRequest, object_id: int, number: int) -> HttpResponse:
        """One version, as patients saw it."""
        publication = self._version(self.page(object_id, request), number)
        notice = _("Version %(number)d, as it was published.") % {"number": number}
        return render_unpublished(request, PageDocument.from_json(publication.document), notice)

    @safe
    @may_view
    def compare_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Compare two versions word by word; either may be the draft."""
        page = self.page(object_id, request)
        old, new = request.GET.get("from", ""), request.GET.get("to", "draft")
        return self.render(
            request,
            "compare",
            page,
            _("What changed in “%(page)s”") % {"page": page},
            old=self._name(old),
            new=self._name(new),
            changes=comparison.changes(self._document(page, old), self._document(page, new)),
        )

    @post
    @may_change
    @method_decorator(transaction.atomic)
    def restore_view(self, request: HttpRequest, object_id: int, number: int) -> HttpResponse:
        """Restore a version into the draft, never to the site. Ask first if the draft would be lost.

        The question carries the fingerprint of the draft, so that another draft is asked about again.
        """
        version = self._version(self.page(object_id, request), number)
        # The lock holds until the version is restored: nothing can be saved in between unseen.
        page = Page.objects.select_for_update().get(pk=version.page_id)
        draft = drafts.read_draft(page, LANGUAGE)
        seen = publishing.fingerprint(page, draft)
        if self._is_unpublished(page, draft) and request.POST.get("replaces") != seen:
            restored = drafts.own_content(PageDocument.from_json(version.document))
            title = _("Replace the draft of “%(page)s” by version %(number)d?")
            return self.render(
                request,
                "restore",
                page,
                title % {"page": page, "number": number},
                replaces=seen,
                changes=comparison.changes(drafts.own_content(draft), restored),
            )
        publishing.restore(version, by=request.user)
        page = self.page(object_id, request)
        self.log_change(request, page, _("Restored version %(number)d into the draft.") % {"number": number})
        self.message_user(request, _restored(version, page), messages.SUCCESS)
        return redirect(self.url("change", page))

    def _is_unpublished(self, page: Page, draft: PageDocument) -> bool:
        """True if no version has the draft's content: replacing the draft would lose it."""
        versions = Publication.objects.filter(page=page, language=LANGUAGE).order_by("-number")
        documents = map(PageDocument.from_json, versions.values_list("document", flat=True))
        return all(drafts.own_content(document) != drafts.own_content(draft) for document in documents)

    @post
    @may_publish
    def call_off_view(self, request: HttpRequest, object_id: int, number: int) -> HttpResponse:
        page = self.page(object_id, request)
        if publishing.call_off(self._version(page, number)):
            self.log_change(request, page, _("Called off version %(number)d.") % {"number": number})
            text = _("Version %(number)d is called off.") % {"number": number}
            self.message_user(request, text, messages.SUCCESS)
        else:
            self.message_user(request, _("This version is no longer scheduled."), messages.WARNING)
        return redirect(self.url("history_of", page))

    def _version(self, page: Page, number: int) -> Publication:
        return get_object_or_404(Publication, page=page, language=LANGUAGE, number=number)

    def _document(self, page: Page, name: str) -> PageDocument:
        if name == "draft":
            return drafts.read_draft(page, LANGUAGE)
        if not (name.isascii() and name.isdigit() and len(name) < 7):
            raise Http404("No such version.")
        return PageDocument.from_json(self._version(page, int(name)).document)

    def _name(self, name: str) -> str:
        return _("the draft") if name == "draft" else _("version %(number)s") % {"number": name}


def _funding_statement_url() -> str:
    """Return the address of the clinic's empty funding statement, or "" if it is filled in."""
    clinic = ClinicProfile.current()
    if clinic and clinic.funding_statement:
        return ""
    form, args = ("change", [clinic.pk]) if clinic else ("add", [])
    return reverse(f"admin:clinic_clinicprofile_{form}", args=args) + "#id_funding_statement"


def _restored(version: Publication, page: Page) -> str:
    slug = PageDocument.from_json(version.document).slug
    if isinstance(page, Procedure) and page.slug != slug:
        return _(
            "The draft now says what version %(number)d said, except for its address: that stays “%(kept)s”, "
            "because another procedure has “%(taken)s” now. Patients see it once it is published."
        ) % {"number": version.number, "kept": page.slug, "taken": slug}
    text = _("The draft now says what version %(number)d said. Patients see it once it is published.")
    return text % {"number": version.number}


def _published(publication: Publication) -> str:
    if publication.live_from > publication.published_at:
        text = _("Version %(number)d is scheduled: patients see it from the time you gave.")
    else:
        text = _("Published as version %(number)d. Patients see it now.")
    return text % {"number": publication.number}
