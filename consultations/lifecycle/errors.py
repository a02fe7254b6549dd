class NotAllowedError(Exception):
    """The workflow does not allow this step, or not with what was given."""


class SomeoneElseChangedError(Exception):
    """The request has changed since it was shown to the person who acts."""


class AttachmentsMissingError(Exception):
    """The request would lack files that the patient was shown. Nothing is stored."""

    def __init__(self, kept: frozenset[str]) -> None:
        super().__init__()
        self.kept = kept  # the digests of the files it would have


class TimeTakenError(Exception):
    """The practitioner has another appointment at this time."""
