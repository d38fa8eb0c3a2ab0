"""Read push_object_list and notification body as gurux-dlms does: JSON in, values as JSON out. A process of its own.

In: a list of [version, list, body], the last two in hex. Out: for each, [logical name, values of the object].
"""

import json
import sys

import gurux_dlms.objects as gurux
from gurux_dlms import ValueEventArgs
from gurux_plain import CLIENT, plain, text


def understood(version, items, body):
    """Give what the peer makes of a push: each object of the list and what it now holds."""
    setup = gurux.GXDLMSPushSetup()
    setup.version = version
    event = ValueEventArgs(CLIENT.settings, setup, 2)
    event.value = plain(items)
    setup.setValue(CLIENT.settings, event)
    setup.getPushValues(CLIENT, plain(body))
    return [[str(thing.logicalName), text(thing.getValues()[1])] for thing, _ in setup.pushObjectList]


if __name__ == "__main__":
    json.dump([understood(*push) for push in json.load(sys.stdin)], sys.stdout)
