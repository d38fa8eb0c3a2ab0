"""A CompactIQ that serves in a process of its own."""

from interop.cell import COSEM, FULL, GENERAL, GURUX, seen

PUBLIC = tuple(seen(peer, "CompactIQ: public client") for peer in (GURUX, COSEM))
TOURS = (seen(GURUX, "CompactIQ: object list, every readable attribute, rows by entry", FULL),)
PROFILES = (seen(COSEM, "CompactIQ: register, rows by range", GENERAL),)
UPGRADES = (seen(GURUX, "CompactIQ: firmware upgraded", FULL),)
KEYS = (seen(GURUX, "CompactIQ: keys replaced, which survive a kill", FULL),)
