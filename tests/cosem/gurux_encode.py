"""Print, as JSON, how gurux-dlms encodes attributes: an outside opinion. Run in a process of its own."""

import datetime as dt
import json
import sys

import gurux_dlms.objects as gurux
from gurux_dlms import GXByteBuffer, GXDate, GXDateTime, GXDLMSClient, GXTime, ValueEventArgs
from gurux_dlms.enums import Authentication, DataType, ObjectType, Unit
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.objects.enums import CertificateEntity, CertificateType, ScriptActionType

LN = "0.0.1.2.3.255"
LOCAL = dt.datetime(2026, 5, 4, 12, 30, 15)  # noqa: DTZ001 - the peer keeps local time without a zone
DAY, NOON, WHEN = GXDate(LOCAL), GXTime(LOCAL), GXDateTime(LOCAL)


def made(kind, /, **values):
    thing = getattr(gurux, kind)()
    for key, value in values.items():
        setattr(thing, key, value)
    return thing


def script_action():
    action = made("GXDLMSScriptAction", logicalName=LN, index=1, parameter=0)
    action.type_ = ScriptActionType.EXECUTE
    action.objectType, action.parameterDataType = ObjectType.CLOCK, DataType.INT8
    return action


def action_item():
    return made("GXDLMSActionItem", logicalName=LN, scriptSelector=3)


def monitored():
    return made("GXDLMSMonitoredValue", objectType=ObjectType.REGISTER, logicalName=LN, attributeIndex=2)


def day():
    action = made("GXDLMSDayProfileAction", startTime=NOON, scriptLogicalName=LN, scriptSelector=1)
    return made("GXDLMSDayProfile", dayId=1, daySchedules=[action])


def week():
    names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    return made("GXDLMSWeekProfile", name=b"W1", **dict.fromkeys(names, 1))


def qos():
    return made("GXDLMSQualityOfService", precedence=1, delay=2, reliability=3, peakThroughput=4, meanThroughput=5)


def cell():
    return made(
        "GXDLMSGSMCellInfo",
        cellId=1,
        locationId=2,
        signalQuality=3,
        ber=4,
        mobileCountryCode=204,
        mobileNetworkCode=8,
    )


def certificate():
    return made(
        "GXDLMSCertificateInfo",
        entity=CertificateEntity.SERVER,
        type_=CertificateType.DIGITAL_SIGNATURE,
        serialNumber=1,
        issuer=b"CN=1",
        subject=b"CN=2",
        subjectAltName=b"x",
    )


def association():
    thing = made("GXDLMSAssociationLogicalName", clientSAP=1, serverSAP=1, secret=b"x", securitySetupReference=LN)
    thing.objectList.append(made("GXDLMSRegister", logicalName="1.0.1.8.0.255"))
    thing.userList = [(1, "user")]
    thing.currentUser = (1, "user")
    thing.authenticationMechanismName.mechanismId = Authentication.HIGH_GMAC
    return thing


SEASON = {"name": b"S1", "start": WHEN, "weekName": b"W1"}

