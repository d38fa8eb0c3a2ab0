"""A network, and modules in it, for the tests of cellular modules."""

from ipaddress import IPv4Network, IPv6Network
from typing import Any

from openami.net.cellular import (
    Access,
    AccessPoint,
    Authentication,
    Cell,
    Mode,
    Module,
    Network,
    Pool,
    Settings,
    Signal,
    Sim,
    product,
)

APN = "meters.example"
HEAD_END = "192.0.2.10:4059"
EVERYTHING = ("cat4", "cat1", "lte-m", "umts", "edge", "gprs")


def network(**settings: Any) -> Network:
    """A network that lets in the user `meter` with the secret `secret`."""
    point: dict[str, Any] = {
        "ipv4": Pool(IPv4Network("10.0.0.0/24")),
        "ipv6": Pool(IPv6Network("2001:db8::/64")),
        "authentication": Authentication.CHAP,
        "secrets": {"meter": b"secret"},
        "dns": ("10.255.0.1", "10.255.0.2"),
    }
    point |= settings.pop("point", {})
    settings.setdefault("cells", (Cell(4711, 17, 204, 99, EVERYTHING),))
    return Network({APN: AccessPoint(**point)}, **settings)


def access(**settings: Any) -> Access:
    """What gets a module in."""
    given: dict[str, Any] = {"user": "meter", "chap_secret": b"secret", "pap_secret": b"secret"}
    return Access(APN, **given | settings)


def module(
    name: str = "cm1",
    net: Network | None = None,
    *,
    sim: Sim | None = None,
    seed: int = 1,
    imei: str = "123456789012345",
    **settings: Any,
) -> Module:
    """A module with power off and a fair signal."""
    settings = {"access": access(), "endpoints": (HEAD_END,)} | settings
    found = Module(
        product(name), Settings(**settings), net or network(), sim or Sim("204990000000001"), imei=imei, seed=seed
    )
    found.receive_signal(Signal.of(-80), 0)
    return found


def on(name: str = "cm1", net: Network | None = None, *, until: float = 600, **settings: Any) -> Module:
    """A module that has been on for a while."""
    found = module(name, net, **settings)
    found.power(on=True, now=0)
    found.expire(until)
    return found


__all__ = ["APN", "HEAD_END", "Mode", "access", "module", "network", "on"]
