"""A patient who reads Urdu: the whole way at 320 px, by keyboard, without JavaScript."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from consultations.appointments import offers
from consultations.models import Appointment, ConsultationRequest
from procedures.models import Practitioner
from tests import pages
from tests.browser.conftest import PHONE, Visitor
from tests.browser.request_form import press_key, tab_to, type_into
from tests.browser.test_form_mistakes import MISTAKES, QUESTION_IN_FOCUS, RIGHT
from tests.factories import a_coordinator
from tests.site.test_urdu import left_over

FIELDS = {
    "Your name": "requester_name",
    "Your relationship": "relationship",
    "Patient’s full name": "patient_name",
    "Patient’s age": "patient_age",
    "In your own words": "message",
    "Your phone number": "phone",
    "Email address": "email",
    "Name of the language": "speaks_other",
    "City or town": "city",
    "What you need at the clinic": "access_needs",
}
# Numbers, references and addresses that are shown from right to left, although they are on one line.
TURNED_ROUND = r"""() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [], range = new Range(), pattern = /\+?\d[\d \u00a0-]*\d|[A-Z\d]+(-[A-Z\d]+)+|\w+@[\w.]+/g;
    while (walker.nextNode()) {
        const node = walker.currentNode;
        for (const {0: text, index} of node.data.matchAll(pattern)) {
            range.setStart(node, index), range.setEnd(node, index + 1);
            const first = range.getBoundingClientRect();
            range.setStart(node, index + text.length - 1), range.setEnd(node, index + text.length);
            const last = range.getBoundingClientRect();
            if (first.top === last.top && first.left > last.left) found.push(text);
        }
    }
    return found;
}"""


def assert_is_urdu(visitor: Visitor) -> None:
    """Expect a page without Latin words, that fits and in which no number is turned round."""
    page = visitor.page
    assert left_over(pages.Page(page.content())) == set(), page.url
    assert page.evaluate(TURNED_ROUND) == [], page.url
    assert not visitor.scrolls_sideways(), page.url


def assert_errors_lead_to(visitor: Visitor, fields: Iterable[str]) -> None:
    """Send the form, and expect an error of each of these fields, that leads to it."""
    page = visitor.page
    page.locator("#request-form > div > button").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title().startswith("غلطی:")
    expect(page.locator(".error-summary")).to_be_focused()
    assert_is_urdu(visitor)
    reached = []
    for link in page.locator(".error-summary a").all():
        link.focus()
        page.keyboard.press("Enter")
        expect(page.locator(link.get_attribute("href") or "")).to_be_focused()
        assert page.evaluate(QUESTION_IN_FOCUS), link.inner_text()
        reached.append(page.evaluate("document.activeElement.name"))
    assert reached == [*fields]


def answer(page: Page, *choices: str) -> None:
    """Choose radio buttons and boxes by keyboard, in the order of the page."""
    for choice in choices:
        field = page.locator(choice)
        field.focus()
        page.keyboard.press("Space")
        expect(field).to_be_checked()


def test_from_reading_to_an_appointment_in_urdu(visit: Callable[..., Visitor]) -> None:
    visitor = visit(viewport=PHONE, java_script_enabled=False, reduced_motion="reduce")
    page = visitor.opens("/ur/procedures/nerve-repair/")
    press_key(page, "a[href='/ur/emergency/']", "")
    expect(page.locator("main a[href='tel:1122']").first).to_be_in_viewport(ratio=1)
    press_key(page, "a[href='/ur/consultation/']", "")
    tab_to(page, "main a[href='#questions']")
    page.keyboard.press("Enter")

    assert_errors_lead_to(visitor, ("for_whom", "patient_name", "patient_age", "about", "onset", "phone"))
    tab_to(page, ".folded > summary")
    page.keyboard.press("Enter")
    answer(page, "[value=adult]", "#id_phone_is_shared", "[value=email]", "[name=speaks][value=other]")
    empty = ["requester_name", "relationship", "patient_knows", "patient_name", "patient_age", "about"]
    empty += ["onset", "phone", "may_identify_clinic", "email", "speaks_other"]
    assert_errors_lead_to(visitor, empty)
    for name, value in (("patient_knows", "yes"), ("about", "not_sure"), ("may_identify_clinic", "no")):
        answer(page, f"[name={name}][value={value}]")
    page.locator("#id_onset").select_option(index=1)
    for mistakes in MISTAKES:
        for label, words in (RIGHT | mistakes).items():
            page.locator(f"#id_{FIELDS[label]}").fill(words)
        assert_errors_lead_to(visitor, [FIELDS[label] for label in mistakes])

    for label, words in RIGHT.items():
        page.locator(f"#id_{FIELDS[label]}").fill(words)
    page.locator("#id_patient_age").clear()
    type_into(page, "id_patient_age", "۶۲")
    page.locator("#id_phone").clear()
    type_into(page, "id_phone", "۰۳۰۱ ۲۳۴۵۶۷۸")
    press_key(page, "#request-form button", "")
    expect(page.locator("h1")).to_have_text("اپنے جواب ایک بار دیکھ لیں")
    press_key(page, "button[name=send]", "")
    request = ConsultationRequest.objects.get()
    assert (request.language, request.phone, request.patient_age) == ("ur", "+923012345678", 62)
    expect(page.locator(".panel")).to_contain_text(request.reference)
    assert_is_urdu(visitor)

    at = timezone.now() + timedelta(days=3)
    offers.offer_time(
        request,
        Practitioner.objects.all()[0],
        at.replace(minute=0, second=0, microsecond=0),
        timedelta(minutes=30),
        agreed=False,
        actor=a_coordinator(),
        version=request.version,
    )
    page.reload()
    assert_is_urdu(visitor)
    press_key(page, ".times button", "")
    expect(page.locator(".done")).to_be_focused()
    assert_is_urdu(visitor)
    assert Appointment.objects.get().state == Appointment.State.AGREED
