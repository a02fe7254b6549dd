"""Help for patients who lost the link to their private page: a task for staff, who send a new one.

The answer is the same whether reference and number match a request or not, so nobody can test either.
"""

from datetime import timedelta
from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from clinic_site.core.form_fields import TextField
from clinic_site.core.form_layout import FORM_ID, form_helper, without_nul
from clinic_site.core.http.languages import is_change_of_language
from clinic_site.core.http.responses import SeeOther, private_no_cache
from clinic_site.core.rate_limits import Limit, network_address
from consultations.intake.form_fields import PhoneField
from consultations.intake.questions import number_input
from consultations.lifecycle.staff_actions import may_have_link
from consultations.messaging.notify import notify_staff_of_activity
from consultations.models import ConsultationRequest, Event
from consultations.references import reference_prefix

LOST_LINKS_PER_NETWORK = Limit("lost private links from a network", attempts=10, period=timedelta(hours=1))
# Not reported and not shown: whether it is reached must not tell whether there is such a request.
TASKS_PER_REQUEST = Limit(
    "lost private links of a request", attempts=1, period=timedelta(days=1), is_reported=False
)


class LostLinkForm(forms.Form):
    use_required_attribute = False

    reference = TextField(
        label=_("Your reference"),
        help_text=_("For example, MS-7K4Q-92XD. It is in every message from us."),
        sentence=_("Enter your reference, like MS-7K4Q-92XD"),
        longest=40,
        too_long=_("Enter your reference, like MS-7K4Q-92XD"),
        widget=forms.TextInput({"autocapitalize": "characters", "spellcheck": "false", "dir": "ltr"}),
    )
    phone = PhoneField(label=_("The phone number that you gave us"), widget=number_input(autocomplete="tel"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Not one for all forms: a crispy button stays in the language in which it was first shown.
        self.helper = form_helper("", "reference", "phone", Submit("", _("Ask for a new link")))


@private_no_cache
@require_http_methods(["GET", "HEAD", "POST"])
def lost_link(request: HttpRequest) -> HttpResponse:
    typed, status = without_nul(request.POST), 200
    is_sent = request.method == "POST" and not is_change_of_language(request)
    form = LostLinkForm(typed if is_sent else None, initial=typed)
    if form.is_valid():
        if LOST_LINKS_PER_NETWORK.allow(network_address(request)):
            make_task(form.cleaned_data["reference"], form.cleaned_data["phone"].e164)
            return SeeOther(f"{reverse('consultations:lost_link')}?done")
        status = 429
    is_done = "done" in request.GET
    context = {"form": form, "is_done": is_done, "is_limited": status != 200}
    context["typed_in"] = "" if is_done else FORM_ID
    response = render(request, "consultations/portal/lost_link.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def make_task(reference: str, phone: str) -> None:
    """Ask staff to send a new link for the request of this reference and number, if there is one."""
    found = ConsultationRequest.objects.filter(
        phone=phone, reference=reference_prefix(reference), erased_at=None
    ).first()
    if found and may_have_link(found) and TASKS_PER_REQUEST.allow(str(found.pk)):
        with transaction.atomic():
            Event.objects.create(request=found, kind=Event.Kind.LINK_ASKED_FOR, at=timezone.now())
            notify_staff_of_activity(found, "link")
