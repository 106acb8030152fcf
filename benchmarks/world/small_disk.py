"""A disk so small that a drill can fill it: a tmpfs, which only root can mount."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a tmpfs of so many megabytes; raises `SystemExit` with a sentence without the right to."""
    if os.geteuid() != 0:
        raise SystemExit("skipped: only root can mount the small disk that this fills")
    with tempfile.TemporaryDirectory(prefix="pars-disk-", dir="/tmp") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=False)
        if mounted.returncode:
            raise SystemExit("skipped: this machine does not let us mount a tmpfs")
        try:
            yield Path(folder)
        finally:
            # Lazily: a database may still be open on it.
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that a disk has left; return the file that took it."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        for size in (65_536, 512, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler
