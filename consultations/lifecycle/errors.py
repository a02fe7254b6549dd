class NotAllowedError(Exception):
    """The workflow does not lead from the one status to the other, or not without more than was given."""


class SomeoneElseChangedError(Exception):
    """The request stands otherwise by now than it did on the screen of whoever pressed."""


class PhotographsMissingError(Exception):
    """The request would not have every file that the patient was shown with it. Nothing is stored."""

    def __init__(self, kept: frozenset[str]) -> None:
        super().__init__()
        self.kept = kept  # the digests of those that it would have


class TimeTakenError(Exception):
    """Somebody else has this time with this practitioner."""
