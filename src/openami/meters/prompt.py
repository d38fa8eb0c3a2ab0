"""What the display says while something is typed in, and after: digits, results, credit taken, answers to queries.

It takes the display over (`front.Overlay`) by the clock of whoever looks, as long as the product file says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from openami.metering.columns import NEVER
from openami.metering.display import Mode
from openami.metering.entry import GAP_MOST_MS, NAME, SECOND_MS, TOKEN_DIGITS, Entry, Says
from openami.metering.screen import Shown
from openami.meters import tokens
from openami.meters.displays import Faceplate, query
from openami.meters.sections.input import InputRow
from openami.meters.view import View
from openami.meters.writing import Writing
from openami.sts.rules import Result

GROUP = 4
"""Digits of a token that stand together."""
UNITS_OF_KWH = 10
DISPLAY_TEST = 1
"""Control bit of the test of display, diodes and buzzer."""

Page = tuple[Shown, int]
"""What is shown, and for how many ms."""


@dataclass(slots=True)
class Prompt:
    """What one meter has to say to the one before it; `since_ms` is when it was seen to say something else."""

    face: Faceplate
    row: InputRow
    view: View
    seen: int = field(init=False)
    since_ms: int = -NEVER

    def __post_init__(self) -> None:
        self.seen = int(self.part.strokes[self.view.meter])

    @property
    def part(self) -> Entry:
        """Input modules of the fleet."""
        return self.view.laws.part(NAME, Entry)

    def notice(self, now_ms: int) -> None:
        """See whether a key or a card has come since the last look."""
        strokes = int(self.part.strokes[self.view.meter])
        if strokes != self.seen:
            self.seen, self.since_ms = strokes, now_ms

    def gap_ms(self, now_ms: int) -> int:
        """Time since the last key or card; a day where there has been none for longer, or none at all."""
        return min(now_ms - self.since_ms, GAP_MOST_MS)

    def shown(self, now_ms: int) -> Shown | None:
        """What to show now; None when all is said."""
        self.notice(now_ms)
        left = self.gap_ms(now_ms)
        for shown, lasts_ms in self.pages():
            if left < lasts_ms:
                return shown
            left -= lasts_ms
        return None

    def pages(self) -> Iterator[Page]:
        """Give all that there is to say, page by page."""
        meter, keypad = self.view.meter, self.row.keypad
        says, answer = Says(int(self.part.says[meter])), int(self.part.answer[meter])
        match says:
            case Says.NOTHING:
                return
            case Says.DIGITS:
                yield self.digits(), SECOND_MS * (0 if keypad is None else keypad.digit_s.value)
            case Says.RESULT:
                yield from self.of_token(Result(answer), int(self.part.units[meter]))
            case Says.QUERY:
                yield from self.items([*self.row.query, ""][answer])
            case Says.TEST:
                yield from self.of_test(answer)
            case _:
                yield Shown(value=self.row.text.get(says.name.lower(), "Err")), SECOND_MS * self.row.rejected_s.value

    def digits(self) -> Shown:
        """Groups of four, the last ones where there is not room for all, and how many digits there are."""
        typed = self.part.typed(self.view.meter)
        fit = max(1, self.face.width // GROUP)
        first = max(0, -(-len(typed) // GROUP) - fit) * GROUP
        groups = [typed[at : at + GROUP] for at in range(first, len(typed), GROUP)]
        return Shown(f"{len(typed)}-{TOKEN_DIGITS}", ".".join(groups) if self.has_segments else " ".join(groups))

    @property
    def has_segments(self) -> bool:
        """Whether a point takes no room of its own."""
        return self.face.row.kind == "segments"

    def of_token(self, result: Result, units: int) -> Iterator[Page]:
        """Result by its number, then the credit taken, or how long no other token is taken."""
        rest_s = tokens.rest_s(self.view)
        text = self.row.text.get(result.name.lower(), "Err")
        if result is Result.LOCKOUT:
            yield self.rest(rest_s), SECOND_MS * self.row.rejected_s.value
            return
        if not result.is_good:
            yield Shown(f"E {result:02d}", text), SECOND_MS * self.row.rejected_s.value
            if rest_s:
                yield self.rest(rest_s), SECOND_MS * self.row.rejected_s.value
            return
        yield Shown(value=text), SECOND_MS * self.row.accepted_s.value
        if units:
            amount = f"{units // UNITS_OF_KWH}.{units % UNITS_OF_KWH}"
            yield Shown("", amount, "kWh"), SECOND_MS * self.row.amount_s.value
            yield from self.items(self.row.after)

    def rest(self, seconds: int) -> Shown:
        """How long no token is taken."""
        return Shown(f"E {Result.LOCKOUT:02d}", f"{self.row.text.get('lockout', 'LOC')} {seconds}", "s")

    def of_test(self, control: int) -> Iterator[Page]:
        """Every segment, then the queries that answer the bits of a test token."""
        yield Shown(value=self.row.text.get("accept", "")), SECOND_MS * self.row.accepted_s.value
        if control >> DISPLAY_TEST & 1:
            yield Shown("8." * self.face.row.code_digits, "8." * self.face.width), SECOND_MS * self.row.item_s.value
        for bit, code in self.row.test.items():
            if control >> int(bit) & 1:
                yield from self.items(code)

    def items(self, code: str) -> Iterator[Page]:
        """Give the items of a query."""
        for shown in Writing(self.face, self.view).items(query(code), Mode.MANUAL) if code else ():
            yield shown, SECOND_MS * self.row.item_s.value
