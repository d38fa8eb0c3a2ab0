"""Keys by REST: proposed by one, approved by another, told by states alone; alarms for those that grow old."""

import io
import logging
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from headend.keys.stand import Stand, opened
from openami.headend.keys import performing
from openami.headend.keys.escrow import Escrow, EscrowError
from openami.headend.keys.service import KeyStore
from openami.headend.keys.standing import alarm
from openami.headend.orders import switch
from openami.headend.orders.switch import Switch

DAY_S = 86_400


async def changed(stand: Stand, serial: str, *kinds: str) -> list[dict[str, Any]]:
    """Change keys of a meter by REST. -> its keys."""
    async with stand.office.browser("ed") as ed, stand.office.browser("ann") as ann:
        asked = await ed.post("/api/keys/rotations", json={"serials": [serial], "kinds": kinds})
        assert asked.status_code == 202, asked.text
        proposal = asked.json()
        answer = await ann.post(f"/api/proposals/{proposal['id']}/approve", json={"digest": proposal["digest"]})
        assert answer.status_code == 200, answer.text
        await stand.settled()
        return list((await ed.get(f"/api/meters/{serial}/keys")).json())


def secrets_of(stand: Stand) -> list[str]:
    with stand.database.read() as unit:
        store = stand.store()
        return [
            key.hex()
            for serial in stand.serials
            for kind in ("encryption", "authentication", "master", "broadcast")
            for key in store.every(unit, serial, kind).values()
        ]


@pytest.mark.feature("SIMS-05", "SIMS-26")
async def test_keys_are_changed_by_two_people_and_never_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), caplog.at_level(logging.DEBUG):
        async with opened(tmp_path) as stand, stand.collecting():
            serial = stand.serials[0]
            keys = await changed(stand, serial, "encryption", "authentication", "master")
            told = [(each["kind"], each["version"], each["state"]) for each in keys]
            assert told == [
                (kind, version, state)
                for kind in ("authentication", "encryption", "master")
                for version, state in ((2, "promoted"), (1, "retired"))
            ]
            assert stand.same_keys()
            async with stand.office.browser("ada") as ada, stand.office.browser("aud") as aud:
                audit = (await aud.get("/api/audit", params={"limit": 200})).text
                shown = [
                    str(keys), audit, (await ada.get("/api/keys/changing")).text, (await ada.get("/api/keys/old")).text,
                    (await ada.get("/api/proposals")).text, (await ada.get(f"/api/meters/{serial}/orders")).text,
                ]  # fmt: skip
            assert "key.promoted" in audit
            secrets = secrets_of(stand)
            with stand.database.read() as unit:
                shown += [str(row) for row in unit.rows("SELECT payload, result, reason FROM device_order")]
    everything = "\n".join([*shown, said.getvalue(), caplog.text, (stand.settings.escrow).read_text()]).lower()
    assert len(secrets) == 9
    assert not [secret for secret in secrets if secret in everything]


async def test_what_cannot_be_asked_for_is_one_sentence(tmp_path: Path) -> None:
    async with opened(tmp_path) as stand, stand.office.browser("ed") as ed, stand.office.browser("sam") as sam:
        serial = stand.serials[0]
        for body, status in [
            ({"serials": []}, 422), ({"serials": [serial], "kinds": []}, 422), ({"serials": ["nobody"]}, 404),
            ({"serials": [serial], "kinds": ["optical_secret"]}, 422),
        ]:  # fmt: skip
            answer = await ed.post("/api/keys/rotations", json=body)
            assert answer.status_code == status, answer.text
            assert answer.json()["detail"]
        assert (await sam.post("/api/keys/rotations", json={"serials": [serial]})).status_code in {403, 404}
        stand.office.system(lambda unit: unit.run("UPDATE meter SET state = 'retired'"))
        assert (await ed.post("/api/keys/rotations", json={"serials": [serial]})).status_code == 409


async def test_a_meter_that_refuses_keeps_its_keys_and_says_so(tmp_path: Path) -> None:
    """The head-end has a wrong master key: the meter takes nothing wrapped under it."""
    async with opened(tmp_path) as stand:
        serial = stand.serials[0]
        with stand.database.write() as unit:
            unit.run("DELETE FROM sealed_key WHERE meter = ? AND kind = 'master'", (serial,))
            stand.store().put(unit, serial, "master", bytes(16))
        async with stand.collecting():
            await changed(stand, serial, "encryption")
            assert [end[1] for end in stand.ends()] == ["failed"]
            assert "refuses new keys" in str(stand.ends()[0][2])
            async with stand.office.browser("ed") as ed:
                [found] = (await ed.get("/api/keys/changing")).json()["items"]
                assert (found["serial"], found["kind"], found["version"], found["state"]) == (
                    serial, "encryption", 2, "refused",
                )  # fmt: skip
                number = (await ed.post(f"/api/meters/{serial}/keys/prove")).json()["order"]
                await stand.settled()
                order = (await ed.get(f"/api/orders/{number}")).json()
                assert order["state"] == "done", order
        with stand.database.read() as unit:
            known = stand.store().newest(unit, [serial])[serial]
        assert known["encryption"] == stand.fleet.keys.of(0).encryption


