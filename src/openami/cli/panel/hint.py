"""How to make a token that the meter on the stand takes: the command to type in, with its number, key file and key."""

from pathlib import Path

from openami.meters import tokens
from openami.meters.vending_keys import FIRST_CHANGE, VENDING
from openami.meters.view import View
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.tid import BaseDate

USUAL = KeyAttributes("000000")
"""What `openami sts encode` takes where nothing is said."""


def hint(view: View, folder: Path) -> str:
    """Command that makes credit for the meter; where it has its maker's key still, the one for the change before."""
    if not tokens.has_tokens(view):
        return ""
    facts = tokens.identity(view)
    last = tokens.state(view).tids[-1]
    options = [f"--sgc {facts.attributes.sgc}", *unusual(facts.attributes)]
    said = f"electricity 10 {' '.join(options)} --last {last} --keys {folder / VENDING}"
    if facts.attributes.key_type is not KeyType.DUTK:
        said = f"key-change key-type=2 {' '.join(options)} --keys {folder / FIRST_CHANGE}"
    return f"openami sts encode {facts.pan} {said}"


def unusual(own: KeyAttributes) -> list[str]:
    """Options for what is not as usual."""
    given = {
        "key-type": (int(own.key_type), int(USUAL.key_type)),
        "krn": (own.krn, USUAL.krn),
        "ti": (own.ti, USUAL.ti),
        "ea": (int(own.ea), int(EA.MISTY1)),
        "base-date": (int(own.base_date), int(BaseDate.YEAR_2014)),
    }
    return [f"--{name} {value}" for name, (value, usual) in given.items() if value != usual]
