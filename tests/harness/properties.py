"""How many examples a property is held against: few in the suite, many in `make drill-properties`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = 1 if os.environ.get("PARS_HYPOTHESIS") != "long" else 20
"""How many times as many examples as in the suite."""


def examples(number: int) -> settings:
    """Return settings for so many examples, twenty times as many where PARS_HYPOTHESIS is `long`.

    No example has a time limit. Fixtures are made once for all examples: a property leaves nothing behind that the next
    example would mind.
    """
    return settings(
        max_examples=number * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def use_profile() -> None:
    """Hold properties that say nothing of examples against as many as suit a property without a database."""
    settings.register_profile("pars", examples(40))
    settings.load_profile("pars")
