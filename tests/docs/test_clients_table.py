"""The guide's table of generated clients says what `make check-clients` proves, with the versions that are locked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.external.clients.generators import CLIENTS, STORIES

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "integrators.md"


def test_the_table_has_a_line_for_every_generator_with_what_its_story_tells() -> None:
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| generator | version | options | proven |")
    told = lines[start + 2 : start + 2 + len(CLIENTS)]
    assert told == [
        f"| {client.generator} | {client.version} | {client.options} | {', '.join(client.told) or 'generated only'} |"
        for client in CLIENTS
    ]
    assert lines[start + 2 + len(CLIENTS)] == ""


def test_every_story_is_told() -> None:
    written = {path.name for path in STORIES.iterdir() if path.is_file()}
    source = (Path(__file__).resolve().parents[1] / "external" / "clients" / "generators.py").read_text("utf-8")
    assert {name for name in written if name not in source} == set()


def test_a_tool_that_is_missing_is_named_with_its_package() -> None:
    client = replace(CLIENTS[0], needs={"no-such-compiler": "its-package", "python3": "python3"})
    assert list(client.missing()) == ["no-such-compiler (its-package)"]
