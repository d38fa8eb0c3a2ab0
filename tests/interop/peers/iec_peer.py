"""The package iec62056-21, a reader that somebody else wrote, at an optical port in mode C."""

from typing import Any

from iec62056_21.client import Iec6205621Client
from iec62056_21.messages import CommandMessage, DataSet
from iec62056_21.transports import SerialTransport
from peer import jobs, serve

TIMEOUT_S = 10


class Head(SerialTransport):
    """A port that changes its speed in place; the package's own waits half a second and throws away what has come."""

    def switch_baudrate(self, baud: int) -> None:
        self.port.baudrate = baud


def reader(orders: dict[str, Any]) -> Iec6205621Client:
    """A reader at a port."""
    client = Iec6205621Client(Head(orders["device"], timeout=TIMEOUT_S))
    client.connect()
    return client


def read_out(orders: dict[str, Any]) -> dict[str, Any]:
    """Who the meter is, and all that it reads out."""
    client = reader(orders)
    try:
        sets = client.standard_readout().data
        return {
            "who": [client.manufacturer_id, client.identification, client.switchover_baudrate],
            "sets": [[one.address, one.value, one.unit] for one in sets],
        }
    finally:
        client.disconnect()


def program(orders: dict[str, Any]) -> dict[str, Any]:
    """The password, a value read, one written and read again."""
    client = reader(orders)
    try:
        operand = client.access_programming_mode()
        said(client, "P", "", orders["password"])  # its own send_password fails: its data sets ask for an address
        accepted = client._recv_ack()
        before = client.read_single_value(orders["address"], additional_data="").value
        client.write_single_value(orders["address"], orders["value"])
        after = client.read_single_value(orders["address"], additional_data="").value
        said(client, "R", orders["unknown"], "")
        refused = client.read_response().data[0].value
        client.send_break()
    finally:
        client.disconnect()
    values = {"accepted": accepted, "before": before, "after": after, "refused": str(refused)}
    return {"operand": [operand.command, operand.data_set.value], **values}


def said(client: Iec6205621Client, command: str, address: str, value: str) -> None:
    """Send a command of the first kind."""
    message = CommandMessage(command=command, command_type=1, data_set=DataSet(address=address, value=value))
    client.transport.send(message.to_bytes())


serve(jobs(read_out, program))
