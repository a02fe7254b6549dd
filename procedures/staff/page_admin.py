"""Admin of pages (drafts with their parts in order), the disclaimer, practitioners and sources."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic.admin import SingletonAdmin
from clinic_site.core import change_warnings
from clinic_site.core.editing.conflicts import ConflictDetectingForm
from clinic_site.core.editing.translation_admin import TranslationAdmin
from procedures.models import (
    Citation,
    Disclaimer,
    Emergency,
    Overview,
    Page,
    PlainWord,
    Practitioner,
    Procedure,
    Publication,
    Source,
)
from procedures.models.pages import DRAFT_LANGUAGE as LANGUAGE
from procedures.models.publications import is_outdated
from procedures.publishing import comparison, drafts, publishing, translation
from procedures.publishing.documents import PageDocument
from procedures.staff import outline, plain_language
from procedures.staff.page_forms import PageForm, PhotoForm
from procedures.staff.part_forms import inlines_of, part_inline, renumber
from procedures.staff.publishing_admin import FORM, PublishingAdmin, page_view


class PageAdmin(PublishingAdmin):
    """Common to all kinds of page. Saving changes the draft; publishing is a separate step."""

    form = PageForm
    change_form_template = "procedures/staff/page/change_form.html"
    photo_fields: tuple[str, ...] = ("drawing", "photo_upload", "photo_alt", "photo_remove")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Pages are withdrawn or archived: the record of what patients read stays.
        return False

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **options: Any
    ) -> HttpResponse:
        if obj := options.get("obj"):
            form = context["adminform"].form
            # A form that was sent may hold changes that are not saved.
            page = self.get_queryset(request).get(pk=obj.pk) if form.is_bound else obj
            context |= self.state(page, form.draft)
            context["may_withdraw"] = self.has_withdraw_permission(request)
        return super().render_change_form(request, context, *args, **options)

    def texts_to_translate(self, record: Any) -> Sequence[tuple[str, str]]:
        """The texts of the live English version; none while there is none."""
        try:
            return translation.texts(drafts.live_english(record)[1])
        except drafts.NoTextInLanguageError:
            return ()

    def translation_memory(self, record: Any, language: str) -> dict[str, str]:
        """Pages share texts: the disclaimer, and the steps of the overview."""
        others = Page.objects.exclude(pk=record.pk)
        return dict(chain.from_iterable(page.texts_in(language).items() for page in others))

    def translation_states(self, record: Any) -> list[dict[str, Any]]:
        """Return the state of each translation, with its live version and whether that is outdated."""
        live = record.publications.live().annotate(is_outdated=is_outdated()).select_related("translates")
        versions = {publication.language: publication for publication in live}
        return [
            state | {"live": version, "is_outdated": version and version.is_outdated}
            for state in super().translation_states(record)
            for version in [versions.get(state["language"])]
        ]

    def translated_message(self, record: Any, language: str) -> str:
        return _t("Saved. Patients see the translation once it is published.")

    def state(self, page: Page, draft: PageDocument) -> dict[str, Any]:
        """Return what is live, how the draft differs, and what is missing for publishing."""
        publications = page.publications.filter(language=LANGUAGE)
        live = publications.live().first()
        return {
            "page": page,
            "live": live,
            "scheduled": publications.scheduled().first(),
            "differences": comparison.changes(PageDocument.from_json(live.document), draft) if live else (),
            "problems": self.problems(page, draft),
            "plain_language": plain_language.measure(draft, PlainWord.objects.all()),
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.edited_by = request.user
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        renumber(formset.queryset.model._default_manager.filter(page=form.instance))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, _t("Patients see this change once it is published."))
        report = plain_language.measure(drafts.read_draft(obj, LANGUAGE), PlainWord.objects.all())
        summary = render_to_string("procedures/staff/page/plain_language.txt", {"report": report})
        self.message_user(request, summary, messages.WARNING if report.needs_work else messages.INFO)
        return super().response_change(request, obj)


@admin.register(Overview)
class OverviewAdmin(SingletonAdmin, PageAdmin):
    fieldsets = [
        (None, {"fields": ["title", "summary", "description", "author"]}),
        (_("Picture"), {"fields": PageAdmin.photo_fields}),
    ]
    inlines = inlines_of(Page.Kind.OVERVIEW)


@admin.register(Emergency)
class EmergencyAdmin(SingletonAdmin, PageAdmin):
    fieldsets = [
        (None, {"fields": ["title", "first_aid", "drawings", "tourniquet", "shows_tourniquet"]}),
        (None, {"fields": ["warnings", "signs_heading", "signs", "author"]}),
    ]
    inlines = [part_inline(Citation)]

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        # It is only ever replaced: a site that has published first aid keeps it.
        return False


class ArchivedFilter(admin.SimpleListFilter):
    """Hides archived procedures unless they are asked for."""

    title = _("state")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Archived")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield first | {"display": _("Not archived")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "yes")


@admin.register(Procedure)
class ProcedureAdmin(PageAdmin):
    list_display = ["title", "menu_label", "urgency", "position", "edited_at"]
    list_filter = [ArchivedFilter]
    search_fields = ["title", "plain_name", "alternate_names"]
    prepopulated_fields = {"slug": ["title"]}
    fieldsets = [
        (None, {"fields": ["title", "slug", "plain_name", "door", "menu_label", "alternate_names"]}),
        (None, {"fields": ["summary", "description", "author"]}),
        (
            _("Position and use"),
            {
                "fields": ["urgency", "body_location", "show_in_form", "position"],
                "description": _(
                    "A new position takes effect at once, in the menu and in all lists. "
                    "Everything else takes effect when the page is published."
                ),
            },
        ),
        (_("Picture"), {"fields": PageAdmin.photo_fields}),
    ]
    inlines = inlines_of(Page.Kind.PROCEDURE)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Only those who publish may move a page: patients see its new position at once."""
        may_move = obj is None or self.has_publish_permission(request)
        return [*super().get_readonly_fields(request, obj), *([] if may_move else ["position"])]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        # The form for a new procedure asks for its names; its parts follow once it is saved.
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            outline.add_outline(obj)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, _t("Now fill in the outline. Patients see nothing until you publish it."))
        return redirect(self.url("change", obj))

    @page_view("archive/", "publish", *FORM)
    def archive_view(self, request: HttpRequest, page: Procedure) -> HttpResponse:
        """Ask first; a POST takes the procedure off the site and out of the lists. It replaces deleting."""
        if request.method != "POST":
            return self.render(request, "archive", page, _t("Archive “%(page)s”?"))
        publishing.archive(page, by=request.user)
        message = _t("Archived. Requests for it keep its name.")
        self.done(request, page, _t("Archived the procedure."), message)
        return redirect("admin:procedures_procedure_changelist")

    @page_view("unarchive/", "publish", *FORM)
    def unarchive_view(self, request: HttpRequest, page: Procedure) -> HttpResponse:
        """Ask first; a POST brings the procedure back into the staff's lists, not to the site."""
        if request.method != "POST":
            return self.render(request, "unarchive", page, _t("Unarchive “%(page)s”?"))
        publishing.unarchive(page, by=request.user)
        message = _t("Unarchived. Patients see it once it is published.")
        return self.done(request, page, _t("Unarchived the procedure."), message)


