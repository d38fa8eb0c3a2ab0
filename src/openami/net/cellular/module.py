"""A cellular module as a state machine: power, signal, network and requests in; address, connection, octets out.

Whatever happens is told with its time; `expire(now)` lets time pass, `deadline` says when something will happen of
itself. The only chance in it is the wait after an outage and what the link loses, both from the given seed.
"""

from collections import deque

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.net.cellular.bearer import Arrival, Bearer
from openami.net.cellular.climb import STEPS, Climb, another
from openami.net.cellular.network import AccessPoint, Cell, IPAddress, Lease, Network, Sim
from openami.net.cellular.product import ModuleProduct
from openami.net.cellular.settings import Settings
from openami.net.cellular.signal import Signal
from openami.net.cellular.states import FALLS_TO, Cause, Failure, Happening, Message, State
from openami.net.cellular.upgrade import Upgrade
from openami.net.links.model import model


class Module:
    """One module in one network. Times are seconds; they never go back.

    `near` is the cell whose signal is received; `point` and `lease` are where the addresses come from and which they
    are; `reserve_until` says how long the capacitor lasts, while the supply is gone.
    """

    def __init__(
        self,
        product: ModuleProduct,
        settings: Settings,
        network: Network,
        sim: Sim | None,
        *,
        imei: str = "000000000000000",
        seed: int | tuple[int, ...] = 0,
    ) -> None:
        self.product = product
        self.settings = settings
        self.network = network
        self.sim = sim
        self.imei = imei
        self.state = State.OFF
        self.signal: Signal | None = None
        self.near: Cell | None = None
        self.cell: Cell | None = None
        self.point: AccessPoint | None = None
        self.lease: Lease | None = None
        self.endpoint: tuple[IPAddress, int] | None = None
        self.attach_count = 0
        self.volts = 0.0
        self.reserve_until: float | None = None
        self.history: deque[Happening] = deque(maxlen=500)
        self.bearer = Bearer()
        self.upgrade = Upgrade(product, network, self._start, product.upgrade.version)
        self.climb = Climb()
        self._rng = np.random.default_rng(seed)
        self._powered_at = self._used_at = 0.0
        self._is_asked = self._is_woken = self._was_open = False
        self._messages: list[Message] = []
        network.join(self)

    # What is known from outside

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """Addresses the module has now."""
        return self.lease.addresses if self.lease is not None else ()

    @property
    def level(self) -> str:
        """Name of the level of its signal; empty while it is in no network."""
        if self.signal is None or self.state < State.REGISTERED:
            return ""
        return self.product.levels.name(self.signal)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        due = [self.climb.due, self.reserve_until, self.bearer.deadline]
        if self.upgrade.deadline is not None and self.upgrade.deadline > self.climb.now:
            due.append(self.upgrade.deadline)
        if self.state >= State.REGISTERED and self.settings.uses_slots:
            due.append(self.settings.slots.next_change(self.climb.now))
        if self.state >= State.ONLINE and self._is_asked:
            due.append(self._used_at + self.product.timings.idle_s)
        return min((each for each in due if each is not None), default=None)

    def power_w(self, now: float) -> float:
        """What it draws: more while it sends."""
        if self.state is State.OFF:
            return 0.0
        supply = self.product.supply
        return supply.transmit_w if self.bearer.is_sending(now) else supply.standby_w

    # What is done to it

    def supply(self, volts: float, now: float) -> None:
        """Put a voltage on it; without one that suits it lives on its capacitor, if it has one and that is charged."""
        self.expire(now)
        had, has = self.product.supply.suits(self.volts), self.product.supply.suits(volts)
        self.volts = volts
        if has and not had:
            self._powered_at = now
            is_alive, self.reserve_until = self.reserve_until is not None, None
            if not is_alive:
                self._start(now)
        elif had and not has:
            self._power_lost(now)

    def power(self, *, on: bool, now: float) -> None:
        """Switch its nominal voltage on or off."""
        self.supply(self.product.supply.volts if on else 0.0, now)

    def receive_signal(self, signal: Signal | None, now: float, near: Cell | None = None) -> None:
        """Set what its antenna receives, and which cell is near; no signal is no cell in reach."""
        self.expire(now)
        came_back = self.signal is None and signal is not None
        self.signal, self.near = signal, near
        if near is not None and self.cell is not None and self._offers(near):
            self.cell = near
        if signal is None and self.state > State.SEARCHING:
            self._fail(Failure.NO_COVERAGE, now)
        elif came_back and self.state is State.SEARCHING:
            self._search_again(now)

    def insert(self, sim: Sim | None, now: float) -> None:
        """Change the SIM; the module starts again."""
        self.expire(now)
        self.sim = sim
        if self.state is not State.OFF:
            self._start(now)

    def configure(self, settings: Settings, now: float) -> None:
        """Change the settings; another access takes a new attach."""
        self.expire(now)
        if settings.uses_slots and not self.product.stack.schedule:
            raise LocalProtocolError(f"{self.product.title} does not connect by schedule")
        again = settings.access != self.settings.access
        self.settings = settings
        self.climb.fresh()
        if again and self.state > State.REGISTERED:
            self._fall(State.REGISTERED, now)
        self._at(now)

    def request(self, now: float) -> None:
        """Ask for a connection: by hand, or because there is something to send."""
        self.expire(now)
        if not self.product.stack.request:
            raise LocalProtocolError(f"{self.product.title} connects by schedule only")
        self._is_asked, self._used_at, self.climb.not_before = True, now, now
        self.climb.fresh()
        self._climb_on(now)

    def wake(self, caller: str, now: float) -> bool:
        """Take a wake-up by SMS; whether it was heard, and from one of those who may."""
        self.expire(now)
        if self.state < State.REGISTERED or caller not in self.settings.wakeup.callers:
            return False
        self._is_woken = True
        if self.state >= State.ONLINE:
            self._tell(Cause.WAKE_UP, now)
        self.request(now)
        return True

    def call(self, now: float) -> bool:
        """Let the head-end connect to the module's address: whether that was there, and it is connected now."""
        self.expire(now)
        if self.state < State.ONLINE or not self.product.stack.tcp:
            return False
        self._is_asked, self._used_at = True, now
        if self.state is State.ONLINE:
            self.climb.due = None
            self._reach(State.CONNECTED, now)
        return True

    def hang_up(self, now: float) -> None:
        """End a connection that was asked for."""
        self.expire(now)
        self._is_asked = False
        self._at(now)

    def network_lost(self, now: float) -> None:
        """Lose the network (`Network.outage`)."""
        self.expire(now)
        if self.state > State.SEARCHING:
            self._fail(Failure.NETWORK_DOWN, now)

    def network_back(self, now: float) -> None:
        """See the network again (`Network.restore`): the wait of the reconnection counts from here."""
        self.expire(now)
        if self.state is State.SEARCHING:
            self._search_again(now)

    # Octets

    def send(self, data: bytes, now: float, *, datagram: bool = False) -> None:
        """Send to the head-end: octets of the connection, or a datagram."""
        self._carry("up", data, now, datagram=datagram)

    def take(self, data: bytes, now: float, *, datagram: bool = False) -> None:
        """Let the head-end send to the module."""
        self._carry("down", data, now, datagram=datagram)

    def arrived(self) -> list[Arrival]:
        """Hand over what has come out at either end."""
        return self.bearer.arrived()

    def outgoing(self) -> list[Message]:
        """Hand over what the module itself has said."""
        out, self._messages = self._messages, []
        return out

    def _carry(self, way: str, data: bytes, now: float, *, datagram: bool) -> None:
        self.expire(now)
        needed = State.ONLINE if datagram else State.CONNECTED
        has = self.product.stack.udp if datagram else self.product.stack.tcp
        if self.state < needed or not has:
            raise LocalProtocolError(f"the module is {self.state.name.lower()}: nothing can be sent")
        self._used_at = now
        self.bearer.carry(way, data, now, datagram=datagram)

    # Time

    def expire(self, now: float) -> None:
        """Let time pass, event by event."""
        while (due := self.deadline) is not None and due <= now:
            self._at(max(due, self.climb.now))
        self._at(max(now, self.climb.now))

    def _at(self, now: float) -> None:
        self.climb.now = now
        if self.bearer.expire(now):
            self._used_at = now
        self.upgrade.expire(now)
        if self.reserve_until is not None and now >= self.reserve_until:
            self.reserve_until = None
            self._switch_off(now)
            return
        self._look_at_slots(now)
        if self.climb.due is not None and now >= self.climb.due:
            self._step(now)
        self._rest(now)
        self._climb_on(now)

    def _look_at_slots(self, now: float) -> None:
        """Count attempts anew when a slot opens."""
        is_open = self.settings.uses_slots and self.settings.slots.is_open(now)
        if is_open and not self._was_open:
            self.climb.fresh()
            self.climb.not_before = min(self.climb.not_before, now)
        self._was_open = is_open

    def _rest(self, now: float) -> None:
        """End what nobody wants any more: its time is over, or it has been silent for long."""
        if self.state >= State.ONLINE and self._used_at + self.product.timings.idle_s <= now:
            self._is_asked = False
        if self.state > State.REGISTERED and not self._is_wanted(now):
            self._fall(State.REGISTERED, now)

    def _is_wanted(self, now: float) -> bool:
        return self.upgrade.wants_link(now) or self.settings.may_connect(now, is_asked=self._is_asked)

    # Steps up

    def _climb_on(self, now: float) -> None:
        """Plan the next step, if there is one and none is planned."""
        if self.climb.due is not None or self.state not in STEPS:
            return
        starts = now
        if self.state >= State.REGISTERED:
            is_top = self.state is State.ONLINE and not self.settings.endpoints
            if is_top or not self._is_wanted(now) or self.climb.tries >= self.settings.tries:
                return
            starts = max(now, self.climb.not_before)
        self.climb.due = starts + STEPS[self.state].lasts_s(self.product.timings)

    def _step(self, now: float) -> None:
        self.climb.due = None
        step = STEPS[self.state]
        failure = step.take(self)
        if failure is None:
            self._reach(step.to, now)
            return
        wait_s = another(self, failure)
        if wait_s is None:
            self._fail(failure, now)
        else:
            self.climb.due = now + wait_s

    def _reach(self, state: State, now: float) -> None:
        """Come to a state."""
        self.state = state
        self.history.append(Happening(now, state))
        if state is State.REGISTERED:
            self._registered(now)
        elif state is State.ATTACHED:
            self.attach_count += 1
        elif state is State.ONLINE:
            self._online(now)
        elif state is State.CONNECTED:
            self.climb.fresh()
            self._used_at = now
            if not self._is_asked and self.settings.uses_slots:
                self._tell(Cause.SCHEDULE, now)

    def _registered(self, now: float) -> None:
        """Take the best link there is; after an outage wait as chance says, so that not all come back at once."""
        assert self.cell is not None
        self.bearer.open(model(self._offers(self.cell)[0]), self._rng)
        self.climb.fresh()
        if self.climb.restored is not None and not self.settings.is_triggered:
            rule = self.settings.reconnection or self.product.reconnection
            steps_s = now - self.climb.restored + self.product.timings.from_registered_s
            self.climb.not_before = now + rule.wait_s(steps_s, self._rng)
        self.climb.restored = None

    def _online(self, now: float) -> None:
        """Use the address: say who woke us, go on with an upgrade."""
        assert self.bearer.model is not None
        self._used_at = now
        self.upgrade.set_rate(self.bearer.model.down.rate_bps, now)
        if self._is_woken:
            self._tell(Cause.WAKE_UP, now)

    def _offers(self, cell: Cell) -> list[str]:
        """Links that cell and module have, the module's best first."""
        return [name for name in self.product.links if name in cell.offers]

    def _search_again(self, now: float) -> None:
        """Search anew, now that there is something to find."""
        self.climb.restored, self.climb.due = now, None
        self._climb_on(now)

    # Steps down

    def _fail(self, failure: Failure, now: float) -> None:
        self.history.append(Happening(now, self.state, failure))
        lands = FALLS_TO[failure]
        if lands >= State.REGISTERED:
            self.climb.failed(self.settings)
            self._is_asked = self._is_asked and self.climb.tries < self.settings.tries
        if lands < self.state:
            self._fall(lands, now)

    def _fall(self, state: State, now: float) -> None:
        """Lose all that stands on top of a state."""
        self.climb.due = self.endpoint = None
        if state < State.ONLINE:
            self._let_go(now)
        if state < State.REGISTERED:
            self.bearer.close()
            self.cell = None
        self.state = state
        self.history.append(Happening(now, state))
        if state < State.REGISTERED:
            self._climb_on(now)

    def _let_go(self, now: float) -> None:
        """Give the addresses back, and lose what is on its way."""
        self.upgrade.set_rate(0.0, now)
        self.bearer.cut()
        if self.point is not None and self.lease is not None:
            self.point.release(self.lease)
        self.point = self.lease = None

    def _start(self, now: float) -> None:
        """Begin from nothing, as after power."""
        self.climb.fresh()
        self.climb.not_before = 0.0
        self.climb.restored = now
        self._fall(State.STARTING, now)

    def _power_lost(self, now: float) -> None:
        """Live on, for a last gasp, or go off."""
        supply = self.product.supply
        lasts_s = supply.reserve_s * min(1.0, (now - self._powered_at) / supply.charge_s)
        if lasts_s <= 0 or self.state is State.OFF:
            self._switch_off(now)
            return
        self.reserve_until = now + lasts_s
        if self.state >= State.ONLINE:
            self._tell(Cause.LAST_GASP, now)

    def _switch_off(self, now: float) -> None:
        self.upgrade.power_lost()
        self._is_asked = self._is_woken = False
        self._fall(State.OFF, now)

    def _tell(self, cause: Cause, now: float) -> None:
        """Say something to the central system: where, and in which words, the settings say."""
        wakeup = self.settings.wakeup
        if cause is Cause.WAKE_UP:
            self._is_woken = False
        destination = self.settings.gasp_destination if cause is Cause.LAST_GASP else wakeup.destination
        words = {"imei": self.imei, "cause": cause.value, "address": str(self.addresses[0])}
        content = wakeup.content.format_map(words).encode()
        self._messages.append(Message(now, cause, destination or self.settings.endpoints[0], content))
