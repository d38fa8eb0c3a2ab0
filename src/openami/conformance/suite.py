"""All cases, in the order in which they run."""

from collections.abc import Collection, Iterable
from typing import Final

from openami.conformance import (
    addresses,
    frames,
    identity,
    key_transfer,
    links,
    negotiation,
    objects,
    opening,
    policies,
    protection,
    push,
    references,
    selections,
    services,
)
from openami.conformance.case import Case
from openami.conformance.verdict import Group
from openami.core.errors import DefinitionError

SUITE: Final[tuple[Case, ...]] = (
    *frames.CASES,
    *addresses.CASES,
    *links.CASES,
    *opening.CASES,
    *negotiation.CASES,
    *services.CASES,
    *objects.CASES,
    *identity.CASES,
    *selections.CASES,
    *references.CASES,
    *push.CASES,
    *protection.CASES,
    *policies.CASES,
    *key_transfer.CASES,
)


def chosen(groups: Collection[Group] = (), names: Iterable[str] = ()) -> tuple[Case, ...]:
    """Choose the cases of some groups, and some by name; all where nothing is asked for."""
    wanted = {name.upper() for name in names}
    unknown = wanted - {case.name.upper() for case in SUITE}
    if unknown:
        raise DefinitionError(f"no case {', '.join(sorted(unknown))}: `--list` names them")
    if not wanted and not groups:
        return SUITE
    return tuple(case for case in SUITE if case.group in groups or case.name.upper() in wanted)
