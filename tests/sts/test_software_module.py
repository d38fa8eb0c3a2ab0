"""The security module in software: keys sealed, limits, audit, tokens by message id, restored from its journal."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from openami.core.errors import AmiError, DecodeError, DefinitionError, EncodeError, LocalProtocolError, SecurityError
from openami.sts import audit, key_file
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.key_file import KeyTerms, SealedKey
from openami.sts.keys import EA, KeyAttributes, KeyType, VendingKey
from openami.sts.pan import DRN, MeterPAN
from openami.sts.rules import Result, Rules, enter
from openami.sts.security_module import MeterConfig, Profile, SecurityModule
from openami.sts.software_module import Operator, Settings, SoftwareModule, transaction_licence
from openami.sts.state import State
from openami.sts.tid import BaseDate
from openami.sts.token import InitiateTest, Kind, Transaction

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MODULE, MODULE_KEY = "TEST0001", bytes(range(32))
PASSWORD = "correct horse"
VENDING = {krn: bytes([krn] * 20) for krn in (1, 2)}
TERMS = KeyTerms("123457", unit_limit=100_000)
METER = MeterConfig(MeterPAN.of(DRN.of("99", 12)), KeyAttributes("123457"))
OWN_TABLES = Tables(SAMPLE.substitution_2, SAMPLE.substitution_1, SAMPLE.permutation)


def octets() -> Callable[[int], bytes]:
    """Octets that differ from call to call, the same in each test."""
    numbers = count(1)
    return lambda length: (next(numbers) * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "big") * (length // 8 + 1)


def random() -> Callable[[int], bytes]:
    source = octets()
    return lambda length: source(length)[:length]


OPERATORS = (Operator.of("ann", PASSWORD, random()),)
SETTINGS = Settings(MODULE, Profile.TEST, OPERATORS)


def file_of(*terms: KeyTerms, module: str = MODULE, key: bytes = MODULE_KEY) -> str:
    keys = [SealedKey.of(row, VendingKey(VENDING[row.krn]), module, key, random()) for row in terms]
    return key_file.encode(module, keys)


class Shop:
    """A module with its journal, signed in to, and with keys."""

    def __init__(self, *terms: KeyTerms, settings: Settings = SETTINGS, records: list[str] | None = None) -> None:
        self.records = records or []
        source = random()
        self.module = SoftwareModule(settings, MODULE_KEY, source, records=self.records, journal=self.records.append)
        self.session = self.module.sign_in("ann", PASSWORD, at=AT)
        if terms:
            self.module.load_keys(self.session, file_of(*terms), at=AT)

    def credit(self, message: str, units: int = 500, meter: MeterConfig = METER, at: datetime = AT):
        return self.module.issue_credit_token(self.session, message, meter, Kind.ELECTRICITY, units, at=at)

    def read(self, digits: str, meter: MeterConfig = METER):
        return self.module.verify_token(self.session, meter, digits, at=AT)

    def again(self, settings: Settings = SETTINGS) -> "Shop":
        """The same after a restart."""
        return Shop(settings=settings, records=self.records)


def test_it_is_a_security_module() -> None:
    module: SecurityModule = Shop().module
    assert module.ping("hello") == "hello"


def test_a_token_is_made_once_for_a_message() -> None:
    shop = Shop(TERMS)
    [first], [again], [other] = shop.credit("1"), shop.credit("1"), shop.credit("2")
    assert first == again != other
    assert other.tid == first.tid + 1
    assert shop.module.fetch_token_result(shop.session, "1", at=AT) == (first,)
    token = shop.read(first.digits)
    assert isinstance(token, Transaction)
    assert (token.units, token.tid) == (500, first.tid)
    with pytest.raises(LocalProtocolError, match="used for something else"):
        shop.credit("1", 501)
    with pytest.raises(LocalProtocolError, match="no tokens"):
        shop.module.fetch_token_result(shop.session, "3", at=AT)


def test_a_killed_module_gives_the_same_tokens_again() -> None:
    shop = Shop(TERMS)
    [first] = shop.credit("1")
    later = shop.again()
    assert later.credit("1") == (first,)
    [second] = later.credit("2")
    assert second.tid == first.tid + 1
    assert audit.first_break(later.module.audit) is None
    assert [entry.number for entry in later.module.audit] == list(range(len(shop.records)))


def test_killed_before_its_record_is_safe_no_token_was_made() -> None:
    shop = Shop(TERMS)
    before = len(shop.records)

    def dies(_: str) -> None:
        raise OSError("disk full")

    shop.module._journal = dies
    with pytest.raises(OSError, match="disk full"):
        shop.credit("1")
    assert len(shop.records) == before
    with pytest.raises(LocalProtocolError, match="journal has failed"):
        shop.credit("1")
    with pytest.raises(LocalProtocolError, match="journal has failed"):
        shop.module.sign_in("ann", PASSWORD, at=AT)
    later = shop.again()
    with pytest.raises(LocalProtocolError, match="no tokens"):
        later.module.fetch_token_result(later.session, "1", at=AT)
    assert later.credit("1")


def test_a_journal_that_was_touched_is_refused() -> None:
    shop = Shop(TERMS)
    shop.credit("1")
    for records in (shop.records[1:], [*shop.records[:1], *shop.records[2:]], shop.records[::-1]):
        with pytest.raises(SecurityError):
            SoftwareModule(SETTINGS, MODULE_KEY, random(), records=records)
    with pytest.raises(SecurityError):
        SoftwareModule(SETTINGS, bytes(32), random(), records=shop.records)


def test_neither_keys_nor_tokens_stand_in_the_open() -> None:
    shop = Shop(TERMS)
    [token] = shop.credit("1")
    with pytest.raises(SecurityError):
        shop.read("0" * 20)
    everything = "".join(
        [*shop.records, file_of(TERMS), *map(str, shop.module.audit), repr(token), repr(shop.module.settings)]
    )
    for secret in (VENDING[1].hex(), token.digits, PASSWORD, MODULE_KEY.hex(), shop.session.secret):
        assert secret not in everything
    assert shop.session.secret not in repr(shop.session)


def test_what_is_audited() -> None:
    shop = Shop(TERMS)
    shop.credit("m-1")
    with pytest.raises(LocalProtocolError):
        shop.credit("m-2", 100_001)
    with pytest.raises(SecurityError):
        shop.module.sign_in("ann", "wrong", at=AT)
    trail = shop.module.audit
    assert [entry.call for entry in trail] == [
        *("sign_in", "load_keys", "issue_credit_token", "issue_credit_token", "sign_in"),
    ]
    assert trail[2].facts["issued"].startswith("ELECTRICITY")
    assert trail[2].facts["message"] == "m-1"
    assert "more than the 100000" in trail[3].facts["refused"]
    assert trail[4].facts == {"result": "refused"}
    assert audit.first_break(trail) is None
    for changed in (
        [*trail[:2], replace(trail[2], operator="bob"), *trail[3:]],
        [*trail[:2], *trail[3:]],
    ):
        assert audit.first_break(changed) == 2


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_who_does_not_sign_in_gets_nothing(name: str) -> None:
    shop = Shop(TERMS)
    with pytest.raises(SecurityError, match="no such operator, or a wrong password"):
        shop.module.sign_in(name, "wrong", at=AT)
    stale = shop.session
    for session, at in (
        (stale, AT + timedelta(hours=9)),
        (replace(stale, operator="bob"), AT),
        (replace(stale, secret=""), AT),
    ):
        with pytest.raises(SecurityError, match="sign in"):
            shop.module.status(session, at=at)


def test_the_limits_of_a_licence() -> None:
    shop = Shop(TERMS, settings=replace(SETTINGS, units=1_000))
    shop.credit("1", 900)
    with pytest.raises(LocalProtocolError, match="more than the 100 that are licensed"):
        shop.credit("2", 101)
    licence = transaction_licence(MODULE, "L-7", 500, MODULE_KEY, random())
    assert shop.module.load_transaction_license(shop.session, licence, at=AT).units_left == 600
    with pytest.raises(LocalProtocolError, match="loaded before"):
        shop.module.load_transaction_license(shop.session, licence, at=AT)
    shop.credit("2", 600)
    later = shop.again(replace(SETTINGS, units=1_000))
    assert later.module.status(later.session, at=AT).units_left == 0
    with pytest.raises(SecurityError):
        later.module.load_transaction_license(
            later.session, transaction_licence("OTHER", "L-8", 500, MODULE_KEY, random()), at=AT
        )


def test_the_times_of_a_key() -> None:
    shop = Shop(replace(TERMS, active_from=AT, issued_until=AT + timedelta(days=30)))
    assert shop.credit("1")
    for days in (-1, 31):
        session = shop.module.sign_in("ann", PASSWORD, at=AT + timedelta(days=days))
        with pytest.raises(SecurityError, match="not in use"):
            shop.module.issue_credit_token(session, f"{days}", METER, Kind.ELECTRICITY, 1, at=AT + timedelta(days=days))


def test_an_expired_key_makes_no_tokens() -> None:
    shop = Shop(replace(TERMS, ken=102))
    last = BaseDate.YEAR_2014.time_of(103 * 65_536 - 1)
    for at, good in ((last, True), (last + timedelta(minutes=1), False)):
        shop.session = shop.module.sign_in("ann", PASSWORD, at=at)
        if good:
            assert shop.credit("1", at=at)
        else:
            with pytest.raises(LocalProtocolError, match="expired"):
                shop.credit("2", at=at)


def test_a_newer_key_of_the_group_comes_before_the_credit() -> None:
    shop = Shop(TERMS, replace(TERMS, krn=2))
    made = shop.credit("1")
    assert [token.kind for token in made[:-1]] == [
        *(Kind.FIRST_SECTION, Kind.SECOND_SECTION),
        *(Kind.THIRD_SECTION, Kind.FOURTH_SECTION),
    ]
    old = VendingKey(VENDING[1]).decoder_key(METER.pan, METER.attributes)
    state, results = State.new(old, METER.attributes, 0), []
    for token in made:
        verdict = enter(state, token.digits, 0, Rules(), room=10_000)
        state = verdict.state
        results.append(verdict.result)
    assert results == [Result.FIRST_KCT, Result.SECOND_KCT, Result.SECOND_KCT, Result.ACCEPT, Result.ACCEPT]
    assert len(shop.credit("2", meter=replace(METER, allow_krn_update=False))) == 1


def test_a_meter_under_a_default_key_gets_its_groups_key_first() -> None:
    shop = Shop(TERMS, replace(TERMS, key_type=KeyType.DDTK, krn=1), replace(TERMS, key_type=KeyType.DITK, krn=1))
    for key_type, change in (
        (KeyType.DDTK, shop.module.issue_key_change_tokens),
        (KeyType.DITK, shop.module.issue_ditk_change_tokens),
    ):
        meter = replace(METER, attributes=replace(METER.attributes, key_type=key_type))
        with pytest.raises(LocalProtocolError, match="default key"):
            shop.credit(f"credit {key_type}", meter=meter)
        tokens = change(shop.session, f"change {key_type}", meter, METER.attributes, at=AT)
        key = VendingKey(VENDING[1]).decoder_key(meter.pan, meter.attributes)
        state = State.new(key, meter.attributes, 0)
        for token in tokens:
            state = enter(state, token.digits, 0, Rules(), room=0).state
        assert state.key_type == KeyType.DUTK
    with pytest.raises(EncodeError, match="factory"):
        shop.module.issue_ditk_change_tokens(shop.session, "x", METER, METER.attributes, at=AT)


def test_engineering_and_test_tokens() -> None:
    shop = Shop(TERMS)
    for kind, value, units in (
        (Kind.MAXIMUM_POWER_LIMIT, 20_000, 20_004),
        (Kind.CLEAR_CREDIT, 0xFFFF, 0xFFFF),
        (Kind.CLEAR_TAMPER, 0, 0),
    ):
        [token] = shop.module.issue_mse_token(shop.session, kind.name, METER, kind, value, at=AT)
        assert shop.read(token.digits).units == units
    for wrong in (Kind.ELECTRICITY, Kind.FIRST_SECTION):
        with pytest.raises(EncodeError):
            shop.module.issue_mse_token(shop.session, wrong.name, METER, wrong, 0, at=AT)
    with pytest.raises(EncodeError):
        shop.module.issue_credit_token(shop.session, "c", METER, Kind.CLEAR_TAMPER, 0, at=AT)
    for maker, kind in (("07", Kind.INITIATE_TEST_2), ("1234", Kind.INITIATE_TEST_4)):
        [token] = shop.module.issue_meter_test_token(shop.session, maker, 1, maker, at=AT)
        assert shop.read(token.digits) == InitiateTest(1, int(maker), kind)
    with pytest.raises(EncodeError):
        shop.module.issue_meter_test_token(shop.session, "z", 1, "7", at=AT)


def test_identifiers_are_forgotten_for_tests_only() -> None:
    shop = Shop(TERMS)
    [first] = shop.credit("1")
    shop.module.cts_reset_tid_list(shop.session, METER, at=AT)
    [second] = shop.credit("2")
    assert first.tid == second.tid
    production = Shop(TERMS, settings=replace(SETTINGS, profile=Profile.PRODUCTION, tables=OWN_TABLES))
    with pytest.raises(LocalProtocolError):
        production.module.cts_reset_tid_list(production.session, METER, at=AT)


@pytest.mark.parametrize("tables", [None, SAMPLE, replace(SAMPLE)])
def test_production_does_not_start_with_sample_tables(tables: Tables | None) -> None:
    with pytest.raises(DefinitionError, match="tables of the operator"):
        replace(SETTINGS, profile=Profile.PRODUCTION, tables=tables)
    only = replace(SETTINGS, profile=Profile.PRODUCTION, tables=tables, algorithms=frozenset({EA.MISTY1}))
    shop = Shop(TERMS, settings=only)
    assert shop.credit("1")
    with pytest.raises(SecurityError, match="not set up for EA07"):
        shop.credit("2", meter=replace(METER, attributes=replace(METER.attributes, ea=EA.STA)))


def test_production_uses_the_operators_tables() -> None:
    meter = replace(METER, attributes=replace(METER.attributes, ea=EA.STA))
    tokens = [
        Shop(TERMS, settings=settings).credit("1", meter=meter)[0].digits
        for settings in (SETTINGS, replace(SETTINGS, profile=Profile.PRODUCTION, tables=OWN_TABLES))
    ]
    assert tokens[0] != tokens[1]


def test_keys_are_for_one_module_and_its_limits() -> None:
    shop = Shop()
    other_key = file_of(TERMS, key=bytes(32))
    raised = json.loads(file_of(TERMS))
    raised["keys"][0]["ulm"] = 10**9
    for file in (file_of(TERMS, module="OTHER"), other_key, json.dumps(raised)):
        with pytest.raises(SecurityError):
            shop.module.load_keys(shop.session, file, at=AT)
    assert shop.module.status(shop.session, at=AT).keys == ()
    shop.module.load_keys(shop.session, file_of(TERMS), at=AT)
    assert shop.module.status(shop.session, at=AT).keys == (("123457", KeyType.DUTK, 1),)
    with pytest.raises(SecurityError, match="no vending key"):
        shop.credit("1", meter=replace(METER, attributes=replace(METER.attributes, sgc="999999")))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "x"}', '{"format": "openami-key-load-file-1"}'])
def test_what_is_no_key_load_file(text: str) -> None:
    with pytest.raises(DecodeError):
        key_file.decode(text)


def test_terms_survive_a_file() -> None:
    terms = KeyTerms("000007", KeyType.DDTK, 9, 12, BaseDate.YEAR_2035, AT, AT + timedelta(1), 77)
    module, [key] = key_file.decode(key_file.encode("M", [SealedKey(terms, "00")]))
    assert (module, key.terms) == ("M", terms)


def test_the_record_of_a_meters_card() -> None:
    module = Shop().module
    pan = MeterPAN("600727000000000009")
    for record in (f"{pan}000002111234570131"[:35] + "1",):
        with pytest.raises(DecodeError):
            module.parse_id_record(record[:-3], BaseDate.YEAR_2014)
    meter = module.parse_id_record(f";{pan}=0000" + "02" + "11" + "123457" + "31" + "5?", BaseDate.YEAR_2014)
    assert meter == MeterConfig(pan, KeyAttributes("123457", krn=5, ti=31), 2)
    with pytest.raises(DecodeError, match="EA09"):
        module.parse_id_record(f"{pan}0000" + "02" + "09" + "123457" + "31" + "5", BaseDate.YEAR_2014)


def test_every_refusal_is_one_of_ours() -> None:
    with pytest.raises(AmiError):
        SoftwareModule(SETTINGS, bytes(16), random())
