"""`make drill-registry-size`: how fast and in how much memory the registry is filled, in processes of their own.

Each path runs as the operator's command would, on either database: an import file, the same once more, generated
physicians, and a national provider file of physicians only, which is the most work for its rows, and one as it is
published, of which one row in seven is a physician's. `python -m benchmarks.drills.registry_size 100000 1000000`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from app.core.config import Settings
from app.domain.catalogue import Catalogue
from app.rules.catalogue import load_catalogue
from app.services.operations.startup import open_service
from app.services.registry import imports
from app.services.registry.generating import files as synthetic_files
from app.services.registry.generating.physicians import physicians_of
from app.services.registry.generating.provider_files import NppesRows
from app.services.registry.imports import ImportCounts
from app.services.registry.national import imports as nppes
from app.services.registry.national.layout import HEADINGS
from benchmarks.world.installation import SECRET, postgres

SEED = 5
GROUPS = (("file", "again"), ("generate",), ("nppes", "nppes-again"), ("published",))
"""Paths that follow each other in one database."""
PATHS = tuple(path for group in GROUPS for path in group)


def main() -> None:
    """Measure every path at every size on both databases by default, one process after another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("counts", type=int, nargs="*", default=[100_000])
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--path", action="append", choices=PATHS)
    parser.add_argument("--one", nargs=4, metavar=("URL", "FOLDER", "PATH", "COUNT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        url, folder, path, count = given.one
        run(url, Path(folder), path, int(count))
        return
    for count in given.counts:
        with tempfile.TemporaryDirectory(prefix="pars-size-") as made:
            folder = Path(made)
            write_files(folder, count, given.path or PATHS)
            for database in given.database or ["sqlite", "postgresql"]:
                measure(database, folder, count, given.path or PATHS)


def write_files(folder: Path, count: int, paths: Sequence[str]) -> None:
    """Write the files that the paths import."""
    catalogue = load_catalogue()
    if "file" in paths:
        synthetic_files.write_physicians(folder / "physicians.csv", catalogue, count, SEED)
    if "nppes" in paths:
        write_listed(folder / "nppes.csv.gz", catalogue, count)
    if "published" in paths:
        synthetic_files.write_nppes(folder / "published.csv.gz", catalogue, count, SEED)


def write_listed(path: Path, catalogue: Catalogue, count: int) -> None:
    """Write a national provider file of physicians only."""
    rows = NppesRows(SEED, catalogue).physicians(physicians_of(catalogue, count, SEED))
    synthetic_files.write_rows(path, HEADINGS, rows)


def measure(database: str, folder: Path, count: int, paths: Sequence[str]) -> None:
    """Run some paths on a database, each in one of its own, those that repeat another on what it left."""
    for group in GROUPS:
        wanted = [path for path in group if path in paths]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="pars-size-pg-") as elsewhere:
            held = postgres(Path(elsewhere)) if database == "postgresql" else nullcontext(f"sqlite:///{elsewhere}/r.db")
            with held as url:
                for path in wanted:
                    _child(database, url, folder, path, count)


def _child(database: str, url: str, folder: Path, path: str, count: int) -> None:
    arguments = ["--one", url, str(folder), path, str(count)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.drills.registry_size", *arguments],
        check=True, capture_output=True, text=True, env=os.environ | {"PARS_LOG_FORMAT": "json"},
    )  # fmt: skip
    print(f"{database}, {count} rows, {path}: {done.stdout.strip().splitlines()[-1]}", flush=True)


def run(url: str, folder: Path, path: str, count: int) -> None:
    """Run one path in this process, and print what it took."""
    data = folder / "data"
    service = open_service(Settings(database_url=url, data_dir=data, secret_key=SECRET))
    counts, memory = ImportCounts(), MemoryWatch()
    memory.start()
    before, begun, used = memory.now_mib(), time.perf_counter(), time.process_time()
    if path in ("file", "again"):
        imports.import_file(service, folder / "physicians.csv", counts)
    elif path == "generate":
        synthetic_files.import_physicians(service, count, SEED, counts)
    elif path == "published":
        nppes.import_file(service, folder / "published.csv.gz", counts)
    else:
        nppes.import_file(service, folder / "nppes.csv.gz", counts)
    took, used = time.perf_counter() - begun, time.process_time() - used
    service.database.close()
    told = {"added": counts.added, "updated": counts.updated, "unchanged": counts.unchanged}
    told |= {"refused": len(counts.refused), "pairs": len(counts.pairs)}
    print(
        f"{count / took:.0f} rows/s, {took:.0f} s, {used / count * 1e6:.0f} µs of CPU a row, "
        f"peak {memory.peak_mib:.0f} MiB (before the first row {before:.0f}); {json.dumps(told)}"
    )


class MemoryWatch(threading.Thread):
    """Looks at the memory of this process time and again: its own, without the pages of files that are mapped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mib = self.now_mib()

    def now_mib(self) -> float:
        """Return the memory at this moment, in MiB."""
        with Path("/proc/self/status").open(encoding="ascii") as status:
            (anonymous,) = (line.split()[1] for line in status if line.startswith("RssAnon:"))
        return int(anonymous) / 1024

    def run(self) -> None:
        """Look twice a second."""
        while True:
            self.peak_mib = max(self.peak_mib, self.now_mib())
            time.sleep(0.5)


if __name__ == "__main__":
    main()
