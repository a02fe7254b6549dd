"""The pages of a request. Nothing personal is kept before "Send request", and no GET changes anything."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http.csrf import redisplay_on_csrf_failure
from clinic_site.core.http.page_cache import content_page
from clinic_site.core.http.responses import SeeOther, private_no_cache
from clinic_site.core.rate_limits import Limit, network_address
from consultations.answers import Onset
from consultations.intake import procedure_choices, response_time, submission
from consultations.intake.emergency_form import EmergencyQuestion
from consultations.intake.request_form import RequestForm
from consultations.intake.upload_form import PhotographsForm
from consultations.intake.upload_handler import takes_files
from consultations.lifecycle import errors
from consultations.models import PrivacyNotice
from procedures.public.selectors import live_emergency_text
from procedures.publishing.documents import PageDocument

# Many patients share one address of a mobile network, and a family shares a phone: enough for all of
# them, too few for a flood.
FROM_ONE_ADDRESS = Limit("requests from an address", attempts=40, period=timedelta(hours=1))
FOR_ONE_PHONE = Limit("requests for a phone", attempts=10, period=timedelta(days=1))
UPLOADS = Limit("uploads", attempts=40, period=timedelta(hours=1))

NoticeView = Callable[[HttpRequest, PrivacyNotice], HttpResponse]

require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# Nothing is stored here: nobody in an emergency is asked for a cookie.
@csrf_exempt
@require_get_or_post
def start(request: HttpRequest) -> HttpResponse:
    """Before anything personal: what a request is, and whether this is an emergency."""
    page = live_emergency_text(language())
    signs = signs_of_an_emergency(page)
    if request.method == "POST":
        form = EmergencyQuestion(request.POST, signs=signs)
        if form.is_valid():
            return SeeOther(form.next_address())
    else:
        led_by = {"about": request.GET.get("about", ""), "source_page": page_before(request)}
        form = EmergencyQuestion(initial=led_by, signs=signs)
    context = {"form": form, "page": page, **when_we_answer()}
    return private_no_cache(render(request, "consultations/intake/start.html", context))


def signs_of_an_emergency(page: PageDocument | None) -> tuple[str, ...]:
    return page.emergency.signs if page and page.emergency else ()


def when_we_answer() -> dict[str, str]:
    """What the clinic promises, and, where its owner agreed, what is usual."""
    now, clinic = timezone.now(), ClinicProfile.current()
    if clinic is None:
        return {}
    needs_hours = clinic.answer_within_hours or clinic.shows_answer_time
    hours = business_hours.load() if needs_hours else None
    return {
        "promise": business_hours.promise_sentence(now, hours=hours, clinic=clinic),
        "usual": response_time.sentence(now, hours) if clinic.shows_answer_time else "",
    }


@content_page()
@require_safe
def emergency(request: HttpRequest) -> HttpResponse:
    """Where a "yes" leads. Nothing is asked and nothing is stored."""
    return render(request, "consultations/intake/emergency.html", {"page": live_emergency_text(language())})


def with_notice(view: NoticeView) -> Callable[[HttpRequest], HttpResponse]:
    """For a view of the form: finds the privacy notice to agree to. Without one nothing can be sent."""

    @wraps(view)
    def opened(request: HttpRequest) -> HttpResponse:
        notice = PrivacyNotice.objects.to_agree_to(request.POST.get("notice", ""), language())
        if notice is None:
            return render(request, "consultations/intake/closed.html", status=503)
        return view(request, notice)

    return opened


@never_cache
@with_notice
def after_lost_cookie(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    """The answers of a form that came without its cookie, to be sent once more with a new one."""
    form = RequestForm(request.POST, notice=notice, language=language())
    if form.is_valid():
        return check(request, form, status=403, lost_cookie=True)
    return ask(request, form, status=403)


@redisplay_on_csrf_failure(after_lost_cookie)
@require_get_or_post
@with_notice
def request_form(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    if request.method == "POST":
        return answered(request, notice)
    led_by = {
        "about": procedure_choices.for_slug(request.GET.get("about", "")),
        "source_page": request.GET.get("source_page", "") or page_before(request),
    }
    return private_no_cache(ask(request, RequestForm(initial=led_by, notice=notice, language=language())))


@never_cache
def answered(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    """The pressed button says what is next: back to a question, "Check your answers", or stored once."""
    if name := request.POST.get("change"):
        form = RequestForm(initial=request.POST, notice=notice, language=language())
        form.focus_on(name)
        return ask(request, form)
    # The cookie against forged requests tells this browser from all others, and is needed here anyway.
    browser = request.META.get("CSRF_COOKIE", "")
    form = RequestForm(request.POST, notice=notice, language=language(), browser=browser)
    if not form.is_valid():
        return ask(request, form)
    if "send" not in request.POST:
        return check(request, form)
    if not form.has_own_key:
        # Sent without a key of ours, two presses would store two requests. The page that is shown now has
        # a key: the patient is asked to press once more, and nothing is stored twice.
        return check(request, form, press_again=True)
    if limited_by := limit_above(request, form):
        return check(request, form, status=429, limited_by=limited_by)
    try:
        submission.submit(form.submission)
    except errors.PhotographsMissingError as missing:
        return check(request, form, status=409, kept=missing.kept)
    return SeeOther(reverse("consultations:private", args=[form.key_of_request.token]))


def limit_above(request: HttpRequest, form: RequestForm) -> str:
    """Of what there are too many: "phone", "network", or "" for none. The same form again is never limited.

    The phone comes first: who tries again does not use up what the others of a network may send.
    """
    if submission.is_stored(form.key_of_request):
        return ""
    if not FOR_ONE_PHONE.allow(form.answers.phone):
        return "phone"
    return "" if FROM_ONE_ADDRESS.allow(network_address(request)) else "network"


def check(
    request: HttpRequest,
    form: RequestForm,
    *,
    status: int = 200,
    kept: frozenset[str] | None = None,
    **context: object,
) -> HttpResponse:
    """ "Check your answers": what is sent already and what is not. The answers travel in the page.

    So do the digests of the files that stand on it: sent, each of them goes with the request. ``kept`` are
    those that would, when not all do: the page says so, and sent once more goes with them alone.
    """
    key, photographs = form.key_of_request, form.photographs
    waiting = {photograph.digest for photograph in photographs}
    shown = form.shown_photographs | waiting
    if kept is not None:
        context |= {"are_gone": shown - waiting - kept, "have_no_room": waiting - kept}
        shown &= kept
    is_recent = form.answers.onset == Onset.DAY
    context_of_page = {
        "form": form,
        "photographs": photographs,
        "shown": " ".join(sorted(shown)),
        "is_sent": submission.is_stored(key),
        "is_for_another": key != form.submission_key,
        "signs": signs_of_an_emergency(live_emergency_text(language())) if is_recent else (),
        **context,
    }
    return render(request, "consultations/intake/check.html", context_of_page, status=status)


@redisplay_on_csrf_failure(after_lost_cookie)
@takes_files
@never_cache
@require_POST
@with_notice
def photographs(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    """Files are added to a form that is not sent yet, or taken out. Its answers travel along."""
    form = RequestForm(request.POST, notice=notice, language=language())
    if not form.is_valid():
        return ask(request, form)
    if remove := request.POST.get("remove", ""):
        form.take_out(remove)
        return check(request, form)
    if "add" not in request.POST:
        return choose_photographs(request, form, PhotographsForm())
    if not UPLOADS.allow(network_address(request)):
        return choose_photographs(request, form, PhotographsForm.refused(), status=429)
    chosen = PhotographsForm(request.POST, request.FILES)
    if chosen.keep_for(form.submission_key, form.key_of_request):
        return check(request, form)
    return choose_photographs(request, form, chosen)


def choose_photographs(
    request: HttpRequest, form: RequestForm, chosen: PhotographsForm, status: int = 200
) -> HttpResponse:
    context = {"form": chosen, "answers": form, "photographs": form.photographs}
    return render(request, "consultations/intake/photographs.html", context, status=status)


@content_page()
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "consultations/data_rights/privacy_notice.html",
        {"notice": PrivacyNotice.objects.current(language())},
    )


def language() -> str:
    return get_language() or "en"


def ask(request: HttpRequest, form: RequestForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "notice": form.shown_notice}
    return render(request, "consultations/intake/request.html", context, status=status)


def page_before(request: HttpRequest) -> str:
    """The page of this site that led here; "" if there was none, or if it belongs to a request."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_ours = before.netloc == request.get_host() and not before.path.startswith(
        reverse("consultations:start")
    )
    return before.path if is_ours else ""
