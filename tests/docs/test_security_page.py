"""`SECURITY.md` promises nothing that no test holds: every threat names its tests, and every named test exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
MODEL = PAGE.partition("### Who attacks")[2].partition("### What is not protected")[0]
ROW = re.compile(r"^\| (?!could try|---)(.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@cache
def names_of_tests() -> dict[str, list[str]]:
    """Return the name of every test, with the modules in which it stands."""
    found: dict[str, list[str]] = {}
    for module in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^(?:async )?def (test_\w+)", module.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(name, []).append(str(module.relative_to(ROOT)))
    return found


def test_every_threat_names_what_stops_it_and_the_tests_that_prove_it() -> None:
    rows = ROW.findall(MODEL)
    assert len(rows) > 20
    without = [could for could, stops, proved in rows if not stops.strip() or not re.search(r"`test_\w+`", proved)]
    assert not without, f"these threats name no test: {without}"
    assert len(rows) == MODEL.count("\n|") - 2 * MODEL.count("| could try |"), "a row cannot be read"


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) > 40
    gone = sorted(set(named) - names_of_tests().keys())
    assert not gone, f"renamed or gone; name what proves it now: {gone}"
