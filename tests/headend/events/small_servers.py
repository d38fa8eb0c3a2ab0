"""Small servers that notices are sent to: mail, HTTP and an MQTT broker, each as far as one message needs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Got:
    """What has arrived."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(talk: Talk, got: Got) -> AsyncGenerator[Got]:
    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(whole, "127.0.0.1", 0) as server:
        got.port = server.sockets[0].getsockname()[1]
        yield got


@asynccontextmanager
async def mail_server(refuses: bytes = b"") -> AsyncGenerator[Got]:
    """SMTP (RFC 5321), without extensions."""
    got = Got()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 small\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if refuses and verb == refuses:
                writer.write(b"550 not here\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                got.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 kept\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                got.heads.append(line)
                writer.write(b"250 fine\r\n")

    async with serving(talk, got):
        yield got


@asynccontextmanager
async def web_server(status: bytes = b"204 No Content") -> AsyncGenerator[Got]:
    """HTTP/1.1, one request a connection."""
    got = Got()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        got.heads.append(head)
        got.messages.append(await reader.readexactly(length))
        location = b"Location: http://127.0.0.1:1/\r\n" if status.startswith(b"3") else b""
        writer.write(b"HTTP/1.1 " + status + b"\r\n" + location + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async with serving(talk, got):
        yield got


@asynccontextmanager
async def broker() -> AsyncGenerator[Got]:
    """MQTT 3.1.1: CONNECT, PUBLISH with quality of service 1, DISCONNECT."""
    got = Got()

    async def packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
        kind, length, shift = (await reader.readexactly(1))[0], 0, 0
        while True:
            octet = (await reader.readexactly(1))[0]
            length |= (octet & 0x7F) << shift
            shift += 7
            if not octet & 0x80:
                return kind, await reader.readexactly(length)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await packet(reader)
            if kind >> 4 == 1:
                got.heads.append(body)
                writer.write(b"\x20\x02\x00\x00")
            elif kind >> 4 == 3:
                size = int.from_bytes(body[:2], "big")
                topic, rest = body[2 : 2 + size], body[2 + size :]
                got.heads.append(topic)
                got.messages.append(rest[2:])
                writer.write(b"\x40\x02" + rest[:2])
            elif kind >> 4 == 14:
                return
            await writer.drain()

    async with serving(talk, got):
        yield got
