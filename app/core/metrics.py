"""Metrics of what every process has: lines of its log, and threads. Imported where metrics are served."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.core.logging import count_lost_lines
from app.core.threads import count_deaths, seconds_of_loops

__all__ = ["REGISTRY"]


class _ProcessMetrics(Collector):
    """Counts of lost lines, and the state of threads."""

    def collect(self) -> Iterator[Metric]:
        """Yield the lines that were lost, how long ago each loop ended a turn, and how often threads have died."""
        lost = CounterMetricFamily(
            "pars_log_lines_lost", "Lines that could not be written, or did not fit.", labels=["stream"]
        )
        ages = GaugeMetricFamily("pars_loop_seconds", "Seconds since the last turn of a loop.", labels=["loop"])
        deaths = CounterMetricFamily("pars_thread_deaths", "Deaths of threads, each started again.", labels=["thread"])
        for stream, lines in count_lost_lines().items():
            lost.add_metric([stream], lines)
        for loop, seconds in seconds_of_loops().items():
            ages.add_metric([loop], seconds)
        for thread, count in count_deaths().items():
            deaths.add_metric([thread], count)
        yield from (lost, ages, deaths)


REGISTRY.register(_ProcessMetrics())
