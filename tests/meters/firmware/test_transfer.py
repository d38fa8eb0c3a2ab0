"""Image transfer at a meter: blocks in any order, doubled, resumed; what is kept once; the state machine 0 to 7."""

import json
from random import Random

import numpy as np
import pytest

from meters.small_fleet import Company, Steady, Talk
from meters.upgrading import (
    ACTIVATION_S,
    APPLICATION_SIGNATURE,
    BLOCK,
    METER,
    MODEM,
    OLD,
    STATUS,
    Upgrade,
    made,
    modem_image,
    versions,
)
from openami.cosem.image_transfer import ImageBlock, ImageInitiate, ImageTransfer, ImageTransferStatus
from openami.cosem.registers import Data
from openami.dlms.client import Acted
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.metering.firmware import Stage
from openami.meters.firmware.image import Sealed


def test_the_law_numbers_stages_as_the_blue_book_does() -> None:
    assert {stage.name: stage.value for stage in Stage} == {status.name: status.value for status in STATUS}


def test_a_new_meter_has_nothing_under_way() -> None:
    upgrade = Upgrade(Company(), made())
    assert upgrade.status is STATUS.NOT_INITIATED
    assert upgrade.get(ImageTransfer.image_block_size) == BLOCK
    assert upgrade.get(ImageTransfer.image_first_not_transferred_block_number) == 0
    assert upgrade.get(ImageTransfer.image_transfer_enabled) is True
    assert upgrade.get(ImageTransfer.image_to_activate_info) == []
    assert upgrade.send(0) == [ActionResult.NO_LONG_ACTION_IN_PROGRESS]
    assert upgrade.verify() is ActionResult.OTHER_REASON


@pytest.mark.feature("IQ0404100K1-R-27", "IQ0404100K1-R-29")
def test_a_whole_upgrade_goes_through_the_states() -> None:
    company, data = Company(), made()
    upgrade = Upgrade(company, data)
    assert upgrade.initiate() is ActionResult.SUCCESS
    assert upgrade.status is STATUS.INITIATED
    upgrade.send(*range(upgrade.blocks))
    assert upgrade.get(ImageTransfer.image_first_not_transferred_block_number) == upgrade.blocks
    assert upgrade.verify() is ActionResult.SUCCESS
    assert upgrade.status is STATUS.VERIFICATION_SUCCESSFUL
    signature = Sealed.decode(data).signature
    assert upgrade.get(ImageTransfer.image_to_activate_info) == [(len(data), b"KFM-03", signature)]
    assert upgrade.activate() is ActionResult.TEMPORARY_FAILURE
    assert upgrade.status is STATUS.ACTIVATION_INITIATED
    company.live(ACTIVATION_S - 1)
    assert upgrade.activate() is ActionResult.TEMPORARY_FAILURE
    assert versions(company) == [OLD, OLD, b"01_02_03"]
    company.live(1)
    assert upgrade.status is STATUS.ACTIVATION_SUCCESSFUL
    assert versions(company) == [OLD, b"01 02 03 05", b"01_02_03"]
    assert company.read(Data.value, APPLICATION_SIGNATURE) == signature
    assert versions(company, 1) == [OLD, OLD, b"01_02_03"], "other meters stay as they are"


def test_blocks_come_in_any_order_and_twice() -> None:
    company, data = Company(), made()
    upgrade = Upgrade(company, data)
    order = [*range(upgrade.blocks)] * 2
    Random(4).shuffle(order)
    upgrade.initiate()
    assert set(upgrade.send(*order)) == {ActionResult.SUCCESS}
    assert upgrade.verify() is ActionResult.SUCCESS


def test_missing_blocks_are_told_and_a_repeated_initiate_resumes() -> None:
    company, data = Company(), made()
    upgrade = Upgrade(company, data)
    upgrade.initiate()
    upgrade.send(0, 1, 4, upgrade.blocks - 1)
    assert upgrade.get(ImageTransfer.image_first_not_transferred_block_number) == 2
    assert upgrade.verify() is ActionResult.OTHER_REASON
    assert upgrade.status is STATUS.INITIATED, "an image that is not whole is not verified, and not lost"
    again = Upgrade(company, data)
    assert again.initiate() is ActionResult.SUCCESS
    received = company.read(ImageTransfer.image_transferred_blocks_status, METER)
    assert [number for number in range(upgrade.blocks) if received[number]] == [0, 1, 4, upgrade.blocks - 1]
    again.send(*(number for number in range(upgrade.blocks) if not received[number]))
    assert again.verify() is ActionResult.SUCCESS


def test_another_image_begins_anew() -> None:
    company = Company()
    upgrade = Upgrade(company, made())
    upgrade.initiate()
    upgrade.send(0, 1)
    assert Upgrade(company, made(), identifier=b"KFM-01").initiate() is ActionResult.SUCCESS
    assert upgrade.get(ImageTransfer.image_first_not_transferred_block_number) == 0


