"""Every part of the founding document stands on the front page.

Under its own name, in its order, and from the database: staff change it in the admin, publish it, and
only then patients read the change.
"""

import pytest
from django.test import Client

from procedures.models import Disclaimer, Overview, Procedure
from procedures.publishing import services as publishing
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
# Its rows, as headings of the page, in their order.
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
# What "before the operation it is important to" lists, by words that its three headings must have.
EXPECTATIONS = ["Consult", "Understand", "Ask"]


def headings(client: Client) -> list[str]:
    return read(client.get("/")).heading_texts()


def test_every_part_stands_on_the_front_page_under_its_own_name_and_in_its_order(
    client: Client, sample_world: None
) -> None:
    found = headings(client)
    assert set(FOUNDING_DOCUMENT) <= set(found), set(FOUNDING_DOCUMENT) - set(found)
    assert in_order(found, FOUNDING_DOCUMENT)


def test_each_name_stands_there_once(client: Client, sample_world: None) -> None:
    found = headings(client)
    assert [name for name in FOUNDING_DOCUMENT if found.count(name) != 1] == []


def test_what_is_important_before_the_operation_is_said_in_three_parts(
    client: Client, sample_world: None
) -> None:
    found = headings(client)
    begin = found.index("Consultation and Expectations") + 1
    assert [heading.split()[0] for heading in found[begin : begin + 3]] == EXPECTATIONS


def test_the_disclaimer_says_that_the_site_is_for_information_and_to_ask_a_specialist(
    client: Client, sample_world: None
) -> None:
    main = read(client.get("/")).main.text
    disclaimer = main[main.rindex("Disclaimer") :]
    for words in ("information only", "qualified specialist", "qualified medical professional"):
        assert words in disclaimer


def test_the_steps_are_a_numbered_list(client: Client, sample_world: None) -> None:
    section = read(client.get("/")).main.one(id="steps")
    assert [item.one("h3").text for item in section.one("ol").all("li")] == STEPS


def test_each_procedure_is_a_link_to_its_own_page(client: Client, sample_world: None) -> None:
    section = read(client.get("/")).main.one(id="procedures")
    for name in PROCEDURES:
        (link,) = (link for link in section.all("a") if link.text == name)
        assert client.get(link["href"]).status_code == 200
        assert read(client.get(link["href"])).one("h1").text.startswith(name)


# One change for each row: the part, as it is called now, what staff make of it, and what patients then see.
CHANGES = [
    ("page", "", {"title": "Surgery Under the Microscope"}, "Surgery Under the Microscope"),
    ("sections", "Overview", {"heading": "In short"}, "In short"),
    ("sections", "Benefits of Microsurgery", {"heading": "Its benefits"}, "Its benefits"),
    ("benefits", "Precision and Accuracy", {"title": "Exact Work"}, "Exact Work"),
    ("benefits", "Improved Outcomes", {"title": "Better Results"}, "Better Results"),
    ("benefits", "Minimized Trauma", {"title": "Less Harm"}, "Less Harm"),
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


def test_every_part_comes_from_the_database_and_a_change_reaches_patients_when_it_is_published(
    client: Client, sample_world: None
) -> None:
    """All rows are changed in one form of the admin, as an editor would."""
    editor, reviewer = signed_in("Editor"), signed_in("Clinical reviewer")
    overview = Overview.objects.get()
    before = client.get("/").content

    changes: dict[str, str] = {}
    for part_set, name, fields, _shown in CHANGES:
        changes |= _named(overview, part_set, name, fields)
    change_in_admin(editor, overview, changes)
    assert client.get("/").content == before, "patients saw what nobody has published"

    publish_in_admin(reviewer, overview, a_reviewer())
    found = headings(client)
    wanted = [shown for *_change, shown in CHANGES]
    assert in_order(found, wanted), [heading for heading in wanted if heading not in found]
    gone = {name for part_set, name, *_rest in CHANGES if part_set}
    assert not gone & set(found)


def test_what_it_says_of_lahore_stands_on_the_page_of_the_clinic_too(
    client: Client, sample_world: None
) -> None:
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


def test_the_disclaimer_comes_from_the_database(client: Client, sample_world: None) -> None:
    editor, reviewer = signed_in("Editor"), signed_in("Clinical reviewer")
    change_in_admin(editor, Disclaimer.objects.get(), {"heading": "Please note"})
    assert "Please note" not in headings(client)
    publish_in_admin(reviewer, Overview.objects.get(), a_reviewer())
    assert headings(client)[-1] == "Please note"


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedures_card_comes_from_the_database(client: Client, sample_world: None, name: str) -> None:
    editor, reviewer = signed_in("Editor"), signed_in("Clinical reviewer")
    procedure = Procedure.objects.get(title=name)
    change_in_admin(editor, procedure, {"title": "Another Name"})
    assert name in headings(client)
    publish_in_admin(reviewer, procedure, a_reviewer())
    found = headings(client)
    assert "Another Name" in found
    assert name not in found


def test_parts_stand_in_the_order_that_staff_give_them(client: Client, sample_world: None) -> None:
    editor, reviewer = signed_in("Editor"), signed_in("Clinical reviewer")
    overview = Overview.objects.get()
    change_in_admin(editor, overview, {"benefits-2-position": "0"})
    publish_in_admin(reviewer, overview, a_reviewer())
    assert in_order(headings(client), ["Minimized Trauma", "Precision and Accuracy", "Improved Outcomes"])
