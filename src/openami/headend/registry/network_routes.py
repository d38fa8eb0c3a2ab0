"""REST: the tree of the network, areas, and models of meters."""

from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from openami.headend.kit.access import Permission
from openami.headend.kit.database import Unit
from openami.headend.registry import groups, network
from openami.headend.registry.models import Kind, model, slugs
from openami.headend.registry.network import Branch, NewNode, Node
from openami.headend.registry.schemas import Level
from openami.headend.web.rest import Limit, Page
from openami.headend.web.services import Desk

router = APIRouter(prefix="/api", tags=["registry"])

Name = Annotated[str, Path(max_length=80, description="Name of a node.")]
Prefix = Annotated[str, Query(description="How the name begins.", max_length=80)]
After = Annotated[str, Query(description="`next` of the page before.", max_length=80)]
UNKNOWN: dict[int | str, dict[str, object]] = {404: {"description": "No such thing, as far as you may see."}}


class NodeOut(BaseModel):
    """A place of the network."""

    name: str
    level: Level
    parent: str | None
    area: str

    @classmethod
    def of(cls, node: Node) -> Self:
        """Show a node."""
        return cls(name=node.name, level=node.level, parent=node.parent, area=node.area)


class BranchOut(NodeOut):
    """A node in a list, with how much hangs under it."""

    nodes: int = Field(description="Nodes below it, counted up to 1000.")
    meters: int = Field(description="Meters at it and below, counted up to 1000.")

    @classmethod
    def under(cls, branch: Branch) -> Self:
        """Show a branch."""
        node = branch.node
        return cls(
            name=node.name, level=node.level, parent=node.parent, area=node.area,
            nodes=min(branch.nodes, network.MOST_COUNTED), meters=min(branch.meters, network.MOST_COUNTED),
        )  # fmt: skip


class LineOut(NodeOut):
    """A node with the nodes above it."""

    line: list[NodeOut] = Field(description="From the root down to the node itself.")


class NodeIn(BaseModel):
    """A node to make."""

    name: str = Field(max_length=80)
    level: Level
    parent: str | None = Field(default=None, max_length=80)
    area: str | None = Field(default=None, max_length=500)


class ChangeIn(BaseModel):
    """What a node is to become; what is left out stays."""

    level: Level | None = None
    parent: str | None = Field(default=None, max_length=80, description="Hang it, and all below it, under this one.")
    is_root: bool = Field(default=False, description="Hang it at the top.")


class AreaIn(BaseModel):
    """An organisation or area, and its name."""

    path: str = Field(max_length=500, examples=["/north/harbour/"])
    title: str = Field(max_length=120)


class AreaOut(AreaIn):
    """An organisation or area that has a name."""


class ItemOut(BaseModel):
    """Something that a model of meter delivers on schedule."""

    name: str
    kind: Kind
    logical_name: str
    every: str | int
    period_s: int


class ModelOut(BaseModel):
    """A model of meter, as the head-end reads it."""

    product: str
    name: str
    is_heard: bool
    items: list[ItemOut]


@router.get("/network", responses=UNKNOWN)
def branches(
    desk: Desk,
    parent: Annotated[str | None, Query(description="What they hang under; the top when left out.")] = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[BranchOut]:
    """Nodes directly under another, in order of their names."""
    found = desk.read(lambda unit: network.under(unit, parent, after, limit + 1))
    more = found[limit - 1].node.name if len(found) > limit else None
    return Page(items=[BranchOut.under(branch) for branch in found[:limit]], next=more)


@router.post("/network", status_code=201, responses=UNKNOWN)
def make_node(desk: Desk, wanted: NodeIn) -> NodeOut:
    """Hang a new node into the network."""
    new = NewNode(wanted.name, wanted.level, wanted.parent, wanted.area)
    return NodeOut.of(desk.write(lambda unit: network.make(unit, new), Permission.REGISTRY))


@router.get("/nodes", responses=UNKNOWN)
def nodes(desk: Desk, prefix: Prefix = "", after: After = "", limit: Limit = 50) -> Page[NodeOut]:
    """Nodes by how their names begin."""
    found = desk.read(lambda unit: network.named(unit, prefix, after, limit + 1))
    more = found[limit - 1].name if len(found) > limit else None
    return Page(items=[NodeOut.of(node) for node in found[:limit]], next=more)


@router.get("/network/{node}", responses=UNKNOWN)
def node(desk: Desk, node: Name) -> LineOut:
    """Show a node and what is above it."""

    def question(unit: Unit) -> LineOut:
        found = network.find(unit, node)
        above = [NodeOut.of(each) for each in network.line(unit, found)]
        return LineOut(name=found.name, level=found.level, parent=found.parent, area=found.area, line=above)

    return desk.read(question)


@router.put("/network/{node}", responses=UNKNOWN)
def change_node(desk: Desk, node: Name, wanted: ChangeIn) -> NodeOut:
    """Change the level of a node, or hang it elsewhere."""

    def change(unit: Unit) -> Node:
        if wanted.parent is not None or wanted.is_root:
            network.hang(unit, node, wanted.parent)
        if wanted.level is not None:
            network.classify(unit, node, wanted.level)
        return network.find(unit, node)

    return NodeOut.of(desk.write(change, Permission.REGISTRY))


@router.delete("/network/{node}", status_code=204, responses=UNKNOWN)
def remove_node(desk: Desk, node: Name) -> None:
    """Take a node away under which nothing hangs."""
    desk.write(lambda unit: network.remove(unit, node), Permission.REGISTRY)


@router.get("/areas")
def areas(desk: Desk) -> list[AreaOut]:
    """Organisations and areas that have a name."""
    return [AreaOut(path=area.path, title=area.title) for area in desk.read(groups.areas)]


@router.put("/areas")
def name_area(desk: Desk, wanted: AreaIn) -> AreaOut:
    """Give an organisation or area a name."""
    area = desk.write(lambda unit: groups.name_area(unit, wanted.path, wanted.title), Permission.REGISTRY)
    return AreaOut(path=area.path, title=area.title)


@router.get("/models")
def models(desk: Desk) -> list[ModelOut]:
    """Models of meters that the head-end reads, and what of each."""
    desk.read(lambda _unit: None)
    return [
        ModelOut(
            product=each.slug, name=each.name, is_heard=each.is_heard,
            items=[
                ItemOut(name=i.name, kind=i.kind, logical_name=i.logical_name, every=i.every, period_s=i.period_s)
                for i in each.item
            ],
        )
        for each in map(model, slugs())
    ]  # fmt: skip
