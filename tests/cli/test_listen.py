"""`openami listen` in a process of its own, with our own sender and with published pushes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openami.aio.pushing import push
from openami.cli.keyring import key_lookup
from openami.core.errors import DefinitionError
from openami.dlms.security import Keys
from openami.dlms.xdlms import DataNotificationConfirm
from pair import AK, EK, SERVER_TITLE, wrap
from pushes import KEYS, notification, sealer

KEYS_FILE = f'encryption_key = "{EK.hex()}"\nauthentication_key = "{AK.hex()}"\n'


#: A test run in the background hands on that SIGINT is ignored; a shell does not.
INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = f"{INTERRUPTIBLE}; from openami.__main__ import main; main()"


@contextmanager
def listening(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """Run the command on a free port; the process, and where it listens."""
    command = [sys.executable, "-c", COMMAND, "listen", *arguments]
    env = {**os.environ, "NO_COLOR": "1", **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": env}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said.startswith("listening on "), said + process.stderr.read()
            host, _, port = said.removeprefix("listening on ").partition(";")[0].rpartition(":")
            yield process, (host, int(port))
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that ends by itself."""
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def send(where: tuple[str, int], *pushes: Any, scheme: str = "tcp", **facts: Any) -> None:
    for each in pushes:
        asyncio.run(push(f"{scheme}://{where[0]}:{where[1]}", each, **facts))


def test_pushes_are_printed_as_json_lines(tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(KEYS_FILE)
    with listening("tcp://127.0.0.1:0", "--json", "--count", "2", "--keys", str(keys)) as (process, where):
        seal = sealer()
        send(where, notification(1), notification(2), sealer=seal)
        code, out, err = ended(process)
    assert (code, err) == (0, "")
    first, second = map(json.loads, out.splitlines())
    assert first.pop("sender").startswith("127.0.0.1:")
    assert first == {
        "framing": "wrapper",
        "system_title": SERVER_TITLE.hex(),
        "authenticated": True,
        "encrypted": True,
        "invocation_counter": 1,
        "long_invoke_id": 1,
        "at": None,
        "values": [{"logical_name": "1.0.1.8.0.255", "value": 1234}],
    }
    assert (second["invocation_counter"], second["long_invoke_id"]) == (2, 2)


def test_a_published_push_is_printed_as_a_table(dlms_vectors: dict[str, Any]) -> None:
    with listening("udp://127.0.0.1:0", "--once") as (process, where):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as meter:
            meter.sendto(bytes.fromhex(dlms_vectors["push-raw-salzburg-netz"]["hex"]), where)
        code, out, _ = ended(process)
    assert code == 0
    assert "in clear  2022-11-12T16:54:00+01:00" in out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "0.0.1.0.0.255 2022-11-12T16:54:00+01:00" in lines
    assert "0.0.42.0.0.255 KFM1200200234804" in lines
    assert "1.0.32.7.0.255 229.2 V" in lines
    assert "1.0.1.8.0.255 1327456 Wh" in lines


def test_a_published_ciphered_push_with_keys_from_the_environment(dlms_vectors: dict[str, Any]) -> None:
    vector = dlms_vectors["push-hdlc-landis-gyr-e450"]
    keys = {"OPENAMI_EK": vector["keys"]["ek"], "OPENAMI_AK": vector["keys"]["ak"]}
    with listening("tcp://127.0.0.1:0", "--once", "--protected", **keys) as (process, where):
        with socket.create_connection(where) as meter:
            meter.sendall(bytes.fromhex(vector["hex"]))
        code, out, _ = ended(process)
    assert code == 0
    assert "4c475a677370b177  authenticated" in out
    assert "4408736" in out


def test_what_is_no_push_is_told_on_stderr_and_listening_goes_on() -> None:
    with listening("tcp://127.0.0.1:0", "--json", "--once", "--protected") as (process, where):
        send(where, notification(1))
        send(where, notification(1), sealer=sealer())
        with socket.create_connection(where) as meter:
            meter.sendall(b"Is anybody there?")
        assert process.stderr is not None
        said = [process.stderr.readline().partition(": no push: ")[2].strip() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        code, out, _ = ended(process)
    assert (code, out) == (130, "")
    assert said[0] == "push under security control 00 is less protected than asked for"
    assert said[1] == f"no keys for system title {SERVER_TITLE.hex()}"
    assert said[2] == "no APDU of a push begins with 49732061"


@pytest.mark.parametrize(("option", "answered"), [("--confirm", True), ("--no-confirm", False)])
def test_pushes_that_ask_for_it_are_confirmed_unless_told_otherwise(option: str, answered: bool) -> None:
    push_ = notification(3, confirmed=True)
    with listening("tcp://127.0.0.1:0", "--json", "--once", option) as (process, where):
        with socket.create_connection(where, timeout=20) as meter:
            meter.sendall(wrap(push_.encode()))
            answer = meter.recv(100)
        assert ended(process)[0] == 0
    assert answer == (wrap(DataNotificationConfirm(push_.long_invoke).encode()) if answered else b"")


def refused(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "openami", "listen", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    return done.returncode, done.stderr


def test_errors_are_one_sentence_and_usage_is_2(tmp_path: Path) -> None:
    assert refused()[0] == 2
    code, said = refused("http://127.0.0.1:80")
    assert code == 2
    assert "an address is written tcp://" in said
    code, said = refused("tcp://127.0.0.1:0", "--protected", "--unauthenticated")
    assert code == 2
    assert "contradict each other" in said
    code, said = refused("serial:///dev/nosuchport")
    assert code == 1
    assert said.startswith("openami: /dev/nosuchport")
    code, said = refused("tcp://127.0.0.1:0", "--timeout", "0.1")
    assert code == 1
    assert said.splitlines()[1] == "openami: no push within 0.1 s"
    keys = tmp_path / "keys.toml"
    keys.write_text('encryption_key = "0011"')
    code, said = refused("tcp://127.0.0.1:0", "--keys", str(keys))
    assert (code, said) == (1, f"openami: {keys}: keys have 16 octets, with suite 2 they have 32\n")


def test_keys_of_many_meters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAMI_EK", "22" * 16)
    assert key_lookup(None)(SERVER_TITLE) == Keys(b"\x22" * 16, b"")
    file = tmp_path / "keys.toml"
    file.write_text(f'encryption_key = "{"33" * 16}"\n["{SERVER_TITLE.hex()}"]\n{KEYS_FILE}')
    assert key_lookup(file)(SERVER_TITLE) == KEYS
    assert key_lookup(file)(b"OAM00009") == Keys(b"\x33" * 16, b"")
    file = tmp_path / "shipment.csv"
    file.write_text(f"system_title,encryption_key,authentication_key\n{SERVER_TITLE.hex()},{EK.hex()},{AK.hex()}\n")
    assert key_lookup(file)(SERVER_TITLE) == KEYS
    assert key_lookup(file)(b"OAM00009") == Keys(b"\x22" * 16, b"")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("k.toml", "x = ", "k.toml"),
        ("k.toml", 'password = "x"', "expected encryption_key, or a table for each system title"),
        ("k.toml", f'["0011"]\nencryption_key = "{"00" * 16}"', "'0011' is no system title"),
        ("k.toml", 'encryption_key = "zz"', "a key is not hexadecimal text"),
        ("k.toml", f'encryption_key = "{"00" * 16}"\nauthentication_key = "00"', "keys have 16 octets"),
        ("k.csv", "encryption_key\n00\n", "'' is no system title"),
    ],
)
def test_files_that_are_no_keys(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(DefinitionError, match=said):
        key_lookup(file)
