"""What can go wrong with the store itself; all of it is worth another try later."""

from openami.core.errors import AmiError


class StoreError(AmiError):
    """The database could not do what it was asked to."""


class StoreFullError(StoreError):
    """No room for more rows: disk, quota or page limit."""


class StoreBusyError(StoreError):
    """Others held the database, or rows that we want too, for longer than we wait."""


class UnfitTextError(StoreError):
    """Text that no database of ours keeps: it holds a NUL character."""


class StoreLostError(StoreError):
    """The database server does not answer, or went away in the middle; nothing of the unit of work was kept.

    Only of one that was being committed at that moment it is not known: what is done again must bear it.
    """


class AccessRefusedError(AmiError):
    """Somebody asked for what is not theirs to do."""


class NotSignedInError(AccessRefusedError):
    """Nobody is signed in, or no longer."""


class ForbiddenError(AccessRefusedError):
    """Whoever is signed in may not do this, or not there."""


class UnknownMeterError(AmiError):
    """No meter of that serial number is registered."""

    def __init__(self, serial: str) -> None:
        super().__init__(f"meter {serial} is not registered")
        self.serial = serial
