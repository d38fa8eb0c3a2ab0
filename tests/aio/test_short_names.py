"""A meter that knows short names only, on a real socket: by our own client and by `openami read`."""

import numpy as np
import pytest

from openami import Security, connect
from openami.core.errors import AccessError, AssociationError, DefinitionError, LocalProtocolError
from openami.cosem.association_sn import AssociationSNv0, AssociationSNv2, AssociationSNv4
from openami.cosem.clock import Clock
from openami.cosem.registers import Data, Register
from openami.cosem.scripts import ScriptTable
from openami.dlms.xdlms import DataAccessResult
from pair import PASSWORD
from short_meter import SCRIPTS, ShortMeter
from small_meter import CLOCK, ENERGY, HLS5, MIDNIGHT, NAME, PROFILE, ROWS, at_work, url_of

LEVELS = {"hls5": (1, HLS5), "password": (2, Security.lls(PASSWORD)), "public": (16, Security.none())}


@pytest.mark.parametrize("level", ["hls5", "password"])
async def test_everything_by_short_names(level):
    client, security = LEVELS[level]
    async with (
        at_work(ShortMeter()) as listener,
        connect(url_of(listener), client=client, security=security, referencing="SN") as meter,
    ):
        assert await meter.get(Register.value, ENERGY) == 12_345
        assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        await meter.set(Register.value, ENERGY, 7)
        assert await meter.get(Register.value, ENERGY) == 7
        await meter.action(Register.reset, ENERGY, 0)
        assert await meter.get(Register.value, ENERGY) == 0
        await meter.action(ScriptTable.execute, SCRIPTS, 0)
        assert (await meter.clock()).timestamp() == MIDNIGHT
        rows = await meter.entries(PROFILE)
        assert len(rows.table) == ROWS
        assert np.array_equal(rows.table.columns[2], np.arange(ROWS, dtype=np.uint32) * 7)


@pytest.mark.parametrize("version", [AssociationSNv0, AssociationSNv2, AssociationSNv4])
async def test_the_object_list_is_that_of_logical_names(version):
    async with (
        at_work(ShortMeter(version=version)) as listener,
        connect(url_of(listener), client=16, referencing="SN") as meter,
    ):
        elements = await meter.object_list()
        assert [e.class_id for e in elements] == [1, 8, 12, 1]
        clock = next(e for e in elements if e.class_id == Clock.class_id)
        if version is AssociationSNv0:
            assert clock.access_rights is None
        else:
            assert [i.access_mode for i in clock.access_rights.attribute_access] == [1, 1, *[0] * 7]
        with pytest.raises(AccessError) as caught:
            await meter.get(Clock.status, CLOCK)
        assert caught.value.result is DataAccessResult.READ_WRITE_DENIED
        with pytest.raises(LocalProtocolError, match="no short name"):
            await meter.get(Register.value, ENERGY)


async def test_names_that_are_known_are_not_asked_for():
    short = ShortMeter()
    async with (
        at_work(short) as listener,
        connect(url_of(listener), client=16, referencing="SN", names=short.names) as meter,
    ):
        assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
    assert len(short.sessions[-1].seen) == 3


async def test_a_meter_by_short_names_refuses_logical_ones():
    async with at_work(ShortMeter()) as listener:
        with pytest.raises(AssociationError):
            await connect(url_of(listener), client=16)


def test_datagrams_cannot_carry_short_names():
    with pytest.raises(DefinitionError, match="bear no number"):
        connect("udp://127.0.0.1:4059", referencing="SN")
