"""The run of one case: what it may use, opened for it and closed behind it."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from openami.aio.route import Route
from openami.aio.way import link_on, patience
from openami.conformance.dialogue import Dialogue
from openami.conformance.handshake import Handshake
from openami.conformance.line import Line
from openami.conformance.talk import Talk, Wire
from openami.conformance.target import Login, Target
from openami.conformance.verdict import NotApplicableError
from openami.dlms.link import ClientLink
from openami.dlms.security import ReceiveCounter, SendCounter
from openami.dlms.security.counters import LAST

NO_HDLC: Final = "the way to the meter is not HDLC: give an address hdlc:// or serial://"


class Memory:
    """Counters of a whole run, by the key and title they count under: a value is never used twice."""

    def __init__(self) -> None:
        self._sent: dict[object, SendCounter] = {}
        self._received: dict[object, ReceiveCounter] = {}
        self._renewed: dict[tuple[int, bool], Login] = {}

    def renew(self, login: Login) -> None:
        """Remember an association whose keys a case has changed."""
        self._renewed[login.client, login.is_short] = login

    def current(self, target: Target) -> Target:
        """The target as it is by now."""
        logins = tuple(self._renewed.get((login.client, login.is_short), login) for login in target.logins)
        return replace(target, logins=logins)

    def knows(self, login: Login) -> bool:
        """Whether counting has begun."""
        return under(login) in self._sent

    def begin(self, login: Login, start: int) -> None:
        """Count from a value."""
        self._sent[under(login)] = SendCounter(min(start, LAST))

    def sending(self, login: Login) -> SendCounter:
        """Counter of what we protect."""
        start = login.security.invocation_counter or 0
        return self._sent.setdefault(under(login), SendCounter(start))

    def receiving(self, login: Login) -> ReceiveCounter:
        """Counter of what the meter protects."""
        return self._received.setdefault(under(login), ReceiveCounter())


def under(login: Login) -> object:
    """Name what a counter belongs to: key and title; without keys, nothing is counted."""
    keys = login.security.keys
    return login.client if keys is None else (keys.encryption, login.security.client_title)


class Trial:
    """What a case is given: the target, ways to talk to it, and a place for remarks.

    One connection at a time: a serial line has no more, and many converters take no more.
    """

    def __init__(self, target: Target, memory: Memory, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self.target = target
        self.memory = memory
        self.random = random
        self.remarks: list[str] = []
        self._open: Talk | Line | None = None

    def note(self, remark: str) -> None:
        """Say something beside the rule, once."""
        if remark not in self.remarks:
            self.remarks.append(remark)

    def logins(self, wanted: Callable[[Login], bool], what: str) -> tuple[Login, ...]:
        """Choose the associations a rule is about; without any the case does not apply."""
        found = tuple(login for login in self.target.logins if wanted(login))
        if not found:
            raise NotApplicableError(f"no association {what} was given")
        return found

    def simplest(self) -> Login:
        """Choose the association that asks for least, by logical names if there is one."""
        return min(self.target.logins, key=lambda login: (login.is_short, login.is_ciphered, login.security.mechanism))

    def hdlc(self) -> None:
        """Hold that HDLC is spoken; else the case does not apply."""
        if not self.target.is_hdlc:
            raise NotApplicableError(NO_HDLC)

    async def talk(self, login: Login, link: ClientLink | None = None) -> Talk:
        """Open a connection with a link for one client; the one before is closed."""
        target = self.target
        timeout_s = patience(target.place, target.response_s)
        link = link or link_on(target.place, login.client, target.server, timeout_s)
        await self.close()
        self._open = talk = Talk(await Wire.open(target), link, timeout_s)
        await talk.connect()
        return talk

    def station(self, login: Login, *, max_info: int, window: int) -> ClientLink:
        """Make the client's end of an HDLC connection that offers these."""
        place = self.target.place
        if not isinstance(place, Route):
            raise NotApplicableError(NO_HDLC)
        offered = replace(place, settings=replace(place.settings, max_info=max_info, window=window))
        return link_on(offered, login.client, self.target.server, patience(place, self.target.response_s))

    async def handshake(self, login: Login, link: ClientLink | None = None) -> Handshake:
        """Connect, ready to open an association."""
        return self.meet(await self.talk(login, link), login)

    def meet(self, talk: Talk, login: Login) -> Handshake:
        """Make ready to open an association on a connection that is there."""
        memory = self.memory
        return Handshake(talk, login, memory.sending(login), memory.receiving(login), self.random)

    async def associate(self, login: Login) -> Dialogue:
        """Connect and open an association."""
        return await (await self.handshake(login)).open()

    async def line(self, login: Login | None = None) -> Line:
        """Open a line for frames made by hand; the one before is closed."""
        self.hdlc()
        await self.close()
        self._open = line = Line(await Wire.open(self.target), (login or self.simplest()).client, self.target)
        return line

    async def leave(self, talk: Talk | Line) -> None:
        """Close a connection, if that has not been done."""
        if talk is self._open:
            await self.close()

    async def close(self) -> None:
        """Close what is open."""
        talk, self._open = self._open, None
        if talk is not None:
            await talk.close()
