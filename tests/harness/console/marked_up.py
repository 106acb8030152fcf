"""Markup in the place of words in whatever is stored, past every door: pages show what stands there, whoever wrote it.

`python -m tests.harness.console.marked_up FILE WORD` does it to a database in use, for tests in a browser.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON

import app.models
from app.models.base import metadata
from app.models.commits import APPEND_ONLY
from tests.browser.payloads import WALL


def mark_up(run: Callable[[str, dict[str, Any]], Any], *words: str) -> None:
    """Put all payloads in the place of words, in every column of texts and documents that can be changed; on SQLite."""
    for module in pkgutil.iter_modules(app.models.__path__):
        importlib.import_module(f"app.models.{module.name}")
    for table in metadata.sorted_tables:
        if table.name in APPEND_ONLY:
            continue
        for column in table.columns:
            if column.primary_key or column.foreign_keys:
                continue
            is_document = isinstance(column.type, JSON)
            text = json.dumps(WALL, ensure_ascii=False)[1:-1] if is_document else WALL
            for word in words:
                run(
                    f"UPDATE {table.name} SET {column.name} = replace({column.name}, :word, :text) "
                    f"WHERE typeof({column.name}) = 'text' AND instr({column.name}, :word) > 0",
                    {"word": word, "text": text},
                )


def main() -> None:
    """Mark up a database file."""
    file, *words = sys.argv[1:]
    connection = sqlite3.connect(file, timeout=30)
    with connection:
        mark_up(connection.execute, *words)
    connection.close()


if __name__ == "__main__":
    main()
