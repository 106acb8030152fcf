"""Kinds of entries in the audit log: each is in the list by which the log is searched, under a noun of its own."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import app
from app.domain import audit
from app.domain.passport.audit import KINDS
from app.store.access import audit_log

BESIDE = Path(audit.__file__)


def declared() -> Iterator[tuple[Path, str, str]]:
    """Yield (file, class, noun) of every kind of entry in the source, imported or not."""
    for file in Path(app.__file__).parent.rglob("*.py"):
        text = file.read_text()
        if "(AuditFields" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and "AuditFields" in map(ast.unparse, node.bases):
                yield file, node.name, _noun_of(node)


def _noun_of(node: ast.ClassDef) -> str:
    (noun,) = [
        ast.literal_eval(line.value)
        for line in node.body
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == "noun" and line.value is not None
    ]
    return str(noun)


def test_every_kind_of_entry_is_in_the_list_by_whose_nouns_the_log_is_searched() -> None:
    found = list(declared())
    assert {name for file, name, _ in found if file != BESIDE} == {kind.__name__ for kind in KINDS}
    assert sorted(noun for _, _, noun in found) == audit_log.all_nouns()


def test_no_two_kinds_have_one_noun() -> None:
    assert [noun for noun, times in Counter(noun for *_, noun in declared()).items() if times > 1] == []
