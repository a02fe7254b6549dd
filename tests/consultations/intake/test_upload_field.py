"""The field for photographs and reports names each invalid file."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict

from consultations.intake.form_fields import FilesField, valid_files
from tests.consultations.intake.upload_samples import PDF
from tests.pages import Page
from tests.procedures.publishing.photos import encoded, picture

JPEG = encoded(picture(size=(60, 60)))
GIF = encoded(picture(size=(60, 60)), "GIF")


class FilesForm(forms.Form):
    conditional = ("attachments",)
    attachments = FilesField(
        label="Photographs",
        help_text="Up to 4.",
        required=False,
        error_messages={"required": "Choose a photograph"},
    )


def sent(*files: tuple[str, bytes]) -> FilesForm:
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    return FilesForm({}, MultiValueDict({"attachments": uploads}))


def errors(form: forms.Form) -> list[str]:
    return list(form.errors["attachments"])


def rendered(form: forms.Form) -> Page:
    html = render_to_string("forms/field.html", {"field": form["attachments"]})
    return Page(html)


def test_files_are_cleaned_in_order_and_none_is_needed_unless_required() -> None:
    form = sent(("a.jpg", JPEG), ("b.pdf", PDF))
    assert form.is_valid()
    assert [kept.kind for kept in form.cleaned_data["attachments"]] == ["image", "pdf"]
    nothing: list[Any] = [None, "text", ["text"], [None], [1], {"a": 1}]
    for data in nothing:
        form = FilesForm({"attachments": data}, {"attachments": data})
        assert form.is_valid() and form.cleaned_data["attachments"] == [], data
    form = sent()
    form.fields["attachments"].required = True
    assert errors(form) == ["Choose a photograph"]


def test_each_wrong_file_is_named_with_its_place_and_the_others_are_not_lost() -> None:
    form = sent(("a.jpg", JPEG), ("b.gif", GIF), ("c.pdf", PDF), ("d.jpg", b""))
    assert errors(form) == [
        "File 2 (b.gif): Choose a photo in JPEG, PNG, WebP or HEIC, or a report in PDF. "
        "We can’t open this type of file",
        "File 4 (d.jpg): Choose the file again. This one is empty",
    ]
    assert [kept.kind for kept in valid_files(form, "attachments", "")] == ["image", "pdf"]


def test_fifth_file_is_named_and_not_read() -> None:
    form = sent(*[(f"{number}.jpg", JPEG) for number in range(4)], ("4.jpg", b""), ("5.jpg", b""))
    assert errors(form) == ["Add at most 4 files at a time. Not added: 4.jpg, 5.jpg"]
    assert [kept.name for kept in valid_files(form, "attachments", "")] == [
        "0.jpg",
        "1.jpg",
        "2.jpg",
        "3.jpg",
    ]
    form = sent(*[("n" * 200, JPEG)] * 100)
    assert len(errors(form)[0]) < 400


def test_file_name_is_escaped() -> None:
    for name, shown in [
        ("<img src=x onerror=alert(1)>.gif", "<img src=x onerror=alert(1)>.gif"),
        ("زخم کی تصویر.gif", "زخم کی تصویر.gif"),
        ("%(place)s%d{0}.gif", "%(place)s%d{0}.gif"),
        ("ev\u202efig\u202c.gif", "evfig.gif"),
        ("x" * 200 + ".gif", "x" * 59 + "…"),
    ]:
        page = rendered(sent((name, GIF)))
        (error,) = page.by_class("error-message")
        assert f"File 1 ({shown}): Choose" in error.text
        assert not page.all("img")


def test_control_is_plain_takes_several_and_has_its_hint_and_error() -> None:
    page = rendered(sent(("b.gif", GIF)))
    control = page.one("input")
    assert (control["type"], control["name"], control["aria-invalid"]) == ("file", "attachments", "true")
    assert "multiple" in control.attributes
    assert set(control["accept"].split(",")) >= {"image/jpeg", "image/heic", ".heic", "application/pdf"}
    assert set(control["aria-describedby"].split()) <= set(page.ids)
    assert page.one("label")["for"] == control["id"]
