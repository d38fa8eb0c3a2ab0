"""Known answers of two other implementations (shared/vectors/sts.json) and of RFC 2994, both ways."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openami.sts import amount, batch, block, cipher, misty1
from openami.sts.ea07 import SAMPLE
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType, VendingKey, pan_block
from openami.sts.pan import MeterPAN, luhn
from openami.sts.tid import BaseDate
from openami.sts.token import (
    FirstSection,
    InitiateTest,
    Kind,
    MiddleSection,
    SecondSection,
    Transaction,
    decode,
    encode,
    key_change,
)

RFC_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
RFC_BLOCKS = {0x0123456789ABCDEF: 0x8B1DA5F56AB3D07C, 0xFEDCBA9876543210: 0x04B68240B13BE95D}


@pytest.fixture(scope="module")
def vectors(shared: Path) -> dict[str, list[dict[str, Any]]]:
    return json.loads((shared / "vectors" / "sts.json").read_text(encoding="utf-8"))


def attributes(row: dict[str, Any]) -> KeyAttributes:
    base = BaseDate(row.get("base_date", 1993))
    return KeyAttributes(
        row["sgc"], KeyType(row["key_type"]), row["krn"], int(row["ti"]), 255, EA(int(row["ea"])), base
    )


def vending_key(row: dict[str, Any]) -> VendingKey:
    return VendingKey(bytes.fromhex(row["vending_key"]))


def decoder_key(row: dict[str, Any]) -> DecoderKey:
    return DecoderKey(EA(int(row["ea"])), bytes.fromhex(row["decoder_key"]))


def test_misty1_is_that_of_the_rfc() -> None:
    for plain, ciphered in RFC_BLOCKS.items():
        assert misty1.encrypt(plain, RFC_KEY) == ciphered
        assert misty1.decrypt(ciphered, RFC_KEY) == plain
    keys = np.frombuffer(RFC_KEY * 2, np.uint8).reshape(2, 16)
    plain, ciphered = (np.array(list(column), np.uint64) for column in (RFC_BLOCKS, RFC_BLOCKS.values()))
    assert (misty1.encrypt_blocks(plain, keys) == ciphered).all()
    assert (misty1.decrypt_blocks(ciphered, keys) == plain).all()


def test_the_worked_example_of_the_standard(vectors: dict[str, Any]) -> None:
    example, *rest = vectors["public"]
    key = DecoderKey(EA.STA, bytes.fromhex(example["decoder_key"]))
    token = decode(example["token"], key)
    assert token == Transaction(Kind.ELECTRICITY, 0x19EB23, 256, 11)
    assert encode(token, key) == example["token"]
    assert f"{cipher.encrypt(int(example['data_block'], 16), key):016X}" == example["encrypted_block"]
    for row in rest[:2]:
        assert f"{block.crc(0, int(row['bytes'], 16)):04X}" == row["crc"]
    assert (
        f"{misty1.encrypt(int(rest[2]['plaintext'], 16), bytes.fromhex(rest[2]['key'])):016X}" == rest[2]["ciphertext"]
    )


def test_luhn_digits(vectors: dict[str, Any]) -> None:
    for row in vectors["luhn"]:
        assert luhn(row["input"]) == row["check"]


def test_amounts(vectors: dict[str, Any]) -> None:
    rows = vectors["amount_encoding"]
    for row in rows:
        assert f"{amount.encode(row['tenths']):04X}" == row["field"]
        assert amount.decode(int(row["field"], 16)) == row["decoded"]
    codes = amount.encode_many(np.array([row["tenths"] for row in rows]))
    assert codes.tolist() == [int(row["field"], 16) for row in rows]
    assert amount.decode_many(codes).tolist() == [row["decoded"] for row in rows]


def test_decoder_keys(vectors: dict[str, Any]) -> None:
    assert len(vectors["decoder_keys"]) == 23
    for row in vectors["decoder_keys"]:
        pan, wanted, key = MeterPAN(row["pan"]), attributes(row), vending_key(row)
        assert key.decoder_key(pan, wanted) == decoder_key(row)
        assert key.decoder_keys(np.array([row["pan"]] * 3, "S18"), wanted)[2].tobytes() == decoder_key(row).octets
        if row["dkga"] == "02":
            assert pan_block(pan, wanted.key_type).hex().upper() == row["pan_block"]
            assert wanted.control_block.hex().upper() == row["control_block"]
        else:
            message = wanted.message_head + row["pan"].encode() + wanted.message_tail
            assert message.hex().upper() == row["kdf_message"].upper()


def test_random_tokens_one_by_one(vectors: dict[str, Any]) -> None:
    assert len(vectors["random"]) == 200
    for row in vectors["random"]:
        key = vending_key(row).decoder_key(MeterPAN(row["pan"]), attributes(row))
        assert key == decoder_key(row), row["id"]
        token = decode(row["token"], key)
        assert encode(token, key) == row["token"]
        check_fields(token, row)


def check_fields(token: Any, row: dict[str, Any]) -> None:
    fields = row["fields"]
    assert (token.kind >> 4, token.kind & 15) == (fields["class"], fields["subclass"])
    match token:
        case Transaction():
            assert (token.rnd, token.tid) == (fields["rnd"], fields["tid"])
            issued = BaseDate(row["base_date"]).time_of(token.tid)
            assert issued.strftime("%Y-%m-%dT%H:%M") == fields["time_of_issue_utc"]
            assert token.units == fields.get("amount_tenths", fields.get("value_w", token.value))
            if token.kind is not Kind.CLEAR_TAMPER and "register" not in fields:
                assert Transaction.of_amount(token.kind, token.tid, row["value_in"], token.rnd) == token
        case FirstSection():
            assert (token.ken_high, token.krn, token.rollover) == (fields["kenho"], fields["krn"], bool(fields["ro"]))
            assert (token.key_type, f"{token.key:08X}") == (fields["kt"], fields["nkho"])
        case SecondSection():
            assert (token.ken_low, token.ti) == (fields["kenlo"], fields["ti"])
            assert f"{token.key:08X}" == fields["nklo"]
        case MiddleSection():
            half, word = ("sgclo", "nkmo2") if token.kind is Kind.THIRD_SECTION else ("sgcho", "nkmo1")
            assert (token.sgc_half, f"{token.key:08X}") == (fields[half], fields[word])


def test_key_change_tokens_are_made_of_the_new_key(vectors: dict[str, Any]) -> None:
    rows = [row for row in vectors["random"] if "new_decoder_key" in row]
    assert len(rows) == 39
    for row in rows:
        token, old = decode(row["token"], decoder_key(row)), attributes(row)
        key_type = token.key_type if isinstance(token, FirstSection) else old.key_type
        new = KeyAttributes(row["sgc"], key_type, row["new_krn"], int(row["new_ti"]), row["new_ken"], old.ea)
        key = DecoderKey(old.ea, bytes.fromhex(row["new_decoder_key"]))
        made = key_change(key, new, rollover=bool(row["new_ro"]))
        assert token in made
        assert len(made) == (4 if old.ea is EA.MISTY1 else 2)


@pytest.mark.parametrize("ea", ["07", "11"])
def test_random_tokens_as_columns(vectors: dict[str, Any], ea: str) -> None:
    rows = [row for row in vectors["random"] if row["ea"] == ea]
    keys = np.stack([np.frombuffer(decoder_key(row).octets, np.uint8) for row in rows])
    digits = np.array([row["token"] for row in rows], "S20")
    found = batch.decode(digits, keys)
    assert found.is_token.all()
    assert found.is_genuine.all()
    blocks = [int(row["fields"]["data_block"], 16) for row in rows]
    assert found.body.tolist() == [data >> 16 & (1 << 44) - 1 for data in blocks]
    for kind in Kind:
        these = found.kind == kind
        if these.any() and kind not in {
            Kind.FIRST_SECTION,
            Kind.SECOND_SECTION,
            Kind.THIRD_SECTION,
            Kind.FOURTH_SECTION,
        }:
            values = batch.Values(found.tid[these], found.value[these], found.rnd[these])
            assert (batch.encode(kind, values, keys[these]) == digits[these]).all()


def test_the_sample_tables_block_by_block(vectors: dict[str, Any]) -> None:
    rows = [row for row in vectors["random"] if row["ea"] == "07"]
    assert len(rows) == 100
    plain, ciphered, keys = (
        np.array([int(text, 16) for text in column], np.uint64)
        for column in zip(
            *((row["fields"]["data_block"], row["encrypted_block"], row["decoder_key"]) for row in rows), strict=True
        )
    )
    assert (SAMPLE.encrypt_blocks(plain, keys) == ciphered).all()
    assert (SAMPLE.decrypt_blocks(ciphered, keys) == plain).all()
    for data, code, key in zip(plain.tolist(), ciphered.tolist(), keys.tolist(), strict=True):
        assert SAMPLE.encrypt(data, key) == code
        assert SAMPLE.decrypt(code, key) == data


def test_the_step_by_step_example_of_ea11() -> None:
    key = VendingKey(bytes.fromhex("ABABABABABABABAB949494949494949401234567")).decoder_key(
        MeterPAN("600727000000000009"), KeyAttributes("123457", base_date=BaseDate.YEAR_1993)
    )
    assert key.octets.hex().upper() == "F94B6ED353C3BFDB113E2D3A7EA3C41D"
    tid = (datetime.fromisoformat("2004-03-01T13:00+00:00") - BaseDate.YEAR_1993.start) // timedelta(minutes=1)
    assert encode(Transaction(Kind.ELECTRICITY, tid, 1, 5), key) == "59386323472137426967"


def test_the_tokens_of_class_1_are_constants() -> None:
    known = {0: "00000000000150997584", 2: "00000000000201328896", 3: "18446744073843772416"}
    for bit, digits in known.items():
        token = decode(digits)
        assert token == InitiateTest(1 << bit)
        assert encode(token) == digits
