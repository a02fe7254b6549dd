"""The form for photographs and reports, chosen before "Send request"."""

from typing import Self

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from consultations.intake import attachments as keeping
from consultations.intake.form_fields import FILES_HINT, FilesField, valid_files
from consultations.intake.submission import MAX_ATTACHMENTS_PER_REQUEST
from consultations.intake.upload_limits import MAX_FILES_PER_UPLOAD
from consultations.lifecycle.errors import NotAllowedError
from consultations.tokens import SubmissionKey


class AttachmentsForm(forms.Form):
    """Up to four files at once. Valid files are stored even if others are not."""

    use_required_attribute = False
    conditional: tuple[str, ...] = ()

    attachments = FilesField(
        label=_("Photographs or a report"),
        help_text=FILES_HINT,
        error_messages={"required": _("Choose a photograph or a report, or go on without one")},
    )

    @classmethod
    def refused(cls) -> Self:
        """Return an empty form that says why no file was stored."""
        form = cls({}, MultiValueDict())
        form.full_clean()
        form.errors.clear()
        form.add_error(
            "attachments", _t("Send your request without it. You can add it later, on your private page")
        )
        return form

    def keep_for(self, key: SubmissionKey) -> bool:
        """Store the files until their form is sent. False, with ``errors``, when something is wrong."""
        whole = self.cleaned_data["attachments"] if self.is_valid() else valid_files(self, "attachments")
        try:
            keeping.keep_until_sent(key, whole)
        except (NotAllowedError, OSError) as error:  # OSError: a full disk must not cost the request
            self.add_error("attachments", _why_not(error))
        return not self.errors


def _why_not(error: Exception) -> str:
    match str(error):
        case "too many":
            return _t("Choose fewer files. A request can have at most %(most)d") % {
                "most": MAX_FILES_PER_UPLOAD
            }
        case "too many for the request":
            return _t(
                "Choose fewer files, or none. "
                "A request can have at most %(most)d, with those you have sent already"
            ) % {"most": MAX_ATTACHMENTS_PER_REQUEST}
        case _:
            return _t("Send your request without it. You can add it later, on your private page")
