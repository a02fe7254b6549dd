"""The form for photographs and reports, chosen before "Send request"."""

from typing import Self

from django import forms
from django.utils.translation import gettext_lazy as _

from consultations.intake import attachments
from consultations.intake.form_fields import FILES_HINT, FilesField, valid_files
from consultations.tokens import SubmissionKey

SEND_WITHOUT_IT = _("Send your request without it. You can add it later, on your private page")


class AttachmentsForm(forms.Form):
    """Up to four files at once. Valid files are stored even if others are not."""

    use_required_attribute = False

    attachments = FilesField(
        label=_("Photos or a report"),
        help_text=FILES_HINT,
        error_messages={"required": _("Choose a photo or a report, or go on without one")},
    )

    @classmethod
    def refused(cls, reason: str) -> Self:
        """Return an empty form that says why no file was stored."""
        form = cls({})
        form.errors["attachments"] = form.error_class([f"{reason}. {SEND_WITHOUT_IT}"])
        return form

    def keep_for(self, key: SubmissionKey, network: str) -> bool:
        """Store the files until their form is sent. False, with ``errors``, when something is wrong."""
        try:
            attachments.keep_until_sent(key, valid_files(self, "attachments", network), network)
        except attachments.TooManyFilesError as error:
            self.add_error("attachments", str(error))
        except attachments.NoRoomError as error:
            self.add_error("attachments", f"{error}. {SEND_WITHOUT_IT}")
        except OSError:  # a full disk must not cost the request
            self.add_error("attachments", SEND_WITHOUT_IT)
        return not self.errors