OBJECTS = {
    (1, 0): made("GXDLMSData", value=5),
    (3, 0): made("GXDLMSRegister", value=5, unit=Unit.ACTIVE_ENERGY),
    (4, 0): made("GXDLMSExtendedRegister", value=5, unit=Unit.ACTIVE_ENERGY, status=1, captureTime=WHEN),
    (5, 0): made(
        "GXDLMSDemandRegister",
        currentAverageValue=5,
        lastAverageValue=6,
        unit=Unit.ACTIVE_POWER,
        status=1,
        captureTime=WHEN,
        startTimeCurrent=WHEN,
        period=900,
        numberOfPeriods=1,
    ),
    (6, 0): made(
        "GXDLMSRegisterActivation",
        registerAssignment=[made("GXDLMSObjectDefinition", objectType=ObjectType.REGISTER, logicalName=LN)],
        maskList=[(b"M1", [1])],
        activeMask=b"M1",
    ),
    (7, 1): made(
        "GXDLMSProfileGeneric",
        captureObjects=[
            (made("GXDLMSClock"), made("GXDLMSCaptureObject", attributeIndex=2)),
        ],
        sortObject=made("GXDLMSClock"),
        sortObjectAttributeIndex=2,
        capturePeriod=900,
        profileEntries=10,
    ),
    (8, 0): made("GXDLMSClock", time=WHEN),
    (9, 0): made("GXDLMSScriptTable", scripts=[made("GXDLMSScript", id=1, actions=[script_action()])]),
    (11, 0): made("GXDLMSSpecialDaysTable", entries=[made("GXDLMSSpecialDay", index=1, date=DAY, dayId=1)]),
    (15, 2): association(),
    (17, 0): made("GXDLMSSapAssignment", sapAssignmentList=[(1, "OAMSIM")]),
    (18, 0): made(
        "GXDLMSImageTransfer",
        imageTransferredBlocksStatus="0110",
        imageActivateInfo=[made("GXDLMSImageActivateInfo", size=1, identification=b"i", signature=b"s")],
    ),
    (20, 0): made(
        "GXDLMSActivityCalendar",
        calendarNameActive="A",
        calendarNamePassive="P",
        seasonProfileActive=[made("GXDLMSSeasonProfile", **SEASON)],
        seasonProfilePassive=[made("GXDLMSSeasonProfile", **SEASON)],
        weekProfileTableActive=[week()],
        weekProfileTablePassive=[week()],
        dayProfileTableActive=[day()],
        dayProfileTablePassive=[day()],
        time=WHEN,
    ),
    (21, 0): made(
        "GXDLMSRegisterMonitor",
        thresholds=[5],
        monitoredValue=monitored(),
        actions=[made("GXDLMSActionSet", actionUp=action_item(), actionDown=action_item())],
    ),
    (22, 0): made(
        "GXDLMSActionSchedule",
        target=made("GXDLMSScriptTable", logicalName=LN),
        executedScriptSelector=1,
        executionTime=[WHEN],
    ),
    (28, 0): made("GXDLMSAutoAnswer", listeningWindow=[(WHEN, WHEN)]),
    (29, 2): made("GXDLMSAutoConnect", callingWindow=[(WHEN, WHEN)], destinations=["1.2.3.4:4059"]),
    (40, 0): made(
        "GXDLMSPushSetup",
        version=0,
        pushObjectList=[(made("GXDLMSClock"), made("GXDLMSCaptureObject", attributeIndex=2))],
        communicationWindow=[(WHEN, WHEN)],
        destination="1.2.3.4:4059",
    ),
    (41, 0): made("GXDLMSTcpUdpSetup", ipReference=LN),
    (42, 0): made(
        "GXDLMSIp4Setup",
        dataLinkLayerReference=LN,
        ipAddress="127.16.0.1",
        subnetMask="255.255.0.0",
        gatewayIPAddress="127.16.0.2",
        primaryDNSAddress="127.0.0.1",
        secondaryDNSAddress="127.0.0.1",
    ),
    (44, 0): made("GXDLMSPppSetup", phyReference=LN, userName=b"u", password=b"p"),
    (45, 0): made("GXDLMSGprsSetup", apn="apn", defaultQualityOfService=qos(), requestedQualityOfService=qos()),
    (47, 1): made("GXDLMSGSMDiagnostic", operator="op", cellInfo=cell(), captureTime=WHEN),
    (64, 1): made(
        "GXDLMSSecuritySetup",
        certificates=[certificate()],
        clientSystemTitle=b"OAM00001",
        serverSystemTitle=b"OAM00002",
    ),
    (151, 0): made("GXDLMSLteMonitoring"),
}


def attributes(thing):
    settings = GXDLMSClient(True).settings
    for index in range(1, thing.getAttributeCount() + 1):
        if not thing.logicalName:
            thing.logicalName = LN
        try:
            event = ValueEventArgs(settings, thing, index)
            value = thing.getValue(settings, event)
            kind = thing.getDataType(index)
            out = GXByteBuffer()
            if isinstance(value, GXByteBuffer | bytes | bytearray) and kind in {
                DataType.ARRAY,
                DataType.STRUCTURE,
            }:
                out.set(value)
            else:
                if kind == DataType.NONE:
                    kind = DataType.UINT32 if isinstance(value, int) else DataType.NONE
                _GXCommon.setData(settings, out, kind, value)
            yield index, bytes(out.array()).hex()
        except Exception as error:  # noqa: BLE001 - a peer's failure is reported, not hidden
            yield index, f"! {type(error).__name__}: {error}"


if __name__ == "__main__":
    found = {f"{c},{v}": dict(attributes(thing)) for (c, v), thing in OBJECTS.items()}
    json.dump(found, sys.stdout, indent=1)
