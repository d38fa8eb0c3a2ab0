"""The small meter of the tests, spoken to by short names."""

from collections.abc import Mapping
from dataclasses import replace

from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.association_sn import AssociationSN, AssociationSNv2
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import CosemObject
from openami.cosem.scripts import ScriptTable
from openami.cosem.short_names import ShortNames
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.server import Association
from pair import PASSWORD
from small_meter import CLOCK, COUNTER, HLS5_ASSOCIATION, NAME, SmallMeter

ASSOCIATION, SCRIPTS = "0.0.40.0.0.255", "0.0.10.0.0.255"
LLS_ASSOCIATION = Association(2, Mechanism.LOW, secret=PASSWORD)
CONTEXTS = {
    ApplicationContext.LN: ApplicationContext.SN,
    ApplicationContext.LN_CIPHERED: ApplicationContext.SN_CIPHERED,
}
PUBLIC = {ASSOCIATION, NAME, COUNTER, CLOCK}


class ShortMeter(SmallMeter):
    """Client 16 public, 2 with a password, 1 with HLS 5, or what a test wants."""

    def __init__(
        self,
        associations: tuple[Association, ...] = (HLS5_ASSOCIATION, LLS_ASSOCIATION, Association(16)),
        version: type[AssociationSN] = AssociationSNv2,
    ) -> None:
        super().__init__(associations)
        more: list[CosemObject] = [version(ASSOCIATION), ScriptTable(SCRIPTS)]
        self.objects = {(o.class_id, o.state[1]): o for o in (*more, *self.objects.values()) if o.class_id != 15}
        self.names = ShortNames.allocate(self.objects.values())
        self.associations = {
            a.client_sap: replace(a, context=CONTEXTS[a.context], names=self.names) for a in associations
        }
        access = AccessTable({sap: self.rights(public=sap == 16) for sap in self.associations})
        self.device = LogicalDevice(self.objects, access, base_names=self.names.elements, report=self.defect)

    def rights(self, *, public: bool) -> Mapping[tuple[int, object], Rights]:
        if public:
            read = dict.fromkeys((2, 3), AttributeAccess.READ)
            return {
                key: Rights(read if key[0] == 12 else {2: AttributeAccess.READ})
                for key in self.objects
                if str(key[1]) in PUBLIC
            }
        return {
            key: Rights(
                dict.fromkeys(o.attributes, AttributeAccess.READ_WRITE),
                dict.fromkeys(o.methods, MethodAccess.ACCESS),
            )
            for key, o in self.objects.items()
        }
