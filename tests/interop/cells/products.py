"""Products that serve in a process of their own."""

from interop.cell import FULL, GURUX, seen
from openami.meters.product import load, slugs

SERVED = tuple(slug for slug in slugs() if load(slug).associations and slug != "compactiq")
TOURS = tuple(
    seen(GURUX, f"{slug}: object list, every readable attribute", FULL, facts={"product": slug}) for slug in SERVED
)
