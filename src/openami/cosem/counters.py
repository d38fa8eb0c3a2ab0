"""Counters that one method sets back, as the classes of power line and other media have them."""

from openami.cosem.objects import CosemObject, method
from openami.dlms.data import INT8


class Resettable(CosemObject):
    """An object whose `reset` sets every attribute but the logical name to its default."""

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Set counters to zero, lists to empty, addresses to none."""
        for number, attribute in self.attributes.items():
            if number > 1:
                attribute.__set__(self, attribute.initial(self))
