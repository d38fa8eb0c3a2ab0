"""Sensemi: IDIS with a vendor range of codes, 230 to 249, for tamper and prepayment; a product may set others.

No event table of this family is public; in IDIS these codes belong to a sixth M-Bus channel, which these have not.
"""

from collections.abc import Mapping
from dataclasses import replace

from openami.metering.events import STANDARD, Bit, Entry
from openami.meters.faces import idis

FIRST, LAST = 230, 249

VENDOR: Mapping[str, Entry] = {
    name: Entry(log, FIRST + number)
    for number, (name, log) in enumerate(
        (
            ("tamper_latched", idis.DISCONNECTOR),
            ("tamper_cleared", idis.DISCONNECTOR),
            ("module_cover_open", idis.FRAUD),
            ("module_cover_closed", idis.FRAUD),
            ("bypass", idis.FRAUD),
            ("bypass_end", idis.FRAUD),
            ("over_current", idis.QUALITY),
            ("over_current_end", idis.QUALITY),
            ("fuse_exceeded", idis.DISCONNECTOR),
            ("over_voltage_disconnect", idis.DISCONNECTOR),
            ("over_voltage_reconnect", idis.DISCONNECTOR),
            ("unbalance_end", idis.QUALITY),
            ("current_reversed_end", idis.FRAUD),
            ("short_outage", idis.QUALITY),
            ("no_credit", idis.DISCONNECTOR),
            ("credit_back", idis.DISCONNECTOR),
            ("token_accepted", STANDARD),
            ("token_refused", STANDARD),
            ("token_locked", idis.FRAUD),
            ("key_changed_by_token", STANDARD),
        )
    )
}
"""Codes of the vendor range: an event that differs by phase has one code for all of them."""
PHASED = ("over_current", "over_current_end", "current_reversed_end")

EVENTS: Mapping[str, Entry] = {
    **idis.EVENTS,
    **VENDOR,
    "credit_low": Entry(STANDARD, FIRST),
    "module_cover_2_open": VENDOR["module_cover_open"],
    "module_cover_2_closed": VENDOR["module_cover_closed"],
    **{f"{name}_l{n}": VENDOR[name] for name in PHASED for n in idis.PHASES},
}

FACE = replace(idis.FACE, name="sensemi", events=EVENTS, alarms={**idis.ALARMS, "bypass": (Bit(0, 13),)})