def test_what_is_refused_at_once() -> None:
    upgrade = Upgrade(Company(), made())
    assert upgrade.initiate(1_048_577) is ActionResult.OTHER_REASON
    assert upgrade.status is STATUS.NOT_INITIATED
    upgrade.initiate()
    assert upgrade.send(upgrade.blocks) == [ActionResult.DATA_BLOCK_UNAVAILABLE]
    short = ImageBlock(0, bytes(BLOCK - 1))
    assert upgrade.talk.act(ImageTransfer.image_block_transfer, METER, short) is ActionResult.TYPE_UNMATCHED
    upgrade.send(*range(upgrade.blocks))
    upgrade.verify()
    upgrade.activate()
    assert upgrade.initiate() is ActionResult.TEMPORARY_FAILURE, "not while it is being activated"


def test_a_transfer_can_be_switched_off() -> None:
    upgrade = Upgrade(Company(), made())
    assert upgrade.talk.set(ImageTransfer.image_transfer_enabled, METER, False) is DataAccessResult.SUCCESS
    assert upgrade.initiate() is ActionResult.READ_WRITE_DENIED


@pytest.mark.feature("IQ0404100K1-R-27")
def test_only_the_client_that_has_proved_itself_by_hls_5_may_upgrade() -> None:
    company = Company()
    public = Talk(company.fleet, 0, client=16).associate()
    call = ImageTransfer.image_transfer_initiate
    given = call.codec.encode(ImageInitiate(b"KFM-03", 10))
    event = public.ask(public.client.action([(call.at(METER), given)], now=0.0))
    assert isinstance(event, Acted)
    assert event.results[0][0] is ActionResult.READ_WRITE_DENIED
    assert Upgrade(company, made()).status is STATUS.NOT_INITIATED


@pytest.mark.feature("IQ0404100K1-R-33", "IQ0404100K1-R-34")
def test_the_modem_has_a_transfer_of_its_own_beside_that_of_the_meter() -> None:
    company = Company()
    meter, modem = Upgrade(company, made()), Upgrade(company, modem_image(), MODEM, b"LTE")
    meter.initiate()
    meter.send(0, 1, 2)
    modem.verified()
    modem.activate()
    company.live(ACTIVATION_S)
    assert modem.status is STATUS.ACTIVATION_SUCCESSFUL
    assert versions(company) == [OLD, OLD, b"01_02_04"]
    assert meter.status is STATUS.INITIATED
    assert meter.get(ImageTransfer.image_first_not_transferred_block_number) == 3


def test_many_meters_with_one_image_hold_it_once() -> None:
    company, data = Company(Steady(meters=20), 20), made()
    orders = Random(2)
    for meter in range(20):
        upgrade = Upgrade(company, data, meter=meter)
        upgrade.initiate()
        numbers = [*range(upgrade.blocks)]
        orders.shuffle(numbers)
        upgrade.send(*numbers)
    images = company.fleet.holding.images
    assert sum(map(len, images.store.contents.values())) == len(data)
    assert len({id(held.blocks) for held in images.transfers.values()}) == 1
    arrays = company.fleet.holding.snapshot()
    assert sum(array.nbytes for name, array in arrays.items() if name.startswith("images.")) < len(data) + 3_000


def test_contents_that_nobody_holds_are_forgotten_with_a_snapshot_and_no_number_is_given_twice() -> None:
    company = Company()
    Upgrade(company, made()).transfer()
    images = company.fleet.holding.images
    used = images.store.following
    other = Upgrade(company, made(content=bytes(700)))
    other.transfer()
    arrays = company.fleet.holding.snapshot()
    assert set(images.store.contents) == {*range(used, used + other.blocks)}
    assert json.loads(arrays["images.document"].tobytes())["following"] == used + other.blocks
    assert len(arrays["images.contents"]) == len(other.image)


def test_a_block_sent_again_with_other_octets_replaces_the_first_at_one_meter_alone() -> None:
    company, data = Company(), made()
    first, second = Upgrade(company, data).transfer(), Upgrade(company, data, meter=1).transfer()
    wrong = bytearray(data)
    wrong[2 * BLOCK] ^= 1
    Upgrade(company, bytes(wrong)).send(2)
    assert first.verify() is ActionResult.OTHER_REASON
    assert first.status is STATUS.VERIFICATION_FAILED
    assert second.verify() is ActionResult.SUCCESS


def test_the_state_takes_few_octets_per_meter() -> None:
    law = Company().fleet.holding.images.state
    arrays = [getattr(law, name) for name in ("stage", "verdict", "part", "image", "since", "until", "active")]
    taken = sum(array.nbytes for array in [*arrays, law.moment, law.next_at, law.in_factory])
    assert taken / law.next_at.size < 100
    assert isinstance(law.stage, np.ndarray)
    assert ImageTransferStatus(int(law.stage[0, 0])) is STATUS.NOT_INITIATED
