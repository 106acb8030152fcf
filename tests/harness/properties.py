"""How many examples a property is held against: few in the suite, many in `make drill-properties`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = 1 if os.environ.get("PARS_HYPOTHESIS") != "long" else 20
"""How many times as many cases as in the suite."""
SHARE = 0.3 if TIMES == 1 else TIMES
"""How many of the examples that a property asks for are tried: in the suite those that fit into its minutes."""
FEWEST = 5


def examples(number: int) -> settings:
    """Return settings for so many examples: a third of them in the suite, twenty times as many in the drill.

    No example has a time limit. Fixtures are made once for all examples: a property leaves nothing behind that the next
    example would mind.
    """
    return settings(
        max_examples=max(FEWEST, round(number * SHARE)),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def use_profile() -> None:
    """Hold properties that say nothing of examples against as many as suit a property without a database."""
    settings.register_profile("pars", examples(40))
    settings.load_profile("pars")
