"""Options that say what is listened to, and how hard: the same for files and for receivers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from openami.phy.ert import Settings

ChannelsOption = Annotated[
    int, typer.Option("--channels", min=0, max=4096, help="Channels at once; 0 for as many as the band needs.")
]
WideOption = Annotated[bool, typer.Option("--wide", help="Do not split the band: faster, less sensitive.")]
KindsOption = Annotated[
    list[str] | None, typer.Option("--kind", help="SCM, SCM+, IDM or NetIDM; may be repeated. Else all.")
]
IdsOption = Annotated[list[int] | None, typer.Option("--id", help="Endpoint wanted; may be repeated. Else all.")]
CorrectOption = Annotated[
    int, typer.Option("--correct", min=0, max=2, help="Wrong bits of an SCM put right; 2 only with --id or much care.")
]
UniqueOption = Annotated[
    float, typer.Option("--unique", min=0, help="Tell the same message again only after so many seconds.")
]
NetTypesOption = Annotated[
    list[int] | None, typer.Option("--net-type", help="ERT types (low nibble) read as NetIDM (8).")
]
WaterfallOption = Annotated[
    Path | None, typer.Option("--waterfall", metavar="FILE", dir_okay=False, help="Draw the spectrum over time (PNG).")
]


def settings_of(
    *,
    channels: int,
    kinds: list[str] | None,
    ids: list[int] | None,
    correct: int,
    unique: float,
    net_types: list[int] | None,
    wide: bool,
) -> "Settings":
    """Put the options together."""
    from openami.phy.ert import KINDS, Settings

    return Settings(
        channels=1 if wide else channels,
        kinds=frozenset(kinds or KINDS),
        correct=correct,
        ids=frozenset(ids or ()),
        fold_s=unique,
        net_types=frozenset({8} if net_types is None else net_types),
    )
