"""Times dlms-cosem in a process of its own: one JSON object of medians in seconds.

Reads on standard input: rounds, and what to time: `codec` (hex of a GET response with a profile) or `session`
(host, port, keys, count).
"""

import contextlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from dlms_cosem import cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.dlms_data import DlmsDataParser
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.protocol import acse, xdlms
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    NoSecurityAuthentication,
    SecurityControlField,
    decrypt,
    encrypt,
)

CLOCK = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis.from_string("0.0.1.0.0.255"), 2)
TITLE = bytes.fromhex("4d4d4d0000bc614e")
KEY = bytes(range(16))
AUTHENTICATION = bytes(range(0xD0, 0xE0))


def median(work: Callable[[], object], rounds: int, calls: int) -> float:
    """Median seconds of one call."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def codec(orders: dict[str, Any]) -> dict[str, float]:
    response = bytes.fromhex(orders["response"])
    control = SecurityControlField(security_suite=0, authenticated=True, encrypted=True)
    plain = bytes(30)
    ciphered = encrypt(control, TITLE, 1, KEY, plain, AUTHENTICATION)
    aarq, aare = bytes.fromhex(orders["aarq"]), bytes.fromhex(orders["aare"])
    request = acse.ApplicationAssociationRequest.from_bytes(aarq)
    answer = acse.ApplicationAssociationResponse.from_bytes(aare)

    def decode() -> object:
        data = xdlms.GetResponseNormal.from_bytes(response).data
        return [value.to_python() for value in DlmsDataParser().parse(data)]

    def associate() -> None:
        acse.ApplicationAssociationRequest.from_bytes(request.to_bytes())
        acse.ApplicationAssociationResponse.from_bytes(answer.to_bytes())

    rounds = orders["rounds"]
    return {
        "profile_decode": median(decode, rounds, 1),
        "cipher_encrypt": median(lambda: encrypt(control, TITLE, 1, KEY, plain, AUTHENTICATION), rounds, 200),
        "cipher_decrypt": median(lambda: decrypt(control, TITLE, 1, KEY, ciphered, AUTHENTICATION), rounds, 200),
        "associate": median(associate, rounds, 100),
    }


def session(orders: dict[str, Any]) -> dict[str, float]:
    counter = orders.get("invocation_counter", 0)

    def once() -> None:
        nonlocal counter
        transport = TcpTransport(
            orders["client"],
            orders["server"],
            BlockingTcpIO(host=orders["host"], port=orders["port"], timeout=10),
        )
        if "encryption_key" not in orders:
            client = DlmsClient(transport=transport, authentication=NoSecurityAuthentication())
        else:
            client = DlmsClient(
                transport=transport,
                authentication=HighLevelSecurityGmacAuthentication(challenge_length=16),
                encryption_key=bytes.fromhex(orders["encryption_key"]),
                authentication_key=bytes.fromhex(orders["authentication_key"]),
                client_system_title=bytes.fromhex(orders["client_title"]),
                client_initial_invocation_counter=counter,
            )
        counter += 10
        with client.session() as open_session:
            open_session.get(CLOCK)

    once()
    times = []
    for _ in range(orders["rounds"]):
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(orders["count"]):
            once()
        times.append(
            (
                (time.process_time() - cpu) / orders["count"],
                (time.perf_counter() - wall) / orders["count"],
            )
        )
    return {
        "cpu": statistics.median(cpu for cpu, _ in times),
        "wall": statistics.median(wall for _, wall in times),
        "invocation_counter": counter,
    }


def main() -> None:
    orders = json.load(sys.stdin)
    work = {"codec": codec, "session": session}[orders["what"]]
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints while it works
        found = work(orders)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
