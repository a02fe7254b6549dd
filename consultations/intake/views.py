"""The pages of the request form. Nothing personal is stored before "Send request"; a GET stores nothing."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.email_addresses import suggestion
from clinic_site.core.http.csrf import redisplay_on_csrf_failure
from clinic_site.core.http.languages import active_language, path_in
from clinic_site.core.http.page_cache import content_page
from clinic_site.core.http.responses import SeeOther, private_no_cache
from clinic_site.core.rate_limits import network_address, record_refusal
from consultations.answers import Onset
from consultations.intake import procedure_choices, response_time, submission
from consultations.intake.request_form import RequestForm
from consultations.models import PrivacyNotice
from consultations.tokens import SubmissionKey
from procedures.public.selectors import live_document

NoticeView = Callable[[HttpRequest, PrivacyNotice], HttpResponse]

require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def referring_page(request: HttpRequest) -> str:
    """Return the path of the page of this site that led here; "" for the request form and private pages."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    with override(settings.LANGUAGE_CODE):
        left_out = (reverse("consultations:request"), reverse("consultations:lost_link"))
    is_left_out = path_in(settings.LANGUAGE_CODE, before.path).startswith(left_out)
    return before.path if before.netloc == request.get_host() and not is_left_out else ""


@content_page()
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {"notice": PrivacyNotice.objects.current(active_language())}
    return render(request, "consultations/intake/privacy_notice.html", context)


def require_privacy_notice(view: NoticeView) -> Callable[[HttpRequest], HttpResponse]:
    """Pass the privacy notice to agree to; without one, show that the form is closed."""

    @wraps(view)
    def opened(request: HttpRequest) -> HttpResponse:
        notice = PrivacyNotice.objects.to_agree_to(request.POST.get("notice", ""), active_language())
        if notice is None:
            return render(request, "consultations/intake/closed.html", status=503)
        return view(request, notice)

    return opened


@private_no_cache
@require_privacy_notice
def resubmit_without_csrf_cookie(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    """Show the answers of a form that came without its CSRF cookie, to be sent again with a new one."""
    form = RequestForm(request.POST, notice=notice)
    if form.is_valid():
        return render_check_page(request, form, status=403, lost_cookie=True)
    return render_form(request, form, status=403)


@redisplay_on_csrf_failure(resubmit_without_csrf_cookie)
@private_no_cache
@require_get_or_post
@require_privacy_notice
def request_form(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    if request.method == "POST":
        return handle_answers(request, notice)
    led_by = {
        "about": f"{procedure_choices.PREFIX}{request.GET.get('about', '')}",
        "source_page": referring_page(request),
    }
    return render_form(request, RequestForm(initial=led_by, notice=notice))


def handle_answers(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    """Go back to a question, on to "Check your answers", or store the request, as the pressed button says."""
    if name := request.POST.get("change"):
        return render_form(request, RequestForm(initial=request.POST, notice=notice), focused=name)
    posted: QueryDict = request.POST
    if meant := posted.get("use_email"):
        posted = posted.copy()
        posted["email"] = meant
    # The CSRF cookie is a secret of this browser, and the form needs it anyway.
    browser = request.META.get("CSRF_COOKIE", "")
    # The key that the page offered for another patient.
    other_key = SubmissionKey.from_form(request.POST.get("another_patient", ""))
    network = network_address(request)
    form = RequestForm(posted, notice=notice, browser=browser, network=network, key=other_key)
    if not form.is_valid():
        return render_form(request, form)
    if "send" not in request.POST or other_key:
        return render_check_page(request, form)
    if form.must_be_shown_again:
        # Without a key of ours, pressing twice would store two requests; or the form showed another notice.
        # The next page has our key and the current notice.
        return render_check_page(request, form, press_again=True)
    try:
        consultation = submission.submit(form.submission)
    except submission.TooManyRequestsError:
        record_refusal(submission.REQUESTS_PER_NETWORK.scope)
        return render_check_page(request, form, status=429, is_limited=True)
    except submission.AnotherPatientError:
        return render_check_page(request, form, status=409)
    address = reverse("consultations:private", args=[form.submission_key.token])
    return SeeOther(f"{address}?done=resent" if submission.differs(consultation, form.answers) else address)


def render_form(
    request: HttpRequest, form: RequestForm, status: int = 200, focused: str = ""
) -> HttpResponse:
    form.prepare_to_show(focused)
    now, clinic = timezone.now(), ClinicProfile.current()
    emergency = live_document(active_language(), page__kind="emergency")
    context = {
        "form": form,
        "notice": form.shown_notice,
        "page": emergency,
        "emergency": emergency,
        "typed_in": "request-form",
        "promise": business_hours.promise_sentence(now, clinic=clinic),
        "usual_hours": clinic and clinic.shows_answer_time and response_time.usual_response_hours(now),
    }
    return render(request, "consultations/intake/request.html", context, status=status)


def render_check_page(
    request: HttpRequest, form: RequestForm, *, status: int = 200, **context: object
) -> HttpResponse:
    """Render "Check your answers", which carries the answers."""
    consultation = submission.find(form.submission_key)
    if consultation and submission.is_another_patient(consultation, form.answers):
        context["another_patient_key"] = SubmissionKey.new(form.submission_key.made_at).for_form()
    if form.answers.onset == Onset.DAY:
        emergency = live_document(active_language(), page__kind="emergency")
        context |= {"began_today": True, "emergency": emergency}
    context |= {
        "form": form,
        "meant_email": suggestion(form.answers.email),
        "is_sent": consultation is not None,
        "private_page": reverse("consultations:private", args=[form.submission_key.token]),
        "typed_in": "answers",
    }
    return render(request, "consultations/intake/check.html", context, status=status)
