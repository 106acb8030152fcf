"""Memory of a worker: a process that reads and applies every waiting file, and prints its peaks in MB.

`python -m benchmarks.probes.worker_memory`, with the installation's settings in its environment.
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
from benchmarks.world.installation import ROOT, World


def peaks(installed: World) -> tuple[float, float]:
    """Process the waiting files in a new worker process; return its peaks before them and after, in MB."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.probes.worker_memory"],
        env=installed.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    before, most = json.loads(done.stdout.splitlines()[-1])
    return before, most


def main() -> None:
    """Process files until none waits."""
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
    # Not `getrusage`, whose peak includes that of the parent process.
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
