"""The waterfall picture of what is decoded, if it is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openami.phy.ert import Heard
    from openami.phy.samples import Samples
    from openami.report.waterfall import Mark

MOST_MARKS = 4000


class Picture:
    """Takes samples and messages, and writes the file when there are no more; without a file it takes nothing."""

    def __init__(self, file: Path | None, rate_hz: float, centre_hz: float | None, title: str) -> None:
        self.file, self.centre_hz, self.title = file, centre_hz, title
        self.marks: list[Mark] = []
        if file is not None:
            from openami.phy.waterfall import Waterfall
            from openami.report.waterfall import render  # what is not installed is missed before anything is done

            self.waterfall, self.render = Waterfall(rate_hz), render

    def step(self, samples: "Samples", heard: "Sequence[Heard]") -> None:
        """Take samples, and the messages that have been found meanwhile."""
        if self.file is not None:
            self.waterfall.step(samples)
            self.found(heard)

    def found(self, heard: "Sequence[Heard]") -> None:
        """Take messages; of very many the first ones are framed."""
        if self.file is None:
            return
        from openami.phy.ert import duration_s
        from openami.report.waterfall import Mark

        room = MOST_MARKS - len(self.marks)
        self.marks += [
            Mark(each.message.KIND, each.at_s, duration_s(each.data), each.offset_hz) for each in heard[:room]
        ]

    def close(self) -> None:
        """Write the file."""
        if self.file is not None:
            self.file.write_bytes(self.render(self.waterfall, self.title, self.centre_hz, self.marks))
