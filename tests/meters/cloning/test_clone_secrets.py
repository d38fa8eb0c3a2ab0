"""What a clone must not tell and what it renames, and the meters that are reached another way."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from meters.cloning.twins import cloned, fleet_of, read_twin, shown, taken
from odd_meter import OddMeter
from openami.core.errors import AccessError, SecurityError
from openami.core.obis import OBIS
from openami.cosem.association import AssociationLNv1
from openami.cosem.internet import PPPSetup
from openami.cosem.local_ports import IECLocalPortSetup
from openami.cosem.registers import Data
from openami.cosem.security_setup import SecuritySetup
from openami.dlms import data
from openami.dlms.acse import Mechanism
from openami.dlms.data import OCTET_STRING, VISIBLE_STRING, Tag
from openami.dlms.security import Security
from openami.dlms.server import Association
from openami.meters.identity import Identity
from pair import AK, EK, PASSWORD, SERVER_TITLE
from short_meter import ShortMeter
from small_meter import ENERGY, HLS5_ASSOCIATION, NAME, SECRET, SmallMeter

# Secrets and names


async def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    meter = OddMeter()
    meter.object(15, "0.0.40.0.0.255").secret = PASSWORD  # type: ignore[attr-defined]
    login = data.Data(Tag.STRUCTURE, (data.Data(Tag.OCTET_STRING, b"user"), data.Data(Tag.OCTET_STRING, b"topsecret")))
    meter.show(
        PPPSetup("0.0.25.3.0.255", phy_reference="0.0.2.0.0.255", ppp_authentication=login),
        IECLocalPortSetup("0.0.20.0.0.255", pass_p1=b"0123abcd", device_addr=b"44"),
        Data("0.0.94.39.9.255", types={"value": OCTET_STRING}, value=b"key " + EK),
        Data("0.0.94.39.10.255", types={"value": OCTET_STRING}, value=EK.hex().encode()),
    )
    found = await taken(meter)
    text = cloned(found).text
    for secret in (EK, AK, PASSWORD, b"topsecret", b"0123abcd"):
        assert secret.hex() not in text
        assert secret.decode("latin-1") not in text
    assert "# ppp_authentication: a secret, not written" in text
    assert "# pass_p1: a secret, not written" in text
    assert text.count("held a secret by which the meter was read, not written") == 2
    assert 'device_addr = { setting = "44" }' in text
    again = await read_twin(text, tmp_path)
    assert shown(again) == shown(found)


async def test_a_secret_that_would_be_written_after_all_ends_it() -> None:
    found = await taken(SmallMeter())
    clone = cloned(found)
    clone.rows.append(f'[own]\nkey = {{ text = ["hex:00{EK.hex()}00"] }}')
    with pytest.raises(SecurityError, match="nothing is written"):
        _ = clone.text


async def test_a_password_that_is_found_everywhere_hides_no_more_than_strings(tmp_path: Path) -> None:
    lls = Security.lls("00000000")
    meter = OddMeter(associations=(Association(2, Mechanism.LOW, secret=b"00000000"), Association(16)))
    meter.show(
        Data("0.0.94.39.9.255", types={"value": OCTET_STRING}, value=bytes(8)),
        Data("0.0.94.39.8.255", types={"value": OCTET_STRING}, value=b"00000000"),
    )
    text = cloned(await taken(meter, sap=2, security=lls), lls).text
    assert 'setting = "hex:0000000000000000"' in text
    assert text.count("held a secret") == 1


def identified() -> OddMeter:
    meter = OddMeter()
    meter.object(1, NAME).value = b"ABC0000012345678"  # type: ignore[attr-defined]
    meter.object(1, SECRET).value = b"ABC12345678"  # type: ignore[attr-defined]
    meter.show(
        Data("1.0.0.0.1.255", types={"value": VISIBLE_STRING}, value="98765432"),
        Data("0.0.96.1.2.255", types={"value": data.UINT32}, value=98765432),
        Data("0.0.96.13.0.255", types={"value": OCTET_STRING}, value=b"this is ABC12345678!"),
        SecuritySetup("0.0.43.0.0.255", server_system_title=SERVER_TITLE),
    )
    return meter


async def test_names_are_those_of_the_simulation(tmp_path: Path) -> None:
    found = await taken(identified())
    text = cloned(found).text
    for name in ("ABC0000012345678", "ABC12345678", "98765432", SERVER_TITLE.hex()):
        assert name not in text
    fleet = fleet_of(text, tmp_path)
    for meter in (0, 1):
        device, identity = fleet.device(meter), Identity()

        def read(name: str, device: Any = device) -> Any:
            return data.native(device.get(1, Data.value.at(name)))[0]

        assert read(NAME) == identity.logical_device_name(meter)
        assert read(SECRET) == identity.serial(meter).encode()
        assert read("1.0.0.0.1.255") == identity.serial(meter)
        assert read("0.0.96.1.2.255") == meter + 1
        assert read("0.0.96.13.0.255") == f"this is {identity.serial(0)}!".encode()
        title = device.get(1, SecuritySetup.server_system_title.at("0.0.43.0.0.255"))
        assert title[2:] == identity.system_title(meter)


async def test_names_are_kept_where_that_is_wanted(tmp_path: Path) -> None:
    found = await taken(identified())
    text = cloned(found, keep_identity=True).text
    again = await read_twin(text, tmp_path)
    counter = 1, OBIS.parse("0.0.43.1.0.255")
    assert {k: v for k, v in again.values.items() if k[0] != 15 and k != counter} == {
        k: v for k, v in found.values.items() if k[0] != 15 and k != counter
    }
    assert tomllib.loads(text)["product"]["vendor"] == "ABC"


# Other ways in


async def test_a_twin_of_a_meter_with_a_password_has_one_of_its_own(tmp_path: Path) -> None:
    lls = Security.lls(PASSWORD)
    meter = SmallMeter((Association(2, Mechanism.LOW, secret=PASSWORD), Association(16)))
    found = await taken(meter, sap=2, security=lls)
    text = cloned(found, lls).text
    [row] = [row for row in tomllib.loads(text)["association"] if row["client"] == 2]
    assert (row["name"], row["mechanism"], row["policy"]) == ("client_2", "low", "none")
    again = await read_twin(text, tmp_path, sap=2, security=Security.lls(row["password"]))
    assert shown(again) == shown(found)
    assert PASSWORD.decode() not in text
    mechanism = again.values[15, OBIS.parse("0.0.40.0.0.255")][6]
    assert mechanism == found.values[15, OBIS.parse("0.0.40.0.0.255")][6] or mechanism[-1] == 1


async def test_a_meter_by_short_names_has_a_twin_by_logical_ones(tmp_path: Path) -> None:
    meter = ShortMeter((HLS5_ASSOCIATION, Association(16)))
    found = await taken(meter, referencing="SN")
    again = await read_twin(cloned(found).text, tmp_path)
    names = {key for key in shown(found) if key[0] != 12}
    assert names <= shown(again).keys()
    energy = 3, OBIS.parse(ENERGY)
    assert again.values[energy] == found.values[energy]


def test_a_twin_needs_no_profile_and_no_log(tmp_path: Path) -> None:
    text = """
extends = "base/twin"
product = { model = "M", title = "M" }
association = [{ name = "public", client = 16, mechanism = "lowest", policy = "none" }]

[[object]]
class = "Data"
logical_name = "0.0.96.13.0.255"
name = "text"
rights.public = { read = [1, 2] }
value = { type = "visible-string", value = "hello" }
"""
    fleet = fleet_of(text, tmp_path)
    fleet.advance_to(int(fleet.holding.now()) + 3 * 86_400)
    assert data.native(fleet.device(0).get(16, Data.value.at("0.0.96.13.0.255")))[0] == "hello"
    with pytest.raises(AccessError):
        fleet.device(0).get(16, AssociationLNv1.object_list.at("0.0.40.0.0.255"))
    assert [str(e.logical_name) for e in fleet.device(0).object_list(16)] == ["0.0.96.13.0.255"]
