"""What pages, and comments in the code, name exists: files, functions, classes and indexes."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from app.models.tables import metadata
from tests.docs.test_documents import ROOT

PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("docs/**/*.md"), ROOT / "CONTRIBUTING.md"])
INDEX = re.compile(r"\bix_[a-z_]*[a-z]\b")
NAMED = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)(?:: ([A-Za-z_]+))?`")


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return every function, class and variable that a module defines, those inside classes too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    return frozenset(defined | assigned)


def missing(text: str) -> list[str]:
    """Return the names of a page that lead nowhere: paths from the root, from `app/`, or the end of a path there."""
    every = [path for folder in ("app", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    found = []
    for path, name in NAMED.findall(text):
        modules = [module for module in every if module.as_posix().endswith("/" + path)]
        if not modules or (name and not any(name in names_in(module) for module in modules)):
            found.append(f"{path}: {name}" if name else path)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_module_and_name_on_the_page_exists(page: str) -> None:
    assert missing((ROOT / page).read_text(encoding="utf-8")) == []


def test_a_name_that_is_gone_is_found() -> None:
    said = "`rules/judge.py: judge`, `rules/judge.py: guess`, `rules/nothing.py`, `services/events/nowhere.py: send`"
    assert missing(said) == ["rules/judge.py: guess", "rules/nothing.py", "services/events/nowhere.py: send"]


def test_every_index_that_a_page_or_the_code_names_exists() -> None:
    known = {index.name for table in metadata.tables.values() for index in table.indexes}
    paths = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "app").rglob("*.py")]
    named = [(name, path.name) for path in paths for name in INDEX.findall(path.read_text(encoding="utf-8"))]
    assert len(named) > 40
    assert [place for place in named if place[0] not in known] == []


def test_the_walks_are_as_short_as_a_walk() -> None:
    completion, row = (ROOT / "docs" / "walks.md").read_text(encoding="utf-8").split("\n## ")[1:]
    assert max(len(re.findall(r"^\d+\. ", walk, re.MULTILINE)) for walk in (completion, row)) <= 40
