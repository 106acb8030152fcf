"""Lists of accepted values that are data, not code: medical schools and practice areas."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from app.domain.rems import Answers

_FOLDER = Path(__file__).parent / "reference"


@cache
def _file(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def medical_schools() -> list[dict[str, str]]:
    """Return the schools: name, state in two letters, degree MD or DO, source."""
    held = _file("medical_schools")
    return [{**school, "source": held["source"]} for school in held["schools"]]


def practice_areas() -> Answers:
    """Return the practice areas that REMS reports accept, each with others that mean the same."""
    held = _file("practice_areas")
    return {name: tuple(held["aliases"].get(name, ())) for name in held["areas"]}


def practice_area_source() -> str:
    """Return where the practice areas are from."""
    return str(_file("practice_areas")["source"])
