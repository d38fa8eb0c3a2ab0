from pathlib import Path

import pytest

from headend.fake_meters import HEADER, ZONE, serial_of, shipment, shipment_line
from openami.core.errors import DefinitionError
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database
from openami.headend.registry import service
from openami.headend.registry.schemas import Imported, Lifecycle
from openami.headend.registry.shipment import import_shipment


def bring_in(database: Database, file: Path) -> Imported:
    with database.write() as unit:
        store = KeyStore.open(unit, file.parent / "kek")
        return import_shipment(unit, file, store, default_zone=ZONE, at=1)


def lines(path: Path, *text: str) -> Path:
    path.write_text(HEADER + "\n".join(text) + "\n", encoding="utf-8")
    return path


def test_meters_and_keys_come_in_and_a_second_time_change_nothing(database: Database, tmp_path: Path) -> None:
    file = shipment(tmp_path / "meters.csv", 20)
    assert bring_in(database, file) == Imported(20, 0, 0, ())
    assert bring_in(database, file) == Imported(0, 0, 20, ())
    with database.read() as unit:
        meter = service.meter(unit, serial_of(7))
        assert (meter.address, meter.port, meter.state) == ("127.16.0.7", 4059, Lifecycle.INSTALLED)
        keys = KeyStore.open(unit, tmp_path / "kek").newest(unit, [meter.serial])[meter.serial]
        assert keys["encryption"] == (7).to_bytes(16, "big")


def changed(index: int, column: int, text: str) -> str:
    fields = shipment_line(index).split(",")
    fields[column] = text
    return ",".join(fields)


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        (0, "a b", "column serial: serial number 'a b'"),
        (0, "", "column serial"),
        (1, "toaster", "column product: product 'toaster' is not one of c3a1h"),
        (2, "300.1.2.3", "column address: '300.1.2.3' is neither"),
        (2, "bad host", "column address"),
        (3, "99999", "column port: port '99999', expected 1 to 65535"),
        (4, "1234", "column system_title: 4 characters, expected 16 hexadecimal digits"),
        (5, "00" * 15, "column encryption_key: 30 characters, expected 32 or 64"),
        (6, "zz" * 16, "column authentication_key: is not hexadecimal"),
        (7, "11" * 16 + ",surplus", "9 fields, the header line has 8"),
    ],
)
def test_a_bad_line_is_named_and_the_others_go_in(
    database: Database, tmp_path: Path, column: int, text: str, said: str
) -> None:
    bad = changed(1, column, text)
    outcome = bring_in(database, lines(tmp_path / "m.csv", shipment_line(0), bad, shipment_line(2)))
    assert outcome.added == 2
    (fault,) = outcome.faults
    assert str(fault).startswith("m.csv, line 3")
    assert said in str(fault)
    with database.read() as unit:
        assert [meter.serial for meter in service.search(unit).meters] == [serial_of(0), serial_of(2)]


def test_no_message_shows_a_key(database: Database, tmp_path: Path) -> None:
    secret = "c0ffee" * 5
    outcome = bring_in(database, lines(tmp_path / "m.csv", changed(1, 5, secret), changed(2, 6, secret + "xx")))
    assert len(outcome.faults) == 2
    assert not any("c0ffee" in str(fault) for fault in outcome.faults)


def test_another_key_for_a_known_meter_is_refused_and_the_old_one_stays(database: Database, tmp_path: Path) -> None:
    bring_in(database, lines(tmp_path / "m.csv", shipment_line(1)))
    other = changed(1, 5, "aa" * 16).replace("127.16.0.1", "127.16.9.9")
    outcome = bring_in(database, lines(tmp_path / "m.csv", other))
    assert "line 2, column encryption_key: meter OAMSIM00000000001 has another encryption key" in str(outcome.faults[0])
    with database.read() as unit:
        assert service.meter(unit, serial_of(1)).address == "127.16.0.1"


def test_one_serial_twice_in_a_file_is_named(database: Database, tmp_path: Path) -> None:
    outcome = bring_in(database, lines(tmp_path / "m.csv", shipment_line(1), shipment_line(1)))
    assert outcome.added == 1
    assert "line 3, column serial: meter OAMSIM00000000001 is already in line 2" in str(outcome.faults[0])


def test_a_new_address_is_an_update(database: Database, tmp_path: Path) -> None:
    bring_in(database, lines(tmp_path / "m.csv", shipment_line(1)))
    outcome = bring_in(database, lines(tmp_path / "m.csv", changed(1, 2, "meter-1.example")))
    assert outcome == Imported(0, 1, 0, ())


def test_semicolons_a_mark_and_quotes_are_read(database: Database, tmp_path: Path) -> None:
    text = (HEADER + shipment_line(1)).replace(",", ";").replace("127.16.0.1", '"127.16.0.1"')
    (tmp_path / "m.csv").write_text(text, encoding="utf-8-sig")
    assert bring_in(database, tmp_path / "m.csv").added == 1


def test_octets_that_are_no_text_spoil_one_line(database: Database, tmp_path: Path) -> None:
    data = (HEADER + shipment_line(1) + "\n" + shipment_line(2)).encode().replace(b"00000000001,", b"\xff\xfe,")
    (tmp_path / "m.csv").write_bytes(data)
    outcome = bring_in(database, tmp_path / "m.csv")
    assert outcome.added == 1
    assert "line 2, column serial: is not UTF-8" in str(outcome.faults[0])


def test_a_header_without_a_needed_column_is_refused(database: Database, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("serial,product,adress,encryption_key,authentication_key\n")
    with pytest.raises(DefinitionError, match=r"m\.csv: address"):
        bring_in(database, tmp_path / "m.csv")


def test_a_missing_file_is_one_sentence(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no such file"):
        bring_in(database, tmp_path / "none.csv")


def test_secrets_besides_keys_are_kept_as_well(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    header = HEADER.strip() + ",lls_secret,p1_encryption_key,optical_secret\n"
    line = shipment_line(1) + ",3132333435363738," + "ab" * 16
    file.write_text(header + line + ",00\n" + shipment_line(2) + ",odd,,\n")
    [fault] = bring_in(database, file).faults
    assert (fault.line, fault.column, fault.message) == (3, "lls_secret", "expected 1 to 64 octets in hexadecimal")
    with database.read() as unit:
        kept = KeyStore.open(unit, tmp_path / "kek").newest(unit, [serial_of(1)])[serial_of(1)]
    assert (kept["lls_secret"], kept["p1_encryption"], kept["optical_secret"]) == (b"12345678", b"\xab" * 16, b"\0")
