"""Figures for Prometheus: how the fleet, the work and the store stand, asked when somebody looks."""

import time
from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from openami.headend.collection.service import Overview, summary
from openami.headend.kit.access import Permission
from openami.headend.kit.database import Unit
from openami.headend.web.services import Desk

router = APIRouter(tags=["run"])

LEASED = "SELECT count(*), count(DISTINCT worker) FROM work WHERE lease_until > 0"
LAST_HOUR = """
    SELECT count(*), count(reason), coalesce(sum(rows), 0), coalesce(avg(seconds), 0) FROM session WHERE at >= ?
"""
HOUR_S = 3_600


class Standing(Collector):
    """One look at the store, as Prometheus wants it."""

    def __init__(self, unit: Unit, now: float) -> None:
        self._began = time.monotonic()
        self._now = now
        self._overview: Overview = summary(unit, now)
        self._leased, self._workers = unit.rows(LEASED)[0]
        self._hour = unit.rows(LAST_HOUR, (int(now) - HOUR_S,))[0]
        self._edited = unit.value("SELECT count(*) FROM edited")
        self._seconds = time.monotonic() - self._began

    def collect(self) -> Iterator[Metric]:
        """Give the figures."""
        seen = self._overview
        meters = GaugeMetricFamily("openami_meters", "Meters by state of their life.", labels=["state"])
        for state, count in seen.meters.items():
            meters.add_metric([state.value], count)
        yield meters
        sessions, failed, rows, seconds = self._hour
        for name, words, value in (
            ("meters_due", "Meters with something due.", seen.due),
            ("meters_failing", "Meters with something due that failed the last time.", seen.failing),
            ("meters_in_session", "Meters that a worker holds.", seen.in_session),
            ("work_items_leased", "Work items that a worker holds.", self._leased),
            ("workers", "Workers that hold work.", self._workers),
            ("intervals_stored", "Intervals of the main profiles that are stored.", seen.intervals),
            ("days_edited", "Sealed days with changes that are not sealed yet.", self._edited),
            ("sessions_last_hour", "Sessions begun in the last hour of business time.", sessions),
            ("sessions_failed_last_hour", "Of these, sessions that did not bring everything.", failed),
            ("rows_last_hour", "New rows of these sessions.", rows),
            ("session_seconds_mean", "Mean length of these sessions.", seconds),
            ("last_session_age_seconds", "Since the last session began.", self._age()),
            ("business_time_seconds", "Business time, epoch.", self._now),
            ("database_seconds", "How long the database took to tell all this.", self._seconds),
        ):
            yield GaugeMetricFamily(f"openami_{name}", words, value=float(value))

    def _age(self) -> float:
        last = self._overview.last_session
        return float("nan") if last is None else self._now - last


@router.get("/metrics", include_in_schema=False)
async def metrics(desk: Desk) -> Response:
    """Show the figures in Prometheus' text form; who asks needs the permission `system`."""
    registry = CollectorRegistry()
    ProcessCollector(namespace="openami", registry=registry)
    now = desk.now
    registry.register(await desk.ask(lambda unit: Standing(unit, now), Permission.SYSTEM))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
