"""What commands are forked from: imported once, and frozen, so that none looks through it for what can be freed."""

from __future__ import annotations

import gc
from importlib import import_module

_IMPORTED = ("app.cli.main", "app.main", "app.worker", "tests.harness.databases")

gc.disable()
for _name in _IMPORTED:
    import_module(_name)
gc.freeze()
gc.enable()
