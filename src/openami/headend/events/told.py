"""Errors of alarms, and how they are answered."""

from openami.core.errors import AmiError


class UnknownNumberError(AmiError):
    """Nothing of that number is there, as far as whoever asks may see."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"there is no {what} {number}")


STATUS: dict[type[AmiError], int] = {UnknownNumberError: 404}
