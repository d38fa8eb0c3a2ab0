"""No page of another site reaches the head-end through somebody's browser."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from headend.fake_meters import serial_of
from headend.web.conftest import Service

READ = f"/api/meters/{serial_of(0)}/read"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1"])
async def test_a_name_that_is_not_ours_is_refused(api: httpx.AsyncClient, host: str) -> None:
    for path in ("/api/summary", "/api/meters", "/elsewhere"):
        answer = await api.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "on this machine only" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8088", "localhost", "LOCALHOST:1", "[::1]:8088"])
async def test_names_of_this_machine_are_fine(api: httpx.AsyncClient, host: str) -> None:
    assert (await api.get("/api/meters", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
)
async def test_a_form_of_another_site_changes_nothing(api: httpx.AsyncClient, origin: str) -> None:
    for path in (READ, "/api/shipments"):
        answer = await api.post(path, headers={"Origin": origin}, content=b"serial")
        assert answer.status_code == 403
        assert answer.json()["detail"] == "this came from a page of another site"


async def test_our_own_pages_may(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/shipments", headers={"Origin": "http://127.0.0.1"}, content=b"x")
    assert answer.status_code == 422


def test_the_websocket_of_the_pages_is_ours_alone(service: Service) -> None:
    address = service.url.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus, match="403"):
        connect(address, origin="http://evil.example")
