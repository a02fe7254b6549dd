"""The pages of a request. Nothing personal is kept before "Send request", and no GET changes anything."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.page_cache import content_page
from clinic_site.responses import SeeOther, for_this_reader
from consultations import services, subjects
from consultations.forms import EmergencyQuestion, RequestForm
from consultations.models import ConsultationRequest, PrivacyNotice
from procedures.catalog import live_overview
from procedures.documents import Emergency

require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@require_get_or_post
def start(request: HttpRequest) -> HttpResponse:
    """Before anything personal: what a request is, and whether this is an emergency."""
    text = emergency_text()
    signs = text.signs if text else ()
    if request.method == "POST":
        form = EmergencyQuestion(request.POST, signs=signs)
        if form.is_valid():
            return SeeOther(form.next_address())
    else:
        led_by = {"about": request.GET.get("about", ""), "source_page": page_before(request)}
        form = EmergencyQuestion(initial=led_by, signs=signs)
    return for_this_reader(render(request, "consultations/start.html", {"form": form}))


@content_page()
@require_safe
def emergency(request: HttpRequest) -> HttpResponse:
    """Where a "yes" leads. Nothing is asked and nothing is stored."""
    return render(request, "consultations/emergency.html", {"emergency": emergency_text()})


@require_get_or_post
def request_form(request: HttpRequest) -> HttpResponse:
    notice = PrivacyNotice.objects.to_agree_to(request.POST.get("notice", ""), language())
    if notice is None:
        return render(request, "consultations/closed.html", status=503)
    if request.method == "POST":
        return answered(request, notice)
    led_by = {
        "about": subjects.for_slug(request.GET.get("about", "")),
        "source_page": request.GET.get("source_page", "") or page_before(request),
    }
    return for_this_reader(ask(request, RequestForm(initial=led_by, notice=notice, language=language())))


@never_cache
def answered(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    """The pressed button says what is next: back to a question, "Check your answers", or stored once."""
    if name := request.POST.get("change"):
        form = RequestForm(initial=request.POST, notice=notice, language=language())
        form.focus_on(name)
        return ask(request, form)
    form = RequestForm(request.POST, notice=notice, language=language())
    if not form.is_valid():
        return ask(request, form)
    is_sent = "send" in request.POST
    if is_sent and form.has_own_key:
        services.submit(form.submission)
        return SeeOther(reverse("consultations:private", args=[form.submission_key.token]))
    # Sent without a key of ours, two presses would store two requests. The page that is shown now has
    # a key: the patient is asked to press once more, and nothing is stored twice.
    return render(request, "consultations/check.html", {"form": form, "press_again": is_sent})


@never_cache
@require_safe
def private(request: HttpRequest, token: str) -> HttpResponse:
    """Where one request stands. Opening it changes nothing, and a wrong address says nothing."""
    consultation = ConsultationRequest.objects.for_token(token).first()
    # The address is the secret: it stands nowhere in the page.
    context = {"consultation": consultation, "canonical_url": ""}
    template = "consultations/private.html" if consultation else "consultations/private_unknown.html"
    response = render(request, template, context, status=200 if consultation else 404)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@content_page()
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(
        request, "consultations/privacy.html", {"notice": PrivacyNotice.objects.current(language())}
    )


def language() -> str:
    return get_language() or "en"


def emergency_text() -> Emergency | None:
    """When to call 1122, as clinicians approved it for the overview."""
    overview = live_overview(language())
    return overview.emergency if overview else None


def ask(request: HttpRequest, form: RequestForm) -> HttpResponse:
    return render(request, "consultations/request.html", {"form": form, "notice": form.shown_notice})


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
