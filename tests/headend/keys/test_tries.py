"""Which keys are tried with a meter that may have several, and in which order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from headend.keys.stand import opened
from openami.core.errors import AmiError, AssociationError, ConnectionLost
from openami.dlms.security import Security, SendCounter
from openami.headend.collection.jobs import Job
from openami.headend.collection.reader import Association, Target
from openami.headend.collection.session import hold
from openami.headend.keys.kinds import KeyState
from openami.headend.registry.service import meter as find_meter

KEYS = tuple(bytes((octet,)) * 16 for octet in range(4))


def security(number: int) -> Security:
    return Security.hls5(encryption_key=KEYS[number], authentication_key=KEYS[number], client_title="4F414D4845530001")


class Stubborn:
    """A meter that only one key opens; to any other it says no, or nothing at all."""

    def __init__(self, right: Security, refusal: AmiError) -> None:
        self.right = right
        self.refusal = refusal
        self.tried: list[Security] = []

    @asynccontextmanager
    async def associate(self, target: Target) -> AsyncIterator[Association]:
        self.tried.append(target.security)
        if target.security is not self.right:
            raise self.refusal
        yield self  # type: ignore[misc]

    async def foresee(self, _asks: object) -> None:
        return None

    async def invocation_counter(self, _target: Target) -> int:
        raise ConnectionLost("no public client")


async def caught_up(_serial: str, _told: int) -> bool:
    return False


@pytest.mark.parametrize(
    "refusal", [AssociationError("refused"), ConnectionLost("it hung up")], ids=["says-no", "drops"]
)
async def test_every_key_that_a_meter_may_have_is_tried(tmp_path: Path, refusal: AmiError) -> None:
    async with opened(tmp_path) as stand:
        with stand.database.read() as unit:
            known = find_meter(unit, stand.serials[0])
    first, *others = (security(number) for number in range(4))
    target = Target(known.serial, "127.0.0.1", 1, known.zone, first, SendCounter(), tuple(others))
    reader = Stubborn(others[-1], refusal)
    outcome = await hold(Job(known, target, ()), reader, now=lambda: 0.0, limit_s=5, catch_up=caught_up)
    assert (outcome.is_reached, outcome.reason) == (True, None)
    assert reader.tried == [first, *others]
    lonely = Stubborn(security(0), ConnectionLost("it hung up"))
    alone = Job(known, replace(target, others=()), ())
    outcome = await hold(alone, lonely, now=lambda: 0.0, limit_s=5, catch_up=caught_up)
    assert (outcome.is_reached, outcome.reason, len(lonely.tried)) == (False, "it hung up", 1)


async def test_keys_that_were_changed_together_come_before_mixtures(tmp_path: Path) -> None:
    async with opened(tmp_path) as stand:
        serial, store = stand.serials[0], stand.store()
        with stand.database.write() as unit:
            old = store.newest(unit, [serial])[serial]
            new = [store.add(unit, serial, kind, KEYS[2], 5) for kind in ("encryption", "authentication")]

            def tried() -> list[tuple[int, int]]:
                versions = {old["encryption"]: 1, old["authentication"]: 1, KEYS[2]: 2}
                found = store.candidates(unit, [serial])[serial]
                return [(versions[keys.encryption], versions[keys.authentication]) for keys in found]

            assert tried()[:2] == [(1, 1), (2, 2)]
            assert sorted(tried()) == [(1, 1), (1, 2), (2, 1), (2, 2)]
            store.stand(unit, [each.name for each in new], KeyState.TRANSFERRED, 6)
            assert tried()[:2] == [(2, 2), (1, 1)]
            store.stand(unit, [each.name for each in new], KeyState.REFUSED, 7)
            assert tried()[0] == (1, 1)
