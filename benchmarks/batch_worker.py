"""A worker by itself, for its memory: works through every file that waits, and prints its peaks in MB.

`python -m benchmarks.batch_worker`, with the settings of the installation in its environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from app.core.config import Settings
from app.core.gc_tuning import tune_garbage_collector
from app.core.logging import configure_logging
from app.services.batches.steps import read_one
from app.services.operations.startup import open_service
from app.worker import BatchApplier
from benchmarks.world import ROOT, World


def peaks(installed: World) -> tuple[float, float]:
    """Let a new process work through the files that wait; return what it held before them and at most, in MB."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.batch_worker"],
        env=installed.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    before, most = json.loads(done.stdout.splitlines()[-1])
    return before, most


def main() -> None:
    """Work until nothing waits."""
    configure_logging()
    service = open_service(Settings())
    tune_garbage_collector()
    before = _peak()
    apply_some = BatchApplier(service)
    while read_one(service) or apply_some(service):
        pass
    service.database.close()
    print(json.dumps([before, _peak()]))


def _peak() -> float:
    # Not what `getrusage` says: that begins with what the process held that started this one.
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
