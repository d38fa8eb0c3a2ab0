"""Images with the signature of a maker, meters whose time goes on, and campaigns by REST."""

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from random import Random
from typing import Any

from headend.commands.field import Field
from headend.commands.field import opened as opened_field
from meters.upgrading import APPLICATION, made
from openami.dlms.security.curve import P256, PrivateKey

MAKER = PrivateKey.draw(P256, Random(5).randbytes)
MAKERS = {"xemex": MAKER.public.octets.hex()}
OLD, NEW = "01 02 03 04", "01 02 03 05"
PATIENCE_S = 120
CAMPAIGNS = "/api/firmware/campaigns"


def opened(folder: Path, count: int, **settings: object) -> contextlib.AbstractAsyncContextManager[Field]:
    chosen: dict[str, Any] = {
        "items": ("clock",),
        "firmware": {"makers": MAKERS, "poll_s": 0.02, "patience_s": 60.0},
        **settings,
    }
    return opened_field(folder, slug="compactiq", count=count, **chosen)


@contextlib.asynccontextmanager
async def living(field: Field, **how: Any) -> AsyncGenerator[None]:
    """A collector at work, and time that goes on."""

    async def turn() -> None:
        while True:
            await asyncio.sleep(0.05)
            field.live(5)

    async with field.collecting(**how):
        turning = asyncio.create_task(turn())
        try:
            yield
        finally:
            turning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await turning


def image_in(content: bytes, **changes: Any) -> dict[str, Any]:
    """What is sent to REST for an image."""
    facts = {
        "title": "APP2", "version": NEW, "identifier": b"KFM-03".hex(), "models": ["compactiq"], "maker": "xemex",
        "sha256": hashlib.sha256(content).hexdigest(), "signature": MAKER.sign(content).hex(),
        "version_at": APPLICATION, "content": base64.b64encode(content).decode(),
    }  # fmt: skip
    return facts | changes


async def take(field: Field, content: bytes | None = None, **changes: Any) -> int:
    async with field.office.browser("ed") as browser:
        answer = await browser.post("/api/firmware/images", json=image_in(content or made(), **changes))
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])


async def begin(field: Field, image: int, **wanted: Any) -> int:
    """Propose a campaign as the engineer, approve it as somebody else. -> its number."""
    async with field.office.browser("ed") as browser:
        body = {"image": image, "meters": {"area": "/north/"}, "per_node": 1_000, **wanted}
        answer = await browser.post(CAMPAIGNS, json=body)
        assert answer.status_code == 202, answer.text
        return int((await field.approve(answer.json()["id"]))["outcome"].split()[1])


async def until(field: Field, number: int, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a campaign is so far."""
    found: dict[str, Any] = {}
    async with field.office.browser("vic") as browser:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so(found := (await browser.get(f"{CAMPAIGNS}/{number}")).json()):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"campaign {number} stands still at {found}") from None
    return found


async def look(field: Field, number: int, what: str) -> Any:
    async with field.office.browser("vic") as browser:
        answer = await browser.get(f"{CAMPAIGNS}/{number}/{what}", params={"limit": 500} if what == "meters" else {})
        return answer.json()


def running(field: Field, meter: int) -> str:
    """Version that a meter really runs."""
    return str(field.thing("module_active_firmware_identifier", meter).value.decode())
