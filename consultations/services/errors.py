class NotAllowedError(Exception):
    """The workflow does not lead from the one status to the other, or not without more than was given."""


class SomeoneElseChangedError(Exception):
    """The request stands otherwise by now than it did on the screen of whoever pressed."""


class TimeTakenError(Exception):
    """Somebody else has this time with this practitioner."""
