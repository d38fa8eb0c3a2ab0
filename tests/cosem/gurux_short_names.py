"""Print, as JSON, where gurux-dlms sees methods by short names and how it writes an Association SN.

Run in a process of its own: an outside opinion.
"""

import json
import sys

import gurux_dlms.objects as gurux
from gurux_dlms import GXByteBuffer, GXDLMSClient, ValueEventArgs
from gurux_dlms.enums import AccessMode, Authentication, DataType, InterfaceType, ObjectType
from gurux_dlms.GXDLMS import GXDLMS

BASE = 0x1000


def first_methods():
    """Offset of method 1 and how many there are, by class id; classes with none left out."""
    found = {}
    for kind in ObjectType:
        first, count = {}, {}
        GXDLMS.getActionInfo(kind, first, count)
        if count.get(0):
            found[int(kind)] = [first[0], count[0]]
    return found


def invoked(client, kind, method_id):
    """The octets of an invocation, behind the wrapper; or why there are none."""
    thing = getattr(gurux, kind)()
    thing.shortName = BASE
    try:
        return bytes(client.method(thing, method_id, 0, DataType.INT8)[0])[8:].hex()
    except ValueError as error:
        return f"! {error}"


def association(version):
    """Attributes of an Association SN that lists one register, as octets."""
    register = gurux.GXDLMSRegister("1.0.1.8.0.255", BASE)
    register.setAccess(2, AccessMode.READ_WRITE)
    thing = gurux.GXDLMSAssociationShortName()
    thing.version = version
    thing.objectList.append(register)
    settings = GXDLMSClient(False).settings
    attributes = {index: thing.getValue(settings, ValueEventArgs(settings, thing, index)) for index in (2, 3)}
    return {
        index: bytes(value.array() if isinstance(value, GXByteBuffer) else value).hex()
        for index, value in attributes.items()
        if value is not None
    }


def main():
    client = GXDLMSClient(False, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    register = gurux.GXDLMSRegister("1.0.1.8.0.255", BASE)
    found = {
        "first_methods": first_methods(),
        "method_names": gurux.GXDLMSAssociationShortName().getMethodNames(),
        "invocations": {
            kind: [invoked(client, kind, method_id) for method_id in (1, 2)]
            for kind in ("GXDLMSDisconnectControl", "GXDLMSImageTransfer", "GXDLMSScriptTable", "GXDLMSRegister")
        },
        "read": [bytes(client.read(register, index)[0])[8:].hex() for index in (1, 2, 3)],
        "object_list_request": bytes(client.getObjectsRequest())[8:].hex(),
        "association": association(2),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
