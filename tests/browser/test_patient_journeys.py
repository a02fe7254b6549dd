"""Five patients, each from the page they land on to what they and the staff finally see."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from clinic_site.accounts import roles
from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest
from tests.accounts.account_helpers import staff_with_password
from tests.browser.conftest import DESKTOP, USUAL_PHONE, Visitor, press
from tests.browser.request_form import (
    FORM,
    answer_of,
    check,
    choose,
    fill_in,
    fill_in_patient,
    fill_in_shared_phone,
    pick,
    press_key,
    send,
    sent,
    tab_to,
    type_into,
    unfold,
)
from tests.mail import mail_helpers

Visit = Callable[..., Visitor]


@pytest.fixture
def on_a_phone(visit: Visit) -> Visitor:
    return visit(viewport=USUAL_PHONE)


def at_the_desk(visit: Visit, request: ConsultationRequest, **options: Any) -> Visitor:
    """A coordinator signs in and opens the request from the queue."""
    desk = visit(viewport=DESKTOP, **options)
    desk.opens("/staff/")
    desk.signs_in(staff_with_password(roles.COORDINATOR))
    desk.opens(reverse("desk:queue"))
    with desk.page.expect_navigation():
        desk.page.get_by_role("link", name=request.reference).click()
    return desk


def direction(field: Locator) -> str:
    return str(field.evaluate("element => getComputedStyle(element).direction"))


def test_finger_cut_off(on_a_phone: Visitor) -> None:
    """One hand bleeds, the other holds the phone: 1122 and first aid are on every first screen."""
    page = on_a_phone.page
    main = page.get_by_role("main")

    def shows_first_aid() -> None:
        expect(page).to_have_url(re.compile("/emergency/$"))
        third_step = page.locator(".aid > li").nth(1)
        expect(third_step).to_contain_text("Lay the person down")
        call = main.get_by_role("link", name="Call 1122 now").first
        for element in (call, third_step):
            expect(element).to_be_in_viewport(ratio=1)
        assert call.bounding_box()["height"] >= 44  # type: ignore[index]
        # Nothing to fill in, and no way into the form before the first aid.
        assert page.locator("main :is(form, input, textarea)").count() == 0
        for link in page.locator(f"main a[href^='{FORM}']").all():
            expect(link).not_to_be_in_viewport()

    def follows(link: str) -> None:
        found = page.get_by_role("link", name=link).locator("visible=true").first
        expect(found).to_be_in_viewport(ratio=1)
        with page.expect_navigation():
            found.click()

    for landing, link in (
        ("/", "First aid steps"),
        ("/search/?q=finger+cut+off", "First aid"),
        ("/search/?q=amputated", "Finger or hand cut off?"),
        ("/search/?q=انگلی+کٹ+گئی", "Finger or hand cut off?"),
        ("/procedures/nerve-repair/", "First aid"),
        (FORM, "Yes, get help now"),
    ):
        on_a_phone.opens(landing)
        if landing != FORM:  # there, the one button leads to both
            call = page.locator("a[href='tel:1122']").locator("visible=true").first
            expect(call).to_be_in_viewport(ratio=1)
        follows(link)
        shows_first_aid()

    # The door of the home page leads to the procedure, which begins with first aid.
    on_a_phone.opens("/")
    page.get_by_role("link", name="A finger or hand is cut off").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Replantation"))
    expect(main.get_by_role("link", name="Call 1122 now").first).to_be_in_viewport(ratio=1)
    expect(page.locator(".aid > li").nth(1)).to_be_in_viewport(ratio=1)

    # "No" by mistake: the way back is on the next screen, and after the questions once more.
    on_a_phone.opens(FORM)
    page.get_by_role("link", name="No, continue").click()
    expect(page.locator("#questions a[href='tel:1122']")).to_be_in_viewport(ratio=1)
    fill_in(page)
    pick(page, "What happened?", "A finger or hand is cut off")
    page.get_by_label("When did it start?").select_option("In the last 24 hours")
    check(page)
    expect(page.locator(".care--urgent a[href='tel:1122']")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="What to do now").click()
    shows_first_aid()
    assert not ConsultationRequest.objects.exists()
    page.set_viewport_size({"width": 320, "height": 568})
    page.reload()
    expect(main.get_by_role("link", name="Call 1122 now").first).to_be_in_viewport(ratio=1)


def test_nerve_injury_of_ones_own(on_a_phone: Visitor, visit: Visit) -> None:
    """From a search to the front desk's first call, by keyboard alone."""
    page = on_a_phone.opens("/search/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, "main input[name=q]")
    page.keyboard.type("numb hand")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press_key(page, "main a", "Nerve Repair")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nerve Repair")
    press_key(page, "a", "Request a consultation")
    # What happened is known from the page before. Nothing is asked that concerns other people alone.
    expect(page.get_by_label("Numb or weak after a cut")).to_be_checked()
    tab_to(page, "main a", "No, continue")
    page.keyboard.press("Enter")
    choose(page, "Me")
    for label in (
        "Your name",
        "Your relationship",
        "Does the patient know",
        "If someone else",
        "Email address",
    ):
        expect(page.get_by_label(label)).to_be_hidden()
    on_a_phone.assert_accessible()
    type_into(page, "id_patient_name", "Ayesha Khan")
    type_into(page, "id_patient_age", "34")
    tab_to(page, "#id_onset")
    page.keyboard.type("1 to 7 days")
    type_into(page, "id_message", "Glass cut my wrist. Two fingers are numb.")
    type_into(page, "id_phone", "+92 301 2345678")
    press_key(page, "button", "Check your answers")
    on_a_phone.assert_accessible()
    press_key(page, "button", "Send request")
    on_a_phone.assert_accessible()
    request = sent(page)
    assert (request.patient_age, request.phone, request.procedure_name) == (
        34,
        "+923012345678",
        "Nerve Repair",
    )
    assert request.source_page == "/procedures/nerve-repair/"
    for promised in ("You don’t have an appointment yet.", "We’ll contact you", "number that ends in 678"):
        expect(page.get_by_role("main")).to_contain_text(promised)

    announce_new_requests()
    (notice,) = OutgoingMessage.objects.all()  # the patient gave no address
    assert (notice.to, notice.subject) == ("desk@clinic.example", f"New request {request.reference}")
    desk = at_the_desk(visit, request)
    expect(answer_of(desk.page, "Patient")).to_have_text("Ayesha Khan")
    expect(answer_of(desk.page, "Requested by")).to_have_text("the patient")
    expect(desk.page.get_by_text("An answer is promised by")).to_be_visible()
    expect(desk.page.get_by_text("Glass cut my wrist.")).to_be_visible()
    expect(desk.page.get_by_text("Do not say who is calling")).to_have_count(0)
    desk.presses("Start contacting")
    request.refresh_from_db()
    assert request.status == "contacting"
    assert [str(event.actor or "") for event in request.events.all()][:2] == ["", "ayesha@clinic.example"]
    page.reload()
    expect(page.get_by_text("We’re trying to reach you to set a time.")).to_be_visible()


def test_son_for_his_mother_on_a_shared_phone(visit: Visit) -> None:
    """She does not know. Nobody asks for her, and nobody says who is calling; also without JavaScript."""
    son = visit(viewport=USUAL_PHONE, java_script_enabled=False)
    page = son.opens("/")
    page.get_by_role("link", name="A lump or tumor").click()
    page.get_by_role("link", name="Request a consultation").first.click()
    page.get_by_role("link", name="No, continue").click()
    fill_in_patient(page, "Another adult", name="Nasreen Bibi", age="62", sender=("Bilal Khan", "son"))
    pick(page, "Does the patient know", "No. Please speak only to me")
    page.get_by_label("When did it start?").select_option("1 to 12 months ago")
    fill_in_shared_phone(page, "0300 1112222")
    unfold(page)
    page.get_by_label("Email", exact=True).check()
    page.get_by_label("Email address").fill("bilal@gmial.com")
    son.assert_accessible()
    check(page)
    press(page, "Yes, use it")
    expect(answer_of(page, "Email address")).to_have_text("bilal@gmail.com")
    son.assert_accessible()
    request = send(page)
    assert not son.scrolls_sideways()
    expect(page.locator(".panel")).to_contain_text("Sent by Bilal Khan (son)")
    expect(page.get_by_text("delete it from the browser’s history")).to_be_visible()
    assert not re.search("Nasreen|lump|tumor", page.get_by_role("main").inner_text(), re.I)

    announce_new_requests()
    to_him = OutgoingMessage.objects.get(to="bilal@gmail.com")
    assert to_him.subject == f"We’ve received your request {request.reference}"
    for words in (to_him.text, *OutgoingMessage.objects.values_list("subject", flat=True)):
        assert not re.search("Nasreen|mother|lump|tumor", words, re.I)

    desk = at_the_desk(visit, request, java_script_enabled=False)
    details = desk.page.get_by_role("region", name="Contact details")
    for words in (
        "Ask for Bilal Khan (son).",
        "Nasreen Bibi does not know about this request. Do not speak to the patient about it.",
        "Do not say who is calling. Others may answer this phone, or read its messages. Ask for Bilal Khan",
    ):
        expect(details).to_contain_text(words)
    assert re.findall(r"[Aa]sk for (\w+)", desk.page.get_by_role("main").inner_text()) == ["Bilal", "Bilal"]
    opening = desk.context.request.get(reverse("desk:whatsapp", args=[request.pk]), max_redirects=0)
    written = opening.headers["location"]
    assert "wa.me/923001112222" in written and request.reference in written
    assert not re.search("Nasreen|clinic|surgery|surgeon", written, re.I)
    desk.presses("No answer")
    timeline = desk.page.locator(".timeline")
    expect(timeline).to_contain_text("No answer")
    assert "by Bilal Khan (son)" in timeline.inner_text() and "Nasreen" not in timeline.inner_text()


def test_babies(on_a_phone: Visitor, visit: Visit) -> None:
    """Twins of ten days: the mother answers about herself first; the second form is in a second tab."""

    def fill_in_rest(page: Page) -> None:
        pick(page, "What happened?", "Something else")
        page.get_by_label("When did it start?").select_option("Since birth")
        page.get_by_label("Your phone number").fill("0301 2345678")

    page = on_a_phone.opens(FORM)
    fill_in_patient(page, "Me", name="Baby Sana One", age="newborn")
    fill_in_rest(page)
    press(page, "Check your answers")
    summary = page.locator(".error-summary a")
    expect(summary).to_have_text(["Enter your own age, or choose “My child” above"])
    year = f"{timezone.localdate():%Y}"
    fill_in_patient(page, "My child", name="Baby Sana One", age=year, sender=("Sana", "mother"))
    press(page, "Check your answers")
    expect(summary).to_have_text(["For a baby, write the age like this: 8 months, or 10 days"])
    for typed in ("newborn", "6 weeks", "۸ ماہ", "10 days"):
        page.get_by_label("Patient’s age").fill(typed)
        check(page)
        expect(answer_of(page, "Patient’s age")).to_have_text(typed)
        press(page, re.compile("^Change.*Who$"))
        expect(page.get_by_label("Patient’s age")).to_have_value(typed)
    check(page)
    first = send(page)

    other_tab = on_a_phone.context.new_page()
    other_tab.goto(on_a_phone.site + FORM)
    fill_in_patient(other_tab, "My child", name="Baby Sana Two", age="۱۰ دن", sender=("Sana", "mother"))
    fill_in_rest(other_tab)
    check(other_tab)
    second = send(other_tab)
    assert ConsultationRequest.objects.count() == 2
    assert (first.patient_name, second.patient_name) == ("Baby Sana One", "Baby Sana Two")
    assert first.patient_age == second.patient_age == 0

    desk = at_the_desk(visit, first).page
    expect(answer_of(desk, "Age")).to_have_text("10 days")
    expect(answer_of(desk, "Requested by")).to_have_text("Sana (mother) for their child")
    with desk.expect_navigation():
        desk.get_by_role("link", name=second.reference).click()  # "Also from this number"
    expect(answer_of(desk, "Age")).to_have_text("۱۰ دن")
    assert direction(desk.get_by_text("۱۰ دن")) == "rtl"


def test_everything_typed_in_urdu(on_a_phone: Visitor, visit: Visit, settings: Any) -> None:
    """Names, words and digits; they are shown from right to left to the patient and at the desk."""
    page = on_a_phone.opens(FORM)
    pick(page, "Who needs the consultation?", "Me")
    pick(page, "What happened?", "Something else")
    page.get_by_label("When did it start?").select_option("In the last 24 hours")
    unfold(page)
    pick(page, "How should we contact you?", "Email")
    pick(page, "What language", "Another language")
    typed = {
        "Patient’s full name": "نسرین بی بی",
        "Patient’s age": "۳۴ سال",
        "In your own words": "ہاتھ سن ہے۔ ڈاکٹر نے MRI کا کہا ہے۔\nکیا یہ خطرناک ہے؟",
        "Name of the language": "پشتو",
        "City or town": "لاہور",
        "What you need at the clinic": "وہیل چیئر",
    }
    for label, words in typed.items():
        page.get_by_label(label).fill(words)
        assert direction(page.get_by_label(label)) == "rtl", label
    page.get_by_label("Your phone number").fill("۰۴۲ ۳۵۷۶۱۹۹۹ ext ۲۰۴")
    page.get_by_label("Email address").fill("nasreen@example.com")
    for label in ("Your phone number", "Email address"):
        assert direction(page.get_by_label(label)) == "ltr", label
    for label in ("Friday", "Evening", "I’d prefer to speak with a woman"):
        page.get_by_label(label).check()
    assert not on_a_phone.scrolls_sideways()
    check(page)
    expect(answer_of(page, "Patient’s full name").locator("bdi")).to_have_text("نسرین بی بی")
    assert direction(answer_of(page, "In your own words").locator("bdi")) == "rtl"
    request = send(page)
    assert (request.patient_name, request.city, request.access_needs) == ("نسرین بی بی", "لاہور", "وہیل چیئر")
    assert (request.patient_age, request.phone, request.phone_extension) == (34, "+924235761999", "204")
    assert (request.onset, request.contact_method, request.speaks_other) == (1, "email", "پشتو")
    assert (request.days, request.parts_of_day, request.woman_staff) == ([4], ["evening"], True)
    assert request.message == typed["In your own words"]

    with mail_helpers.running(settings) as server:
        worker.send_due()
    subjects = {mail["To"]: mail["Subject"] for mail in server.mails}
    assert subjects == {
        "nasreen@example.com": f"We’ve received your request {request.reference}",
        "desk@clinic.example": f"New request {request.reference}",
    }
    (to_her,) = (mail for mail in server.mails if mail["To"] == "nasreen@example.com")
    # The mail has a link of its own, to the same page.
    page.goto(re.search(r"http\S+/r/\S+", to_her.get_body(("plain",)).get_content())[0])
    assert sent(page) == request

    page.get_by_role("link", name="Add a note").click()
    page.get_by_label("Your note").fill("اب درد بھی ہے۔")
    assert direction(page.get_by_label("Your note")) == "rtl"
    press(page, "Add this note")

    desk = at_the_desk(visit, request)
    for question in ("Patient", "City or town", "In their own words", "Speaks", "Access needs"):
        assert direction(answer_of(desk.page, question).locator("bdi")) == "rtl", question
    assert direction(desk.page.locator(".timeline bdi", has_text="اب درد بھی ہے۔")) == "rtl"
    desk.opens(reverse("desk:queue"))
    find = desk.page.get_by_label("Search")
    find.fill("نسرين بى بى")  # as an Arabic keyboard types it
    assert direction(find) == "rtl"
    find.press("Enter")
    expect(desk.page.get_by_role("link", name=request.reference)).to_be_visible()