@admin.register(Disclaimer)
class DisclaimerAdmin(SingletonAdmin):
    form = ConflictDetectingForm

    def save_model(self, request: HttpRequest, obj: Disclaimer, form: Any, change: bool) -> None:
        if change and not form.has_changed():
            return  # a new date of change would list its pages as outdated
        super().save_model(request, obj, form, change)
        if Publication.objects.live().exists():
            text = _t("Patients see the old text until each page is published again.")
            self.message_user(request, f"{text} {_t('Today lists these pages.')}", messages.WARNING)


@admin.register(Practitioner)
class PractitionerAdmin(TranslationAdmin):
    form = PhotoForm
    list_display = ["name", "registration_number", "specialty", "is_active", "is_sample"]
    search_fields = ["name"]
    fields = [
        "name",
        "registration_number",
        "qualifications",
        "specialty",
        "training",
        "languages",
        "procedures",
        "biography",
        "photo_upload",
        "photo_alt",
        "photo_remove",
        "slug",
        "position",
        "is_active",
        "is_sample",
    ]

    def save_model(self, request: HttpRequest, obj: Practitioner, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        change_warnings.warn(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin[Source]):
    form = ConflictDetectingForm
    list_display = ["key", "title", "publisher", "year"]
    search_fields = ["key", "title", "publisher"]
