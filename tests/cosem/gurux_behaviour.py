"""Print, as JSON, what gurux-dlms says of the classes with behaviour. Run in a process of its own."""

import json
import sys

from gurux_dlms.objects.enums import BaudRate, ControlMode, ControlState, MBusEncryptionKeyStatus, PushOperationMethod
from gurux_encode import LN, WHEN
from gurux_media import described, made, sent

REGISTER = made("GXDLMSRegister", logicalName="1.0.1.7.0.255")


def enumerated(value, number):
    """Give another value of an enum that the peer does not export."""
    return type(value)(number)


def restriction(kind, first=None, last=None):
    thing = made("GXDLMSRestriction")
    thing.type = enumerated(thing.type, kind)
    thing.from_, thing.to = first, last
    return thing


def pushed(thing, *, rows=None, columns=()):
    captured = made("GXDLMSCaptureObject", attributeIndex=2, columns=list(columns))
    if rows is not None:
        captured.restriction = rows
    return thing, captured


def protection(kind):
    """A layer of protection whose key is told in one of three ways."""
    thing = made(
        "GXPushProtectionParameters",
        transactionId=bytearray(b"t"),
        originatorSystemTitle=bytearray(b"o"),
        recipientSystemTitle=bytearray(b"r"),
        otherInformation=bytearray(b"i"),
    )
    thing.protectionType = enumerated(thing.protectionType, 2)
    key = thing.keyInfo
    key.dataProtectionKeyType = enumerated(key.dataProtectionKeyType, kind)
    key.identifiedKey.keyType = enumerated(key.identifiedKey.keyType, 1)
    key.wrappedKey.key = bytearray(b"wrapped")
    key.agreedKey.parameters, key.agreedKey.data = bytearray(b"parameters"), bytearray(b"data")
    return thing


def push_setup(version, items):
    return made(
        "GXDLMSPushSetup",
        version=version,
        pushObjectList=items,
        destination="1.2.3.4:4059",
        communicationWindow=[(WHEN, WHEN)],
        randomisationStartInterval=60,
        numberOfRetries=3,
        repetitionDelay=30,
        repetitionDelay2=made("GXRepetitionDelay", min=30, exponent=200, max=3600),
        portReference=made("GXDLMSHdlcSetup", logicalName="0.0.22.0.0.255"),
        pushClientSAP=102,
        pushProtectionParameters=[protection(kind) for kind in range(3)],
        pushOperationMethod=PushOperationMethod.CONFIRMED,
        confirmationParameters=made("GXPushConfirmationParameter", startDate=WHEN, interval=86400),
        lastConfirmationDateTime=WHEN,
    )


def push_setups():
    profile = made("GXDLMSProfileGeneric", logicalName="1.0.99.1.0.255")
    by_date, by_entry = restriction(1, WHEN, WHEN), restriction(2, 3, 9)
    rows = [pushed(REGISTER), pushed(profile, rows=by_date), pushed(profile, rows=by_entry)]
    columns = [*rows, pushed(profile, rows=by_entry, columns=[pushed(made("GXDLMSClock"))])]
    return [push_setup(version, columns if version > 1 else rows) for version in range(4)]


def m_bus_client(version):
    return made(
        "GXDLMSMBusClient",
        version=version,
        mBusPortReference="0.0.24.6.0.255",
        capturePeriod=1,
        primaryAddress=2,
        identificationNumber=3,
        manufacturerID=4,
        dataHeaderVersion=5,
        deviceType=6,
        accessNumber=7,
        status=8,
        alarm=9,
        configuration=10,
        encryptionKeyStatus=MBusEncryptionKeyStatus.ENCRYPTION_KEY_INUSE,
    )


def limiter():
    return made(
        "GXDLMSLimiter",
        monitoredValue=REGISTER,
        monitoredAttributeIndex=2,
        thresholdActive=5,
        thresholdNormal=6,
        thresholdEmergency=7,
        minOverThresholdDuration=8,
        minUnderThresholdDuration=9,
        emergencyProfile=made("GXDLMSEmergencyProfile", id=1, activationTime=WHEN, duration=3600),
        emergencyProfileGroupIDs=[1, 2],
        emergencyProfileActive=True,
        actionOverThreshold=made("GXDLMSActionItem", logicalName=LN, scriptSelector=3),
        actionUnderThreshold=made("GXDLMSActionItem", logicalName=LN, scriptSelector=4),
    )


def disconnect_control(version):
    return made(
        "GXDLMSDisconnectControl",
        version=version,
        outputState=True,
        controlState=ControlState.READY_FOR_RECONNECTION,
        controlMode=ControlMode.MODE_4,
    )


def array_manager():
    calendar = made("GXDLMSActivityCalendar")
    calendar.object_type, calendar.logical_name = calendar.objectType, calendar.logicalName  # names its writer wants
    target = made("GXDLMSTargetObject", target=calendar, attribute_index=5)
    return made("GXDLMSArrayManager", elements=[made("GXDLMSArrayManagerItem", id=1, element=target)])


def target(**values):
    return made("GXDLMSTarget", target=REGISTER, attributeIndex=2, **values)


def port_protection():
    return made(
        "GXDLMSCommunicationPortProtection",
        allowedFailedAttempts=3,
        initialLockoutTime=60,
        steepnessFactor=2,
        maxLockoutTime=3600,
        port=made("GXDLMSHdlcSetup", logicalName="0.0.22.0.0.255"),
        failedAttempts=1,
        cumulativeFailedAttempts=2,
    )


SWITCH, ARRAYS, FUNCTIONS = disconnect_control(0), array_manager(), made("GXDLMSFunctionControl", logicalName=LN)
FUNCTIONS.activationStatus, FUNCTIONS.functionList = [("load", True)], [("load", [REGISTER])]
MONITOR, SUB_METER, PORT = made("GXDLMSParameterMonitor", captureTime=WHEN), m_bus_client(1), port_protection()
MONITOR.parameters, MONITOR.changedParameter = [target()], target(value=5)
PUSH = push_setups()
OBJECTS = [
    *PUSH,
    MONITOR,
    SWITCH,
    disconnect_control(1),
    limiter(),
    m_bus_client(0),
    SUB_METER,
    made("GXDLMSMBusMasterPortSetup", logicalName=LN, commSpeed=BaudRate.BAUDRATE_9600),
    FUNCTIONS,
    ARRAYS,
    PORT,
]
CALLS = [
    (PUSH[2].activate,),
    (PUSH[2].reset,),
    (MONITOR.insert, target()),
    (MONITOR.delete, target()),
    (SWITCH.remoteDisconnect,),
    (SWITCH.remoteReconnect,),
    (SUB_METER.slaveInstall,),
    (SUB_METER.slaveDeInstall,),
    (SUB_METER.capture,),
    (SUB_METER.resetAlarm,),
    (SUB_METER.synchronizeClock,),
    (FUNCTIONS.setFunctionStatus, [("load", True)]),
    (FUNCTIONS.addFunction, "load", [REGISTER]),
    (FUNCTIONS.removeFunction, "load"),
    (ARRAYS.retrieveEntries, 1, 2, 3),
    (ARRAYS.removeEntries, 1, 2, 3),
]

if __name__ == "__main__":
    json.dump({"objects": list(map(described, OBJECTS)), "parameters": list(map(sent, CALLS))}, sys.stdout, indent=1)
