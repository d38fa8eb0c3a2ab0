"""A greeting at an optical port by plain pyserial, up to where HDLC begins (IEC 62056-21, mode E).

A pty has no parity of its own, so the eighth bit is put on and checked here.
"""

import time

import serial

SPEEDS = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]
"""By their character; up to 6 they are the standard's, those behind the vendor's, counted on as COSEM class 19 does."""


def with_parity(text: bytes) -> bytes:
    """Characters with an even number of ones."""
    return bytes(sign + 128 * (f"{sign:b}".count("1") % 2) for sign in text)


def heard(port: serial.Serial, end: bytes) -> bytes:
    """What comes up to an end, parity checked."""
    octets = port.read_until(with_parity(end))
    text = bytes(octet % 128 for octet in octets)
    if with_parity(text) != octets or not text.endswith(end):
        raise ValueError(f"a wrong answer, or none: {octets!r}")
    return text


def greeted(device: str, timeout_s: float) -> serial.Serial:
    """The port at the speed that the meter proposed, once it has said that it speaks HDLC."""
    port = serial.Serial(device, 300, timeout=timeout_s)
    port.write(with_parity(b"/?!\r\n"))
    name = heard(port, b"\r\n")
    if not name.startswith(b"/") or b"\\2" not in name:
        raise ValueError(f"no meter of mode E: {name!r}")
    speed = chr(name[4])
    time.sleep(0.2)
    selection = f"\x062{speed}2\r\n".encode()
    port.write(with_parity(selection))
    if (answer := heard(port, b"\r\n")) != selection:
        raise ValueError(f"the meter does not confirm: {answer!r}")
    time.sleep(0.2)
    port.baudrate = SPEEDS[int(speed)]
    return port
