"""The overview has every part of the founding document, by name, in order and from the database."""

import pytest
from django.test import Client

from procedures.models import Disclaimer, Overview, Procedure
from procedures.publishing import drafts, publishing
from tests.admin_forms import change_in_admin, publish_in_admin
from tests.factories import a_reviewer, signed_in
from tests.pages import in_order, read

pytestmark = pytest.mark.django_db

PROCEDURES = ["Microvascular Surgery", "Nerve Repair", "Replantation", "Tumor Removal"]
STEPS = [
    "Consultation",
    "Customized Plan",
    "Anesthesia",
    "Microscopic Intervention",
    "Recovery and Rehabilitation",
]
# Its rows as headings of the page, in order.
FOUNDING_DOCUMENT = [
    "Microsurgery: Microscope-Assisted Operations",
    "Overview",
    "Benefits of Microsurgery",
    "Precision and Accuracy",
    "Improved Outcomes",
    "Minimized Trauma",
    "Microscope-Assisted Procedures",
    *PROCEDURES,
    "Microsurgery Procedure",
    *STEPS,
    "Recovery and Considerations",
    "Recovery Time",
    "Post-Op Care",
    "Gradual Improvement",
    "Consultation and Expectations",
    "Microsurgery in Lahore",
    "Disclaimer",
]
# The first words of the three headings on what to do before the operation.
EXPECTATIONS = ["Consult", "Understand", "Ask"]


def headings(client: Client) -> list[str]:
    return read(client.get("/")).heading_texts()


def test_overview_has_every_founding_part_once_and_in_order(client: Client, sample_world: None) -> None:
    found = headings(client)
    assert set(FOUNDING_DOCUMENT) <= set(found), set(FOUNDING_DOCUMENT) - set(found)
    assert in_order(found, FOUNDING_DOCUMENT)
    assert [name for name in FOUNDING_DOCUMENT if found.count(name) != 1] == []
    begin = found.index("Consultation and Expectations") + 1
    assert [heading.split()[0] for heading in found[begin : begin + 3]] == EXPECTATIONS


def test_overview_numbers_steps_links_procedures_and_disclaims(client: Client, sample_world: None) -> None:
    main = read(client.get("/")).main
    assert [item.one("h3").text for item in main.one(id="steps").one("ol").all("li")] == STEPS
    for name in PROCEDURES:
        (link,) = (link for link in main.one(id="procedures").all("a") if link.text == name)
        assert read(client.get(link["href"])).one("h1").text.startswith(name)
    disclaimer = main.text[main.text.rindex("Disclaimer") :]
    for words in ("information only", "qualified specialist", "qualified medical professional"):
        assert words in disclaimer


# For each row: the set of parts, the present name, the change, and the heading patients then see.
CHANGES = [
    ("page", "", {"title": "Surgery Under the Microscope"}, "Surgery Under the Microscope"),
    ("sections", "Overview", {"heading": "In short"}, "In short"),
    ("sections", "Benefits of Microsurgery", {"heading": "Its benefits"}, "Its benefits"),
    ("benefits", "Minimized Trauma", {"title": "Less Harm"}, "Less Harm"),
    ("benefits", "Precision and Accuracy", {"title": "Exact Work"}, "Exact Work"),
    ("benefits", "Improved Outcomes", {"title": "Better Results"}, "Better Results"),
    ("sections", "Microscope-Assisted Procedures", {"heading": "What we do"}, "What we do"),
    ("sections", "Microsurgery Procedure", {"heading": "How it goes"}, "How it goes"),
    ("steps", "Consultation", {"title": "First Talk"}, "First Talk"),
    ("steps", "Customized Plan", {"title": "Your Plan"}, "Your Plan"),
    ("steps", "Anesthesia", {"title": "Sleep"}, "Sleep"),
    ("steps", "Microscopic Intervention", {"title": "The Operation"}, "The Operation"),
    ("steps", "Recovery and Rehabilitation", {"title": "Getting Well"}, "Getting Well"),
    ("sections", "Recovery and Considerations", {"heading": "Afterwards"}, "Afterwards"),
    ("recoverynotes", "Recovery Time", {"title": "How Long"}, "How Long"),
    ("recoverynotes", "Post-Op Care", {"title": "Care"}, "Care"),
    ("recoverynotes", "Gradual Improvement", {"title": "Little by Little"}, "Little by Little"),
    ("sections", "Consultation and Expectations", {"heading": "Before it"}, "Before it"),
    ("expectations", "Consult an Experienced Microsurgeon", {"title": "See One"}, "See One"),
    ("expectations", "Understand the Chosen Procedure", {"title": "Know It"}, "Know It"),
    ("expectations", "Ask about Recovery and Possible Outcomes", {"title": "Ask It"}, "Ask It"),
    ("sections", "Microsurgery in Lahore", {"heading": "In Lahore"}, "In Lahore"),
]


@pytest.mark.slow
def test_pages_show_changes_of_every_part_once_published(client: Client, sample_world: None) -> None:
    """An editor changes all rows in one form of the admin, the disclaimer, and the name of a procedure."""
    editor, reviewer = signed_in("Editor"), signed_in("Clinical reviewer")
    overview, procedure = Overview.objects.get(), Procedure.objects.get(title="Nerve Repair")
    before = client.get("/").content

    # The last benefit moves to the front.
    changes = {"benefits-2-position": "0"}
    for part_set, name, fields, _shown in CHANGES:
        changes |= _named(overview, part_set, name, fields)
    change_in_admin(editor, overview, changes)
    change_in_admin(editor, Disclaimer.objects.get(), {"heading": "Please note"})
    change_in_admin(editor, procedure, {"title": "Another Name"})
    assert client.get("/").content == before, "patients saw an unpublished change"

    person = a_reviewer()
    for page in (overview, procedure):
        publish_in_admin(reviewer, page, person)
    found = headings(client)
    wanted = [shown for *_change, shown in CHANGES]
    assert in_order(found, wanted), [heading for heading in wanted if heading not in found]
    gone = {name for part_set, name, *_rest in CHANGES if part_set} | {"Nerve Repair"}
    assert not gone & set(found)
    assert "Another Name" in found
    assert found[-1] == "Please note"


def test_untouched_form_changes_nothing(sample_world: None) -> None:
    """Browsers send other line ends."""
    page, editor = Procedure.objects.get(slug="nerve-repair"), signed_in("Editor")
    before = drafts.read_draft(page, "en")
    change_in_admin(editor, page, {})
    assert drafts.read_draft(Procedure.objects.get(pk=page.pk), "en") == before


def test_clinic_page_shows_the_section_on_lahore(client: Client, sample_world: None) -> None:
    assert "Microsurgery in Lahore" in read(client.get("/clinic/")).heading_texts()
    overview = Overview.objects.get()
    overview.sections.filter(kind="closing").update(heading="In Lahore")
    assert "In Lahore" not in read(client.get("/clinic/")).heading_texts()
    publish_in_admin(signed_in("Clinical reviewer"), overview, a_reviewer())
    assert "In Lahore" in read(client.get("/clinic/")).heading_texts()
    publishing.withdraw(overview, language="en")
    assert client.get("/clinic/").status_code == 200


def _named(overview: Overview, part_set: str, name: str, fields: dict[str, str]) -> dict[str, str]:
    """The names of these fields in the admin's form of the page."""
    if part_set == "page":
        return fields
    parts = list(getattr(overview, part_set).all())
    (index,) = (at for at, part in enumerate(parts) if str(part) == name)
    return {f"{part_set}-{index}-{field}": value for field, value in fields.items()}
