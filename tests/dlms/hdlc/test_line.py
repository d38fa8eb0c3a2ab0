"""Both ends on a bad line: every APDU arrives once and in order, or an error tells that it did not."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hdlc_line import TIMEOUT_S, TO_CLIENT, TO_SERVER, Spoiling, Wire, answer_to
from openami.core.errors import ConnectionLost, LinkTimeout, RemoteProtocolError
from openami.dlms.hdlc import (
    FrameReject,
    Kind,
    Parameters,
    PrimaryStation,
    Reason,
    SecondaryStation,
    ServerAddress,
    State,
    encode,
    encode_client,
    information,
    supervisory,
    unnumbered,
)
from openami.dlms.hdlc.control import CONTROLS

CLIENT = 16
SERVERS = st.sampled_from([ServerAddress(1), ServerAddress(1, 17, 2), ServerAddress(1, 17, 4)])
SIZES = st.one_of(st.integers(32, 200), st.sampled_from([128, 1024, 2030]))
PARAMETERS = st.builds(Parameters, SIZES, SIZES, st.integers(1, 7), st.integers(1, 7))
MARK = b"\xfe"


class BadLine(RuleBasedStateMachine):
    """A client that asks, a server that answers, and a line that does what lines do."""

    overtaking = False

    def is_expected(self, error):
        return isinstance(error, LinkTimeout)

    @initialize(server=SERVERS, ours=PARAMETERS, theirs=PARAMETERS, seed=st.integers(0, 2**32))
    def begin(self, server, ours, theirs, seed):
        primary = PrimaryStation(
            CLIENT,
            server,
            parameters=ours,
            response_timeout_s=TIMEOUT_S,
            retries=4,
            inter_octet_s=0.1,
            keep_alive_s=100.0,
        )
        secondary = SecondaryStation(server, parameters=theirs, inactivity_s=600.0, inter_octet_s=0.1)
        self.wire = Wire(primary, secondary, seed, overtaking=self.overtaking)
        self.server = server
        self.count = 0
        self.asked = []
        self.connect()

    def connect(self):
        """Begin anew, when the line is silent."""
        clean, self.wire.spoiling = self.wire.spoiling, Spoiling()
        self.wire.settle()
        self.wire.primary.abort()
        self.wire.errors.clear()
        self.asked.clear()
        self.wire.at_client.clear()
        self.wire.at_server.clear()
        self.wire.answers.clear()
        self.wire.answered.clear()
        self.wire.spoiling = clean
        self.wire.primary.connect(self.wire.now)

    @rule(size=st.one_of(st.integers(1, 400), st.integers(1, 4000)))
    def ask(self, size):
        if self.wire.errors or self.wire.primary.state not in {State.CONNECTING, State.CONNECTED}:
            return
        self.count += 1
        apdu = self.count.to_bytes(2, "big")[::-1] + bytes(octet * 7 & 0xFF for octet in range(size))
        self.asked.append(apdu)
        self.wire.use(lambda: self.wire.primary.send(apdu, self.wire.now) or [])

    @rule(seconds=st.floats(0.1, 30.0))
    def wait(self, seconds):
        self.wire.run(seconds)

    @rule(spoiling=st.builds(Spoiling, st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.booleans()))
    def spoil(self, spoiling):
        self.wire.spoiling = spoiling

    @rule(way=st.sampled_from([TO_SERVER, TO_CLIENT]), seconds=st.floats(0.5, 18.0))
    def stall(self, way, seconds):
        self.wire.stall(way, seconds)

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 7.0]))
    def think(self, seconds):
        self.wire.thinking_s = seconds

    @rule(
        control=st.one_of(
            st.builds(lambda s, r: information(s, r, poll=True), st.integers(0, 7), st.integers(0, 7)),
            st.builds(lambda r: supervisory(Kind.RR, r, poll=True), st.integers(0, 7)),
            st.sampled_from([unnumbered(Kind.SNRM), unnumbered(Kind.DISC)]),
        ),
        stranger=st.sampled_from([1, 2, 100]),
    )
    def let_others_talk(self, control, stranger):
        body = MARK if control.kind is Kind.I else b""
        elsewhere = ServerAddress.of(5, 99).encode()
        self.wire.enter(self.wire.now, TO_SERVER, encode(elsewhere, encode_client(CLIENT), control, body))
        self.wire.enter(self.wire.now, TO_SERVER, encode(elsewhere, encode_client(stranger), control, body))
        self.wire.enter(self.wire.now, TO_CLIENT, encode(encode_client(stranger), self.server.encode(), control, body))
        self.wire.enter(self.wire.now, TO_CLIENT, encode(encode_client(CLIENT), elsewhere, control, body))

    @rule(noise=st.binary(max_size=40), way=st.sampled_from([TO_SERVER, TO_CLIENT]))
    def rustle(self, noise, way):
        self.wire.enter(self.wire.now, way, noise)

    @precondition(lambda self: self.wire.errors)
    @rule()
    def connect_again(self):
        self.connect()

    @invariant()
    def nothing_comes_twice_or_out_of_order(self):
        if not hasattr(self, "wire"):
            return
        wire = self.wire
        assert wire.at_server == self.asked[: len(wire.at_server)]
        assert wire.at_client == [answer_to(apdu) for apdu in self.asked[: len(wire.at_client)]]
        assert all(map(self.is_expected, wire.errors)), wire.errors
        assert wire.primary.state is State.DISCONNECTED or not wire.errors

    def teardown(self):
        """On a good line all that was asked is answered in the end, unless an error was told."""
        if not hasattr(self, "wire"):
            return
        self.wire.spoiling = Spoiling()
        self.wire.settle()
        self.nothing_comes_twice_or_out_of_order()
        if not self.wire.errors:
            assert self.wire.at_server == self.asked
            assert self.wire.at_client == [answer_to(apdu) for apdu in self.asked]


class HostileLine(BadLine):
    """The same, with frames that overtake, and somebody who ends connections and sends what no station sends."""

    overtaking = True

    def is_expected(self, error):
        return isinstance(error, LinkTimeout | ConnectionLost | RemoteProtocolError)

    @rule(
        octet=st.sampled_from([control.octet for control in CONTROLS if control.kind is Kind.UNDEFINED]),
        poll=st.booleans(),
    )
    def send_illegal_control(self, octet, poll):
        control = CONTROLS[octet]
        self.wire.enter(self.wire.now, TO_SERVER, encode(self.server.encode(), encode_client(CLIENT), control))
        self.wire.enter(self.wire.now, TO_CLIENT, encode(encode_client(CLIENT), self.server.encode(), control))

    @rule(kind=st.sampled_from([Kind.DM, Kind.FRMR, Kind.UA]))
    def say_it_is_over(self, kind):
        body = FrameReject(CONTROLS[0], 0, 0, Reason.CONTROL_UNDEFINED).encode() if kind is Kind.FRMR else b""
        if self.wire.primary.state is State.CONNECTED:
            frame = encode(encode_client(CLIENT), self.server.encode(), unnumbered(kind), body)
            self.wire.enter(self.wire.now, TO_CLIENT, frame)

    @rule()
    def disconnect_by_somebody(self):
        frame = encode(self.server.encode(), encode_client(CLIENT), unnumbered(Kind.DISC))
        self.wire.enter(self.wire.now, TO_SERVER, frame)


TestBadLine = BadLine.TestCase
TestBadLine.settings = settings(stateful_step_count=30, deadline=None)
TestHostileLine = HostileLine.TestCase
TestHostileLine.settings = settings(stateful_step_count=30, deadline=None)
