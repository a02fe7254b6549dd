class NotAllowedError(Exception):
    """The workflow does not allow this step, or not with what was given."""


class SomeoneElseChangedError(Exception):
    """The request has changed since it was shown to the person who acts."""


class TimeTakenError(Exception):
    """The practitioner has another appointment at this time."""
