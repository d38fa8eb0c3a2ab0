"""Which names are public: the pages of the API reference, and what each of them describes."""

import importlib
from types import ModuleType
from typing import NamedTuple, cast


class Part(NamedTuple):
    """A module, and which of its names are public; none where its `__all__` says so."""

    path: str
    names: tuple[str, ...] = ()

    @property
    def module(self) -> ModuleType:
        """The module itself."""
        return importlib.import_module(self.path)

    @property
    def public(self) -> tuple[str, ...]:
        """The public names."""
        return self.names or tuple(cast("list[str]", self.module.__all__))


class Face(NamedTuple):
    """A page: its name, its heading, and what it describes."""

    slug: str
    title: str
    parts: tuple[Part, ...]


FACES = (
    Face(
        "aio",
        "openami.aio: meters, lines and pushes",
        (
            Part("openami.aio.client", ("connect", "Connecting")),
            Part("openami.aio.discovery", ("discover",)),
            Part("openami.aio.found", ("Discovery", "ClientFound", "AssociationFound", "CounterFound")),
            Part("openami.aio.meter", ("Meter",)),
            Part("openami.aio.reading", ("Profile",)),
            Part("openami.aio.everything", ("Everything", "ObjectReadings")),
            Part("openami.aio.objects", ("Reading",)),
            Part("openami.aio.resume", ("Resume",)),
            Part("openami.aio.persist", ("read_profile", "send_image")),
            Part("openami.aio.image", ("ImageSettings", "ImageReport")),
            Part("openami.aio.trace", ("TextTrace", "PcapTrace")),
            Part("openami.aio.route", ("parse", "Scheme", "Device", "Settings", "Greeting", "Route")),
            Part("openami.aio.tcp", ("Address",)),
            Part("openami.aio.line", ("line", "Line")),
            Part("openami.aio.optical", ("optical", "OpticalPort", "Readout", "Programming")),
            Part("openami.aio.inbound", ("inbound", "Door", "by_name")),
            Part("openami.aio.visitor", ("Visitor",)),
            Part("openami.aio.listener", ("listen", "Listening", "Push", "KeySource", "Complaint")),
            Part("openami.aio.pushing", ("push",)),
        ),
    ),
    Face(
        "aio.server",
        "openami.aio: listeners, transports and clocks",
        (
            Part("openami.aio.connection", ("Provider", "Session")),
            Part("openami.aio.server", ("FleetListener",)),
            Part("openami.aio.udp", ("DatagramListener",)),
            Part("openami.aio.bus", ("Station", "HdlcListener", "SerialListener")),
            Part("openami.aio.optical_listener", ("Meter", "OpticalListener")),
            Part("openami.aio.virtual_cable", ("VirtualCable",)),
            Part("openami.aio.outbound", ("Caller",)),
            Part("openami.aio.pump", ("Endpoint", "Pump", "Direction", "Trace", "Tracer", "Following")),
            Part("openami.aio.pcap", ("Capture", "Conversation", "End")),
            Part("openami.aio.clock", ("Clock", "RealClock", "ScenarioClock")),
        ),
    ),
    Face(
        "sts",
        "openami.sts: prepayment tokens",
        (
            Part("openami.sts.pan", ("DRN", "MeterPAN", "luhn")),
            Part("openami.sts.tid", ("BaseDate", "tid_of", "is_expired")),
            Part("openami.sts.keys", ("EA", "KeyType", "KeyAttributes", "VendingKey", "DecoderKey")),
            Part("openami.sts.ea07", ("Tables",)),
            Part("openami.sts.amount", ("encode", "decode", "encode_many", "decode_many")),
            Part(
                "openami.sts.token",
                (
                    *("Kind", "Transaction", "InitiateTest", "FirstSection", "SecondSection", "MiddleSection"),
                    *("encode", "decode", "key_change"),
                ),
            ),
            Part("openami.sts.batch", ("Values", "Columns", "encode", "decode")),
            Part("openami.sts.state", ("State",)),
            Part("openami.sts.rules", ("Result", "Rules", "Lockout", "Verdict", "enter", "restart")),
            Part(
                "openami.sts.security_module",
                ("SecurityModule", "MeterConfig", "Issued", "Status", "Session", "Profile"),
            ),
            Part("openami.sts.key_file", ("KeyTerms", "SealedKey", "encode", "decode")),
            Part("openami.sts.software_module", ("SoftwareModule", "Settings", "Operator", "transaction_licence")),
            Part("openami.sts.audit", ("Entry", "first_break")),
        ),
    ),
    Face(
        "iec62056",
        "openami.iec62056: the optical port",
        (
            Part("openami.iec62056.server", ("Server",)),
            Part("openami.iec62056.client", ("Client",)),
            Part("openami.iec62056.setup", ("Setup", "Start")),
            Part("openami.iec62056.messages", ("Request", "Identification", "OptionSelect", "Command", "DataBlock")),
            Part("openami.iec62056.readout", ("DataSet", "data_sets", "block")),
            Part(
                "openami.iec62056.asking",
                ("ReadoutAsked", "LoginAsked", "ReadAsked", "WriteAsked", "HandedOver", "LockedOut"),
            ),
            Part(
                "openami.iec62056.told",
                ("Identified", "ReadOut", "Opened", "Answered", "Speaking", "Left", "Failed"),
            ),
            Part("openami.iec62056.characters", ("Parity", "bcc")),
            Part("openami.iec62056.rates", ("code_of", "rate_of")),
        ),
    ),
    Face(
        "core",
        "openami.core: names, times and units",
        (
            Part("openami.core.obis", ("OBIS",)),
            Part("openami.core.time", ("CosemDateTime", "CosemDate", "CosemTime")),
            Part("openami.core.units", ("ScalerUnit", "Unit")),
        ),
    ),
    Face(
        "cosem",
        "openami.cosem: objects and the device that holds them",
        (
            Part(
                "openami.cosem.objects",
                ("interface_class", "CosemObject", "Attribute", "computed", "Method", "method", "Live", "decode_whole"),
            ),
            Part("openami.cosem.device", ("LogicalDevice", "Provider")),
            Part("openami.cosem.access", ("AccessTable", "Rights", "AttributeAccess", "MethodAccess")),
            Part("openami.cosem.catalogue", ("Catalogue", "CATALOGUE")),
            Part("openami.cosem.short_names", ("ShortNames",)),
            Part(
                "openami.cosem.key_management",
                ("KeyManagement", "SecurityMaterial", "KeyStore", "MemoryStore", "Associations"),
            ),
            Part("openami.cosem.certificates", ("Certificate", "request", "trust")),
            Part("openami.cosem.pushing", ("notification_body", "first_attempt", "next_attempt")),
        ),
    ),
    Face(
        "phy.ert",
        "openami.phy.ert: ERT radio",
        (
            Part(
                "openami.phy.ert",
                (
                    *("Receiver", "Settings", "Heard", "Endpoint", "Timing", "Transmission", "Source", "Steady"),
                    *("Transmitter", "Band", "noise", "SCM", "SCMPlus", "IDM", "NetIDM", "decode", "plain"),
                    *("duration_s", "worst_window_s", "Airspace", "Arriving", "Mixer"),
                ),
            ),
            Part("openami.phy.samples", ("Format", "Wav")),
            Part("openami.phy.waterfall", ("Waterfall",)),
        ),
    ),
    Face("phy.fcc", "openami.phy.fcc: 47 CFR 15.247", (Part("openami.phy.fcc"),)),
    Face("dlms.client", "openami.dlms.client", (Part("openami.dlms.client"),)),
    Face("dlms.quirks", "openami.dlms.quirks", (Part("openami.dlms.quirks", ("Quirks",)),)),
    Face("dlms.server", "openami.dlms.server", (Part("openami.dlms.server"),)),
    Face(
        "dlms.link",
        "openami.dlms: links",
        (
            Part("openami.dlms.link", ("ClientLink", "ServerLink")),
            Part("openami.dlms.wrapper", ("Header", "Stream", "ClientStream", "ServerStream")),
            Part("openami.dlms.datagram", ("ClientDatagrams", "ServerDatagrams")),
            Part("openami.dlms.gateway", ("Header", "ClientGateway", "ServerGateway")),
        ),
    ),
    Face("dlms.hdlc", "openami.dlms.hdlc", (Part("openami.dlms.hdlc"),)),
    Face("dlms.push", "openami.dlms.push", (Part("openami.dlms.push"),)),
    Face("dlms.security", "openami.dlms.security", (Part("openami.dlms.security"),)),
    Face(
        "dlms.xdlms", "openami.dlms.xdlms and acse: the APDUs", (Part("openami.dlms.xdlms"), Part("openami.dlms.acse"))
    ),
    Face("dlms.data", "openami.dlms: data and profiles", (Part("openami.dlms.data"), Part("openami.dlms.profile"))),
)
