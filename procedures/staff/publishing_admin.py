"""Staff pages around publishing: preview, sign-off, withdrawal, history, comparison, restoring.

The base class of the page admins. Each view checks its own permission: hiding a button protects nothing.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clinic_site.core.editing.translation_admin import TranslationAdmin
from clinic_site.core.http import languages
from procedures.models import Page, Publication
from procedures.models.pages import DRAFT_LANGUAGE as LANGUAGE
from procedures.public.views import render_unpublished
from procedures.publishing import comparison, drafts, publishing
from procedures.publishing.checks import PublicationProblem
from procedures.publishing.documents import PageDocument
from procedures.staff.sign_off_form import SignOffForm

READ = ("GET", "HEAD")
FORM = (*READ, "POST")
# The history shows the latest saves, and every other action however old.
SAVES_IN_HISTORY = 50


def language_of(request: HttpRequest) -> str:
    """Return the language that a view of a page is about: ``?language=ur``."""
    return languages.known(request.GET.get("language", LANGUAGE))


def page_view(
    route: str, permission: str, *methods: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a view of one page, called with the page: 405 for other methods, 403 without the permission.

    ``route`` is its address under that of the page.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @method_decorator([never_cache, require_http_methods(methods)])
        @wraps(view)
        def checked(self: Any, request: HttpRequest, object_id: int, **numbers: int) -> HttpResponse:
            if not getattr(self, f"has_{permission}_permission")(request):
                raise PermissionDenied
            page = self.get_object(request, str(object_id))
            if page is None:
                raise Http404("No such page.")
            return view(self, request, page, **numbers)

        checked.route = route  # type: ignore[attr-defined]
        return checked

    return decorate


class PublishingAdmin(TranslationAdmin):
    """Everything staff do with a page besides editing it. Only POST requests write."""

    def get_urls(self) -> list[Any]:
        own = [
            path(
                f"<int:object_id>/{view.route}",
                self.admin_site.admin_view(getattr(self, name)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name.removesuffix('_view')}",
            )
            for name, view in inspect.getmembers(type(self), lambda member: hasattr(member, "route"))
        ]
        return [*own, *super().get_urls()]

    def url(self, view: str, page: Page, language: str = LANGUAGE) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}"
        return reverse(name, args=[page.pk], query=languages.query(language))

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("procedures.publish_page")

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return self.has_publish_permission(request)

    def render(self, request: HttpRequest, name: str, page: Page, title: str, **context: Any) -> HttpResponse:
        language = language_of(request)
        name_of_language = "" if language == LANGUAGE else str(get_language_info(language)["name_translated"])
        own = {
            "opts": self.opts,
            "title": ": ".join(filter(None, (name_of_language, title % ({"page": page} | context)))),
            "page": page,
            "language": language,
            "change_url": self.url("change", page),
            "versions_url": self.url("history_of", page, language),
            "may_change": self.has_change_permission(request),
        }
        context = self.admin_site.each_context(request) | own | context
        return render(request, f"procedures/staff/page/{name}.html", context)

    def done(
        self, request: HttpRequest, page: Page, logged: str, message: str, view: str = "change"
    ) -> HttpResponse:
        """Log an action, say that it is done, and lead to a view of the page."""
        language = language_of(request)
        self.log_change(request, page, logged if language == LANGUAGE else f"{logged} ({language})")
        self.message_user(request, message, messages.SUCCESS)
        return redirect(self.url(view, page, language if view != "change" else LANGUAGE))

    # Preview

    @page_view("preview/", "view", *READ)
    def preview_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """The draft, as patients would see it."""
        draft = self.draft(request, page)
        return render_unpublished(request, draft, _("Draft. Patients do not see this page."))

    @page_view("preview-links/", "change", *FORM)
    def preview_link_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """The valid preview links; a POST adds one, and shows its address this once."""
        address = ""
        if request.method == "POST" and page.archived_at:
            archived = _("This procedure is archived: a link would open nothing.")
            self.message_user(request, archived, messages.ERROR)
        elif request.method == "POST":
            _link, token = publishing.make_preview_link(page, language=language_of(request), by=request.user)
            self.log_change(request, page, _("Created a preview link."))
            address = request.build_absolute_uri(reverse("procedures:preview", args=[token]))
        return self.render(
            request,
            "preview_links",
            page,
            _("Preview links of “%(page)s”"),
            address=address,
            days=publishing.PREVIEW_DAYS,
            links=page.preview_links.valid()
            .filter(language=language_of(request))
            .select_related("created_by"),
        )

    @page_view("preview-links/<int:link_id>/revoke/", "change", "POST")
    def revoke_view(self, request: HttpRequest, page: Page, link_id: int) -> HttpResponse:
        publishing.revoke_preview_link(get_object_or_404(page.preview_links.all(), pk=link_id))
        message = _("The link is revoked and no longer works.")
        return self.done(request, page, _("Revoked a preview link."), message, "preview_link")

    # Sign-off

    @page_view("publish/", "publish", *FORM)
    def publish_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Show what is missing and what changed since the last review; a POST signs and publishes."""
        draft = self.draft(request, page)
        reviewed = publishing.reviewed_document(page, draft.language)
        problems = self.problems(page, draft)
        form = SignOffForm(
            request.POST or None,
            language=draft.language,
            initial={"seen": publishing.fingerprint(page, draft)},
            changes=comparison.changes(reviewed, draft) if reviewed else None,
        )
        if request.method == "POST" and form.is_valid() and not problems:
            try:
                publication = form.publish(page, by=request.user)
            except publishing.NotReadyError as error:
                problems = self.with_addresses(page, form.add_problems(error.problems), draft.language)
            except publishing.ChangedSinceSeenError as error:
                # The boxes were ticked for an older text: start again with the current changes.
                self.message_user(request, str(error), messages.ERROR)
                return redirect(self.url("publish", page, draft.language))
            else:
                text = _("Published as version %(number)d. Patients see it now.")
                if publication.live_from > publication.published_at:
                    text = _("Version %(number)d is scheduled: patients see it from the time you gave.")
                self.message_user(request, text % {"number": publication.number}, messages.SUCCESS)
                return redirect(self.url("change", page))
        return self.render(
            request,
            "publish",
            page,
            _("Publish “%(page)s”"),
            form=form,
            problems=problems,
            scheduled=Publication.objects.scheduled().filter(page=page, language=draft.language),
            withdrawn=page.publications.in_force()
            .filter(language=draft.language, withdrawn_at__lte=timezone.now())
            .first(),
            preview_url=self.url("preview", page, draft.language),
            translation_url="" if draft.language == LANGUAGE else self.translation_url(page, draft.language),
        )

    def problems(self, page: Page, draft: PageDocument) -> list[tuple[PublicationProblem, str]]:
        """Return what must be added before the page can be signed, and where. The form asks for the rest."""
        found = publishing.draft_problems(page, draft)
        return self.with_addresses(
            page, [item for item in found if item.field not in SignOffForm.base_fields], draft.language
        )

    def with_addresses(
        self, page: Page, problems: list[PublicationProblem], language: str = LANGUAGE
    ) -> list[tuple[PublicationProblem, str]]:
        """Return each problem with the address of the field to fill in."""
        parts = {relation.name for relation in self.opts.related_objects}

        def address(field: str) -> str:
            match field:
                case "disclaimer":
                    return reverse("admin:procedures_disclaimer_add") + "#id_heading"
                case "emergency":
                    return reverse("admin:procedures_emergency_changelist") + "#changelist"
                case "translations":
                    return self.translation_url(page, language)
                case "archived_at":
                    return self.url("unarchive", page)
            return self.url("change", page) + (f"#{field}-group" if field in parts else f"#id_{field}")

        return [(problem, address(problem.field)) for problem in problems]

    @page_view("withdraw/", "withdraw", *FORM)
    def withdraw_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Ask first; a POST takes the page off the site."""
        if request.method != "POST":
            return self.render(request, "withdraw", page, _("Withdraw “%(page)s”?"))
        if publishing.withdraw(page, language=language_of(request)):
            message = _("Withdrawn. Patients see that the page is gone.")
            if language_of(request) != LANGUAGE:
                message = _("Withdrawn. Patients read the page in English.")
            return self.done(request, page, _("Withdrew the page."), message)
        self.message_user(request, _("This page was not on the site."), messages.WARNING)
        return redirect(self.url("change", page))

    # History

    @page_view("versions/", "view", *READ)
    def history_of_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Every version: who published it, when and why; and what else staff did with the page."""
        versions = page.publications.filter(language=language_of(request)).order_by("-number")
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
            _("History of “%(page)s”"),
            versions=versions.select_related("reviewer", "published_by"),
            now=timezone.now(),
            live=versions.live().first(),
            shown=versions.shown(),
            scheduled=list(versions.scheduled()),
            replaced=list(versions.replaced()),
            recorded=recorded.filter(~is_save | Q(pk__in=saves)).select_related("user"),
        )

    @page_view("versions/<int:number>/", "view", *READ)
    def version_view(self, request: HttpRequest, page: Page, number: int) -> HttpResponse:
        """One version, as patients saw it."""
        version = self.version(request, page, number)
        notice = _("Version %(number)d, as it was published.") % {"number": number}
        return render_unpublished(
            request, PageDocument.from_json(version.document), notice, version.live_from
        )

    @page_view("versions/compare/", "view", *READ)
    def compare_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Compare two versions word by word; either may be the draft."""
        compared = (request.GET.get("from", ""), request.GET.get("to", "draft"))
        changes = comparison.changes(*(self.document(request, page, name) for name in compared))
        title = _("What changed in “%(page)s”")
        return self.render(request, "compare", page, title, compared=compared, changes=changes)

    @page_view("versions/<int:number>/restore/", "change", "POST")
    @method_decorator(transaction.atomic)
    def restore_view(self, request: HttpRequest, page: Page, number: int) -> HttpResponse:
        """Restore a version into the draft, never to the site. Ask first if the draft would be lost.

        The question carries the fingerprint of the draft, so that another draft is asked about again.
        """
        version = get_object_or_404(page.publications, language=LANGUAGE, number=number)
        # The lock holds until the version is restored: nothing can be saved in between unseen.
        page = self.model._default_manager.select_for_update().get(pk=page.pk)
        draft, restored = drafts.read_draft(page, LANGUAGE), PageDocument.from_json(version.document)
        seen = publishing.fingerprint(page, draft)
        versions = Publication.objects.filter(page=page, language=LANGUAGE).order_by("-number")
        published = map(PageDocument.from_json, versions.values_list("document", flat=True))
        is_lost = all(drafts.own_content(one) != drafts.own_content(draft) for one in published)
        if is_lost and request.POST.get("replaces") != seen:
            return self.render(
                request,
                "restore",
                page,
                _("Replace the draft of “%(page)s” by version %(number)d?"),
                number=number,
                replaces=seen,
                changes=comparison.changes(drafts.own_content(draft), drafts.own_content(restored)),
            )
        publishing.restore(version, by=request.user)
        page.refresh_from_db()
        text = _("The draft now says what version %(number)d said. Patients see it once it is published.")
        if page.slug != restored.slug:
            text = _(
                "The draft now says what version %(number)d said, except for its address: that stays "
                "“%(kept)s”, because another procedure has “%(taken)s” now. Patients see it once it is "
                "published."
            )
        message = text % {"number": number, "kept": page.slug, "taken": restored.slug}
        logged = _("Restored version %(number)d into the draft.") % {"number": number}
        return self.done(request, page, logged, message)

    @page_view("versions/<int:number>/call-off/", "publish", "POST")
    def call_off_view(self, request: HttpRequest, page: Page, number: int) -> HttpResponse:
        if publishing.call_off(self.version(request, page, number)):
            logged = _("Called off version %(number)d.") % {"number": number}
            message = _("Version %(number)d is called off.") % {"number": number}
            return self.done(request, page, logged, message, "history_of")
        self.message_user(request, _("This version is no longer scheduled."), messages.WARNING)
        return redirect(self.url("history_of", page, language_of(request)))

    def draft(self, request: HttpRequest, page: Page) -> PageDocument:
        try:
            return drafts.read_draft(page, language_of(request))
        except drafts.NoTextInLanguageError:
            raise Http404("Publish the page in English first.") from None

    def version(self, request: HttpRequest, page: Page, number: int) -> Publication:
        return get_object_or_404(page.publications, language=language_of(request), number=number)

    def document(self, request: HttpRequest, page: Page, name: str) -> PageDocument:
        if name == "draft":
            return self.draft(request, page)
        if not (name.isascii() and name.isdigit() and len(name) < 7):
            raise Http404("No such version.")
        return PageDocument.from_json(self.version(request, page, int(name)).document)
