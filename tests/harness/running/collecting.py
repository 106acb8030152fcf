"""Processes that collect the same tests at the same time share the work of rewriting their assertions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module

import pytest


def import_from_another_place(config: pytest.Config) -> None:
    """Import the test modules that are asked for, each process of a run from another place on.

    What is rewritten is kept in a file, so each process rewrites its part, and finds the others'. In the same order all
    would rewrite everything, where nothing was kept before. A module that fails is imported again as it is collected.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return
    names = sorted(_modules(config))
    start = len(names) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for name in (*names[start:], *names[:start]):
        try:
            with warnings.catch_warnings():
                # As in `filterwarnings`.
                warnings.simplefilter("error")
                warnings.simplefilter("ignore", DeprecationWarning)
                import_module(name)
        except (Exception, pytest.skip.Exception):
            continue


def _modules(config: pytest.Config) -> Iterator[str]:
    for argument in config.args:
        asked = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        for path in asked.rglob("test_*.py") if asked.is_dir() else [asked]:
            place = path.relative_to(config.rootpath)
            # The tests in a browser have an environment of their own.
            if path.suffix == ".py" and "browser" not in place.parts:
                yield ".".join(place.with_suffix("").parts)