async def test_nothing_is_sent_that_the_escrow_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EscrowError("escrow cannot be written: no space left on device")

    async with opened(tmp_path) as stand:
        before = stand.fleet.keys.of(0)
        monkeypatch.setattr(Escrow, "append", refuse)
        async with stand.collecting():
            await changed(stand, stand.serials[0], "encryption")
        assert stand.fleet.keys.of(0) == before
        assert [end[1:] for end in stand.ends()] == [("failed", "escrow cannot be written: no space left on device")]
        with stand.database.read() as unit:
            assert len(stand.store().every(unit, stand.serials[0], "encryption")) == 1


async def test_while_all_is_stopped_the_keys_that_a_meter_has_are_found_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as stand:
        serial = stand.serials[0]
        with monkeypatch.context() as patched:
            patched.setattr(performing, "prove_soon", lambda *_: None)
            async with stand.collecting():
                stand.rotate(serial, "encryption", "master")
                await stand.settled()
        with stand.database.write() as unit:
            switch.put(unit, Switch(is_commissioned=True, is_stopped=True, why="storm", who="ada"))
        async with stand.collecting():
            stand.prove(serial)
            await stand.settled()
        assert stand.ends()[-1][:2] == ("keys.prove", "done"), stand.ends()
        states = stand.states(serial)
        assert (states["encryption", 2], states["master", 2]) == ("promoted", "transferred")
        stand.office.system(switch.commission)
        async with stand.collecting():
            stand.prove(serial)
            await stand.settled()
        assert stand.states(serial)["master", 2] == "promoted"
        assert stand.same_keys()


async def test_keys_that_grow_old_give_one_alarm_each_and_are_listed(tmp_path: Path) -> None:
    limits = {"days": 2, "warn_days": 1}
    async with opened(tmp_path, keys=limits) as stand:
        settings, now = stand.settings.keys, stand.clock.now()
        async with stand.office.browser("ed") as ed:
            with stand.database.write() as unit:
                assert alarm(unit, settings, now + 0.9 * DAY_S) == 0
                assert alarm(unit, settings, now + 1.1 * DAY_S) == 2
                assert alarm(unit, settings, now + 1.2 * DAY_S) == 0
            stand.clock.at += 1.1 * DAY_S
            page = (await ed.get("/api/keys/old", params={"limit": 500})).json()
            assert sorted({each["serial"] for each in page["items"]}) == sorted(stand.serials)
            async with stand.collecting():
                await changed(stand, stand.serials[0], "encryption", "authentication", "master")
            left = (await ed.get("/api/keys/old")).json()["items"]
            assert {each["serial"] for each in left} == {stand.serials[1]}
        async with stand.office.browser("aud") as aud:
            [note] = (await aud.get("/api/audit", params={"action": "key.expiring"})).json()["items"]
            assert '"meters":2' in note["detail"]


async def test_one_broadcast_key_for_all_meters_of_a_proposal(tmp_path: Path) -> None:
    async with opened(tmp_path) as stand, stand.office.browser("ed") as ed, stand.office.browser("ann") as ann:
        body = {"serials": stand.serials, "kinds": ["broadcast"]}
        proposal = (await ed.post("/api/keys/rotations", json=body)).json()
        await ann.post(f"/api/proposals/{proposal['id']}/approve", json={"digest": proposal["digest"]})
        async with stand.collecting():
            await stand.settled()
        held = {stand.fleet.keys.of(meter).broadcast for meter in range(2)}
        assert len(held) == 1
        assert None not in held
        assert all(stand.same_keys(meter) for meter in range(2))


async def test_a_list_of_keys_is_paged_by_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as stand, stand.office.browser("ed") as ed:
        store: KeyStore = stand.store()
        with stand.database.write() as unit:
            for serial in stand.serials:
                for kind in ("encryption", "authentication", "master"):
                    store.add(unit, serial, kind, bytes(16), 5)
        found, after = [], ""
        while after is not None:
            page = (await ed.get("/api/keys/changing", params={"limit": 2, "after": after})).json()
            found += [(each["serial"], each["kind"]) for each in page["items"]]
            after = page["next"]
        kinds = ("authentication", "encryption", "master")
        assert found == [(serial, kind) for serial in sorted(stand.serials) for kind in kinds]
