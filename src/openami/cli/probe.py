"""`openami probe`: what answers at an address, found out without any key."""

import time
from typing import Annotated

import typer

from openami.aio.client import INVOCATION_COUNTER, connect
from openami.aio.loop import run
from openami.aio.meter import Meter
from openami.aio.serial import DeviceBusy, NoSuchDevice, NotPermitted
from openami.aio.tcp import ConnectionRefused, Unreachable
from openami.aio.values import in_words, to_json
from openami.cli.session import WHERE, decoded, known_class, meter_address
from openami.cli.show import Json, show_json, show_table
from openami.core.errors import AccessError, AmiError, ServiceError
from openami.cosem.clock import Clock
from openami.cosem.registers import Data
from openami.dlms.xdlms import AttributeDescriptor

app = typer.Typer(add_completion=False)

CLIENTS = (16, 1)
"""The public client, and the management client, whose refusal tells what it asks for."""

HOPELESS = (ConnectionRefused, Unreachable, NoSuchDevice, NotPermitted, DeviceBusy)
"""Errors that no other client would be spared."""

SIMULATED = b"OAM"
"""FLAG id of virtual meters."""

QUESTIONS = {
    "logical_device_name": Data.value.at("0.0.42.0.0.255"),
    "clock": Clock.time.at("0.0.1.0.0.255"),
    "invocation_counter": Data.value.at(INVOCATION_COUNTER),
}


EXAMPLES = """
Examples:

  openami probe tcp://127.16.0.1:4059

  openami probe 'serial:///dev/ttyUSB0?baud=9600&server=1/17'
"""


@app.command(epilog=EXAMPLES)
def probe(
    url: Annotated[str, typer.Argument(help=WHERE)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 5.0,
) -> None:
    """Say what answers at an address; ends with 1 if it is no DLMS/COSEM server."""
    meter_address(url)
    found, is_dlms = run(look(url, timeout))
    if as_json:
        show_json(found)
    else:
        rows = [(name.replace("_", " "), in_words(value)) for name, value in found.items()]
        show_table(url, ("what", "answer"), rows)
    if not is_dlms:
        raise typer.Exit(1)


async def look(url: str, timeout_s: float) -> tuple[dict[str, Json], bool]:
    """Associate as each of the clients and ask the public questions; tell whether DLMS/COSEM was spoken."""
    found: dict[str, Json] = {}
    is_dlms = False
    for client in CLIENTS:
        started = time.perf_counter()
        try:
            async with connect(url, client=client, timeout_s=timeout_s) as meter:
                found[f"client_{client}"] = f"associated in {(time.perf_counter() - started) * 1000:.1f} ms"
                is_dlms = True
                found = await ask(meter) | found
        except HOPELESS:
            raise
        except AmiError as error:
            found[f"client_{client}"] = str(error)
            is_dlms = is_dlms or isinstance(error, ServiceError)
    return found, is_dlms


async def ask(meter: Meter) -> dict[str, Json]:
    """Ask what a meter tells everybody; what it does not is left out."""
    answers: dict[str, Json] = {}
    for name, descriptor in QUESTIONS.items():
        try:
            data = await meter.get_raw(descriptor)
        except AccessError:
            continue
        answers[name] = to_json(value_of(descriptor, data))
    title = meter.associated.server_title
    answers["simulated"] = str(answers.get("logical_device_name", "")).startswith(SIMULATED.decode())
    if title is not None:
        answers["system_title"] = title.hex()
    response = meter.associated.response
    answers["conformance"] = to_json(response.conformance)
    answers["max_pdu"] = response.server_max_receive_pdu_size
    return answers


def value_of(descriptor: AttributeDescriptor, data: bytes) -> object:
    """Decode an answer."""
    return decoded(known_class(descriptor.class_id, None), descriptor.attribute_id, data)
