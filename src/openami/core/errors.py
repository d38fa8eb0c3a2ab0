"""The tree of errors: everything OpenAMI raises on purpose is an `AmiError`.

Attributes carry the facts, `str()` makes the sentence. No message holds a key or a plaintext.
"""

from enum import IntEnum
from typing import ClassVar


class AmiError(Exception):
    """Base of every error raised on purpose."""


class DecodeError(AmiError):
    """Octets or text do not follow their format."""

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.offset is None else f"{message} (at octet {self.offset})"


class EncodeError(AmiError):
    """A value does not fit the type it is to be sent as."""


class ProtocolError(AmiError):
    """One side broke the rules of the protocol."""


class LocalProtocolError(ProtocolError):
    """We were asked for something that the state forbids."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the rules; `reply` is what to answer, if anything."""

    def __init__(self, message: str, *, reply: bytes | None = None) -> None:
        super().__init__(message)
        self.reply = reply


class SecurityError(AmiError):
    """Wrong tag, replayed counter or missing key."""


class ServiceError(AmiError):
    """The peer said no, in the way the protocol provides."""


def result_name(result: IntEnum | int) -> str:
    """Name of a result code in the standard's spelling, or its number if it has none."""
    return result.name.lower().replace("_", "-") if isinstance(result, IntEnum) else str(result)


class ResultError(ServiceError):
    """An attribute or a method was refused: the result, and where."""

    #: The standard's name of the result.
    KIND: ClassVar[str] = "result"

    def __init__(self, result: IntEnum | int, where: str = "") -> None:
        super().__init__(result, where)
        self.result = result
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.KIND} {result_name(self.result)}"


class AccessError(ResultError):
    """An attribute was refused: data-access-result, and where (attribute and logical name)."""

    KIND = "data-access-result"


class ActionError(ResultError):
    """A method was refused: action-result, and where (method and logical name)."""

    KIND = "action-result"


class AssociationError(ServiceError):
    """An association was refused; `hint` says what to look at."""

    def __init__(
        self,
        message: str,
        *,
        result: IntEnum | int | None = None,
        diagnostic: IntEnum | int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.result = result
        self.diagnostic = diagnostic
        self.hint = hint

    def __str__(self) -> str:
        codes = {"result": self.result, "diagnostic": self.diagnostic}
        facts = ", ".join(f"{name} {result_name(code)}" for name, code in codes.items() if code is not None)
        message = super().__str__() + (f" ({facts})" if facts else "")
        return f"{message}; {self.hint}" if self.hint else message


class LinkError(AmiError):
    """The line below the protocol failed; `partial` is what had come of a long value, encoded."""

    partial: bytes = b""


class ConnectionLost(LinkError):
    """The other end went away."""


class LinkTimeout(LinkError):
    """The other end did not answer in time."""


class DefinitionError(AmiError):
    """A product file or a setting is wrong; names the file and the key."""

    def __init__(self, message: str, *, file: str = "", key: str = "") -> None:
        super().__init__(message)
        self.file = file
        self.key = key

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.key) if part)
        message = super().__str__()
        return f"{place}: {message}" if place else message
