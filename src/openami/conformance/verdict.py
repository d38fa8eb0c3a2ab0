"""How a case ends, and the errors that end it."""

from dataclasses import dataclass
from enum import Enum

from openami.core.errors import AmiError


class Verdict(Enum):
    """Verdict on one case (Yellow Book, test verdicts), or why there is none."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"


class Group(Enum):
    """What a case is about: the abstract test suites of the DLMS UA."""

    HDLC = "hdlc"
    APPLICATION = "application"
    OBJECTS = "objects"
    SECURITY = "security"


class FailedError(AmiError):
    """The meter broke a rule: what was sent, what was expected, what came, each in words."""

    def __init__(self, sent: str, expected: str, came: str) -> None:
        super().__init__(f"{sent}: expected {expected}, came {came}")
        self.sent = sent
        self.expected = expected
        self.came = came


class InconclusiveError(AmiError):
    """The rule could not be put to the test, through no fault that the rule is about."""


class NotApplicableError(AmiError):
    """The meter, the way there or what was allowed has nothing that the rule is about; says what is missing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended; `remarks` is what was seen beside the rule."""

    name: str
    title: str
    group: Group
    verdict: Verdict
    detail: str = ""
    remarks: tuple[str, ...] = ()
    duration_s: float = 0.0
