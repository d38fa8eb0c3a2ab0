"""The outage engine: what is due by now of interruptions, outages and storms; done again, it changes nothing.

A loss of supply counts once it has outlasted the debounce. Losses of one node that began close to one another are an
outage of that node, which is over when each of its meters has supply. While very many are without, it is a storm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openami.headend.kit.database import Unit
from openami.headend.kit.watch_settings import WatchSettings

DAY_S = 86_400
LOOK_BACK_S = 7 * DAY_S
"""A log that comes in later than this makes an interruption, and no outage any more."""

LOOSE = """
    SELECT i.id, i.node, i.began, i.ended, m.area FROM interruption i JOIN meter m ON m.id = i.meter
    WHERE i.outage IS NULL AND i.is_confirmed AND i.began >= ? ORDER BY i.node, i.began, i.id
"""
NEAR = """
    SELECT id, began, ended FROM outage WHERE node = ? AND began <= ? AND (ended IS NULL OR ended >= ?) ORDER BY id
"""
CONFIRM = """
    UPDATE interruption SET is_confirmed = ?
    WHERE NOT is_confirmed AND began >= ? AND coalesce(ended, ?) - began > ?
"""
UNDER = """
    SELECT id FROM meter WHERE state IN ('installed', 'in use', 'suspended') AND (
        node = ? OR node IN (SELECT id FROM node WHERE parent = ? AND level = 'phase')) LIMIT 2
"""
RESTORED = """
    SELECT o.id, max(i.ended), count(*), sum(CASE WHEN i.ended IS NULL THEN 1 ELSE 0 END), min(i.began)
    FROM outage o JOIN interruption i ON i.outage = o.id WHERE o.ended IS NULL GROUP BY o.id
"""


@dataclass(frozen=True, slots=True)
class Loose:
    """A confirmed interruption of no outage yet."""

    id: int
    node: int
    began: int
    ended: int | None
    area: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What has changed: outages that began and ended, and a storm that did."""

    began: tuple[int, ...]
    ended: tuple[int, ...]
    storm: int | None = None
    storm_is_over: bool = False


def settle(unit: Unit, now: float, settings: WatchSettings) -> Settled:
    """Do what is due."""
    since = int(now) - LOOK_BACK_S
    unit.run(CONFIRM, (True, since, int(now), settings.debounce_s))
    storm, storm_is_over = _storm(unit, now, settings)
    began = _group(unit, since, settings)
    return Settled(tuple(began), tuple(_restore(unit)), storm, storm_is_over)


def _group(unit: Unit, since: int, settings: WatchSettings) -> list[int]:
    """Put loose interruptions to outages, and make those that are new. -> new outages."""
    made: list[int] = []
    loose = [Loose(*row) for row in unit.rows(LOOSE, (since,))]
    for node in dict.fromkeys(one.node for one in loose):
        left = [one for one in loose if one.node == node and not _joined(unit, one, settings.group_s)]
        made += [
            _make(unit, cluster)
            for cluster in _clusters(left, settings.group_s)
            if len(cluster) >= settings.group_least or _is_only(unit, node)
        ]
    return made


def _joined(unit: Unit, one: Loose, group_s: float) -> bool:
    """Put an interruption to an outage of its node that began about then, if there is one."""
    until = one.began if one.ended is None else one.ended
    for number, began, _ in unit.rows(NEAR, (one.node, until + group_s, one.began)):
        last = unit.value("SELECT max(began) FROM interruption WHERE outage = ?", (number,))
        if began - group_s <= one.began <= last + group_s:
            unit.run("UPDATE interruption SET outage = ? WHERE id = ?", (number, one.id))
            unit.run(
                "UPDATE outage SET meters = meters + 1, began = least(began, ?),"
                " ended = CASE WHEN ? THEN NULL ELSE ended END WHERE id = ?",
                (one.began, one.ended is None, number),
            )
            return True
    return False


def _clusters(loose: Sequence[Loose], group_s: float) -> Iterable[list[Loose]]:
    """Split what began at different times; it is in order of time."""
    cluster: list[Loose] = []
    for one in loose:
        if cluster and one.began - cluster[-1].began > group_s:
            yield cluster
            cluster = []
        cluster.append(one)
    if cluster:
        yield cluster


def _is_only(unit: Unit, node: int) -> bool:
    """Whether a node has one meter: then its loss is that of the node."""
    return len(unit.rows(UNDER, (node, node))) == 1


def _make(unit: Unit, cluster: Sequence[Loose]) -> int:
    is_storm = any(one.ended is None for one in cluster) and storm_since(unit) is not None
    area, first = shared(one.area for one in cluster), cluster[0]
    row = unit.rows(
        "INSERT INTO outage (node, began, meters, is_storm, area) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (first.node, first.began, len(cluster), is_storm, area),
    )[0]
    unit.run_many("UPDATE interruption SET outage = ? WHERE id = ?", [(row[0], one.id) for one in cluster])
    return int(row[0])


def shared(areas: Iterable[str]) -> str:
    """Scope that holds all of these."""
    paths = [area.split("/")[1:-1] for area in areas]
    common: list[str] = []
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        common.append(steps[0])
    return "/" + "".join(f"{step}/" for step in common)


def _restore(unit: Unit) -> list[int]:
    """End outages whose meters all have supply. -> ended."""
    over: list[int] = []
    for number, last, meters, still, began in unit.rows(RESTORED):
        unit.run("UPDATE outage SET meters = ?, began = ? WHERE id = ?", (meters, began, number))
        if not still:
            unit.run("UPDATE outage SET ended = ? WHERE id = ?", (last, number))
            over.append(number)
    return over


def _storm(unit: Unit, now: float, settings: WatchSettings) -> tuple[int | None, bool]:
    """Begin a storm, or end one at half of what it takes. -> the storm that changed, whether it is over."""
    out = int(unit.value("SELECT count(*) FROM interruption WHERE ended IS NULL AND is_confirmed"))
    known = unit.rows("SELECT id, most FROM storm WHERE ended IS NULL")
    if not known and out < settings.storm_least:
        return None, False
    meters = int(unit.value("SELECT count(*) FROM meter WHERE state IN ('installed', 'in use', 'suspended')"))
    enough = max(settings.storm_least, settings.storm_share * meters)
    if not known and out >= enough:
        row = unit.rows("INSERT INTO storm (began, most) VALUES (?, ?) RETURNING id", (int(now), out))[0]
        return int(row[0]), False
    if not known:
        return None, False
    number, most = known[0]
    if out > most:
        unit.run("UPDATE storm SET most = ? WHERE id = ?", (out, number))
    if out >= enough / 2:
        return None, False
    unit.run("UPDATE storm SET ended = ? WHERE id = ?", (int(now), number))
    return int(number), True


def storm_since(unit: Unit) -> int | None:
    """Since when there is a storm; None when there is none."""
    found = unit.value("SELECT began FROM storm WHERE ended IS NULL")
    return None if found is None else int(found)
