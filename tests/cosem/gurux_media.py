"""Print, as JSON, what gurux-dlms says of the classes of communication media. Run in a process of its own."""

import inspect
import json
import sys

import gurux_dlms.objects as gurux
from gurux_dlms import GXDLMSClient
from gurux_dlms.enums import InterfaceType
from gurux_dlms.objects.enums import GainResolution, Modulation
from gurux_encode import DAY, LN, NOON, attributes

HEADER = 8 + 3 + 9 + 1  # wrapper; action-request-normal and invoke-id; method; flag of a parameter


def made(kind, /, **values):
    """Make a thing of the peer; of some kinds the package exports the module and not the class."""
    found = getattr(gurux, kind)
    thing = (found if inspect.isclass(found) else getattr(found, kind))()
    for key, value in values.items():
        setattr(thing, key, value)
    return thing


def entry():
    return made(
        "GXDLMSScheduleEntry",
        index=1,
        enable=True,
        logicalName=LN,
        scriptSelector=3,
        switchTime=NOON,
        validityWindow=15,
        execWeekdays=31,
        execSpecDays="0101",
        beginDate=DAY,
        endDate=DAY,
    )


def neighbour():
    return made(
        "GXDLMSNeighbourTable",
        shortAddress=1,
        enabled=True,
        toneMap="0101",
        modulation=Modulation.D8PSK,
        txGain=1,
        txRes=GainResolution.D_B3,
        txCoeff="0011",
        lqi=5,
        phaseDifferential=6,
        tmrValidTime=7,  # the name the peer's writer wants, not that of its own table
        neighbourValidTime=8,
    )


def direct():
    ends = {"sourceSId": 1, "sourceLnId": 2, "sourceLcId": 3}
    others = {"destinationSId": 4, "destinationLnId": 5, "destinationLcId": 6}
    return made("GXMacDirectTable", did=b"EUI-48", **ends, **others)


def mac_setup(version):
    table, pos = [neighbour()], [made("GXDLMSMacPosTable", shortAddress=1, lQI=2, validTime=3)]
    keys = [(1, b"k" * 16)]
    return made(
        "GXDLMSG3PlcMacSetup", version=version, keyTable=keys, toneMask="0101", neighbourTable=table, macPosTable=pos
    )


def adaptation(version):
    context = made("GXDLMSContextInformationTable", cid="0001", context=b"12", compression=True, validLifetime=5)
    route = {"destinationAddress": 1, "nextHopAddress": 2, "routeCost": 3, "hopCount": 4, "weakLinkCount": 5}
    return made(
        "GXDLMSG3Plc6LoWPan",
        version=version,
        blacklistTable=[(1, 2)],
        contextInformationTable=[context],
        prefixTable=[1, 2],
        routingConfiguration=[made("GXDLMSRoutingConfiguration")],
        routingTable=[made("GXDLMSRoutingTable", validTime=6, **route)],
        broadcastLogTable=[made("GXDLMSBroadcastLogTable", sourceAddress=1, sequenceNumber=2, validTime=3)],
        groupTable=[1, 2],
        destinationAddress=[1, 2],
    )


def administration():
    return made(
        "GXDLMSPrimeNbOfdmPlcMacNetworkAdministrationData",
        multicastEntries=[made("GXMacMulticastEntry", id=1, members=2)],
        switchTable=[1, 2],
        directTable=[direct()],
        availableSwitches=[made("GXMacAvailableSwitch", sna=b"EUI-48", lsId=1, level=2, rxLevel=3, rxSnr=4)],
        communications=[made("GXMacPhyCommunication", eui=b"EUI-48", txPower=1, rxCodingModified=8)],
    )


def ipv6():
    return made(
        "GXDLMSIp6Setup",
        dataLinkLayerReference=LN,
        unicastIPAddress=["fe80::1"],
        multicastIPAddress=["ff02::1"],
        gatewayIPAddress=["fe80::2"],
        primaryDNSAddress="fe80::3",
        secondaryDNSAddress="fe80::4",
        neighborDiscoverySetup=[made("GXNeighborDiscoverySetup")],
    )


SCHEDULE, NTP = made("GXDLMSSchedule", entries=[entry()]), made("GXDLMSNtpSetup", serverAddress=b"ntp", clientKey=b"k")
RESETTABLE = {
    80: made("GXDLMSLlcSscsSetup", serviceNodeAddress=0xFFE),
    81: made("GXDLMSPrimeNbOfdmPlcPhysicalLayerCounters"),
    84: made("GXDLMSPrimeNbOfdmPlcMacCounters"),
    85: administration(),
}
INITIALISATION = made("GXDLMSModemInitialisation", request="ATZ", response="OK", delay=100)
OBJECTS = [
    SCHEDULE,
    made("GXDLMSIECLocalPortSetup", deviceAddress="1", password1="1", password2="2", password5="5"),
    made("GXDLMSHdlcSetup", version=0, interCharachterTimeout=30, deviceAddress=16),
    made("GXDLMSHdlcSetup", version=1, interCharachterTimeout=25, deviceAddress=16),
    made("GXDLMSIecTwistedPairSetup", version=1),
    made("GXDLMSMBusSlavePortSetup"),
    made("GXDLMSUtilityTables", tableId=5, buffer=b"abc"),
    made("GXDLMSModemConfiguration", version=1, initialisationStrings=[INITIALISATION]),
    made("GXDLMSMacAddressSetup", macAddress="00:11:22:33:44:55"),
    ipv6(),
    *RESETTABLE.values(),
    made("GXDLMSPrimeNbOfdmPlcMacSetup"),
    made("GXDLMSPrimeNbOfdmPlcMacFunctionalParameters", sna=b"EUI-48", capabilities=3),
    made("GXDLMSPrimeNbOfdmPlcApplicationsIdentification", firmwareVersion="1.3"),
    made("GXDLMSG3PlcMacLayerCounters"),
    *map(mac_setup, (1, 2, 3)),
    *map(adaptation, (1, 2, 3)),
    NTP,
]


def described(thing):
    """Give what the peer says of an object: numbers, types, and octets of each attribute."""
    count = thing.getAttributeCount()
    return {
        "class_id": 24 if "TwistedPair" in type(thing).__name__ else int(thing.objectType),  # it says 23
        "version": thing.version,
        "attributes": count,
        "methods": thing.getMethodCount(),
        "types": [int(thing.getDataType(index)) for index in range(1, count + 1)],
        "written": dict(attributes(thing)),
    }


def parameters():
    """Give class, method and the octets of the parameter that the peer's client sends."""
    calls = [
        (SCHEDULE.enable, entry()),
        (SCHEDULE.disable, entry()),
        (SCHEDULE.insert, entry()),
        (SCHEDULE.delete, entry()),
        (NTP.synchronize,),
        (NTP.deleteAuthenticationKey, 1),
        *((thing.reset,) for thing in RESETTABLE.values()),
    ]
    yield from map(sent, calls)


def sent(call):
    """Give class, method and parameter of the frame that a call of the peer's client makes."""
    invoke, *arguments = call
    frame = bytes(invoke(GXDLMSClient(True, interfaceType=InterfaceType.WRAPPER), *arguments)[0])
    return [int.from_bytes(frame[11:13], "big"), frame[HEADER - 2], frame[HEADER:].hex()]


if __name__ == "__main__":
    json.dump({"objects": list(map(described, OBJECTS)), "parameters": list(parameters())}, sys.stdout, indent=1)
