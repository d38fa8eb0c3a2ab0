"""The door of a fleet in service, from the OpenAPI document that it gives."""

from generators import rest
from openami.cli.control.door import application
from openami.meters.fleet import Fleet
from openami.meters.households import Households
from openami.meters.identity import Identity
from openami.meters.product import load

HEAD = """# Hands by REST

Served by `openami meter serve PRODUCT --control PORT` on 127.0.0.1 alone; the machine-readable form is
`/openapi.json`. [How to use it](../howto/faults.md). Requests by another name than this machine's, and those of pages
of other sites, are refused. Every error is `application/problem+json` (RFC 9457) whose `detail` is one sentence. What
was answered with 200 outlives a kill.
"""
PRODUCT, START = "compactiq", 1_700_000_100


def page() -> str:
    """Describe every route and every schema."""
    load_of_one = Households(Identity().serials(1))
    fleet = Fleet.create(load(PRODUCT), 1, start_utc=START, load=load_of_one, now=lambda: START, random=bytes)
    return HEAD + rest.described(application(fleet).openapi())
