"""The services of a client by short names (Green Book, 9.1.4.4.5, client SN_MAPPER)."""

from openami.dlms.client.short.invoke import Invoke
from openami.dlms.client.short.opening import ShortAssociate
from openami.dlms.client.short.read import Read
from openami.dlms.client.short.write import Write

__all__ = ["Invoke", "Read", "ShortAssociate", "Write"]
