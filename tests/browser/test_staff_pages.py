"""The staff pages in a real browser: no violation of the security policy and no script error."""

import re
from collections.abc import Callable
from typing import Any

from django.urls import reverse
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest
from procedures.models import Disclaimer, Overview, Practitioner, Procedure
from tests.admin_forms import address
from tests.browser.conftest import press
from tests.factories import a_request

Visit = Callable[..., Any]


def test_staff_pages_log_no_browser_errors(visit: Visit, staff_member: Callable[[str], User]) -> None:
    """``visit`` fails the test for a refused script or style, and for an error of a script."""
    visitor = visit(viewport={"width": 1280, "height": 900})
    visitor.opens("/staff/login/")
    visitor.is_signed_in(staff_member(roles.MANAGER))
    request: ConsultationRequest = a_request()
    procedure, overview = Procedure.objects.all()[0], Overview.objects.get()
    changelists = [
        "procedures_overview",
        "procedures_procedure",
        "procedures_practitioner",
        "procedures_source",
        "clinic_clinicprofile",
        "clinic_openinghours",
        "clinic_closure",
        "consultations_consultationrequest",
        "consultations_privacynotice",
        "accounts_user",
        "auth_group",
    ]
    paths = ["/staff/", *(reverse(f"admin:{name}_changelist") for name in changelists)]
    paths += [address(record) for record in (procedure, overview, Disclaimer.objects.get(), request)]
    paths += [address(procedure, view) for view in ("publish", "preview", "withdraw", "history_of")]
    paths += [reverse("admin:procedures_procedure_add"), reverse("admin:accounts_user_add")]
    paths += [address(Practitioner.objects.all()[0])]
    for path in paths:
        response = visitor.page.goto(visitor.site + path)
        assert response.status == 200, path
        expect(visitor.page.locator("h1").first).to_be_visible()


def test_part_is_added_with_the_admin_script(visit: Visit, staff_member: Callable[[str], User]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    visitor.opens("/staff/login/")
    visitor.is_signed_in(staff_member(roles.EDITOR))
    procedure = Procedure.objects.get(slug="nerve-repair")
    risks = procedure.risks.count()
    page = visitor.opens(address(procedure))
    page.get_by_role("link", name="Add another Risk").or_(
        page.get_by_role("button", name="Add another Risk")
    ).click()
    page.locator(f"[name=risks-{risks}-name]").fill("A new risk")
    page.locator(f"[name=risks-{risks}-body]").fill("It can happen.")
    press(page, re.compile("^Save$"))
    expect(page.locator(".messagelist").first).to_be_visible()
    assert procedure.risks.last().name == "A new risk"  # type: ignore[union-attr]


def test_editor_sees_styled_403_for_requests(visit: Visit, staff_member: Callable[[str], User]) -> None:
    request = a_request()
    visitor = visit()
    visitor.opens("/staff/login/")
    visitor.is_signed_in(staff_member(roles.EDITOR))
    response = visitor.page.goto(visitor.site + address(request))
    assert response.status == 403
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("You cannot open this page")
    assert request.patient_name not in visitor.page.content()
