"""The services of a server by short names: they ask for the same attributes and methods (Green Book, 9.1.4.4.5)."""

from openami.dlms.server.short.read import Reading
from openami.dlms.server.short.report import information_report
from openami.dlms.server.short.write import Writing

__all__ = ["Reading", "Writing", "information_report"]
