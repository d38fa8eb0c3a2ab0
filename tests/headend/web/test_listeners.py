"""TLS, and listeners on IPv4 and IPv6 side by side."""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from openami.core.errors import DefinitionError
from openami.headend.web.server import Server, Tls, listen_at, url

PASSWORD = "sesame"


def certificate(folder: Path) -> Tls:
    """A self-signed certificate for this machine, its key locked."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "head-end")])
    now = datetime.datetime.now(datetime.UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    locked = serialization.BestAvailableEncryption(PASSWORD.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    (folder / "key.pem").write_bytes(pem)
    return Tls(folder / "chain.pem", folder / "key.pem", PASSWORD)


@contextlib.asynccontextmanager
async def served(sockets: list[socket.socket], tls: Tls | None) -> AsyncIterator[None]:
    app, ready = FastAPI(), asyncio.Event()

    @app.get("/")
    def hello() -> str:
        return "hello"

    server = Server(app, ready.set, tls)
    task = asyncio.create_task(server.serve(sockets))
    async with asyncio.timeout(20):
        await ready.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task
        for one in sockets:
            one.close()


async def test_ipv4_and_ipv6_share_a_port_over_tls(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    tls.check()
    sockets = listen_at(["127.0.0.1", "::1"], 0, is_wanted=True)
    addresses = [url(one, is_secure=True) for one in sockets]
    assert len({one.getsockname()[1] for one in sockets}) == 1
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    async with served(sockets, tls), httpx.AsyncClient(verify=trust) as client:
        for address in addresses:
            assert address.startswith("https://")
            assert (await client.get(address)).json() == "hello"
        with pytest.raises(httpx.HTTPError):
            await client.get(addresses[0].replace("https", "http"))
        old = ssl.create_default_context(cafile=str(tls.certificate))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        async with httpx.AsyncClient(verify=old) as still_good:
            assert (await still_good.get(addresses[1])).status_code == 200


async def test_all_addresses_of_both_families_stand_side_by_side() -> None:
    sockets = listen_at(["0.0.0.0", "::"], 0, is_wanted=True)
    addresses = [url(one) for one in sockets]
    port = sockets[0].getsockname()[1]
    assert addresses == [f"http://127.0.0.1:{port}/", f"http://[::1]:{port}/"]
    async with served(sockets, None), httpx.AsyncClient() as client:
        for address in addresses:
            assert (await client.get(address)).json() == "hello"


def test_a_certificate_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    with pytest.raises(DefinitionError, match="no such file"):
        Tls(tmp_path / "none.pem").check()
    for wrong in (Tls(tls.certificate, tls.key, "open"), Tls(tls.certificate, tls.certificate)):
        with pytest.raises(DefinitionError, match="do not fit") as caught:
            wrong.check()
        assert PASSWORD not in str(caught.value) + repr(tls)


def test_of_several_listeners_none_stays_open_when_one_cannot_be_had() -> None:
    with pytest.raises(DefinitionError, match="cannot be had"):
        listen_at(["127.0.0.1", "192.0.2.1"], 0, is_wanted=True)
