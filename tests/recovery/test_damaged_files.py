"""A damaged file is told in one sentence that says what to do, wherever the damage is; never a traceback."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.errors import OperatorFault
from app.services.context import Service
from app.services.operations import checks
from app.services.operations.startup import open_service
from tests.harness.databases import ON_POSTGRESQL, load_demo_world, settings_for
from tests.harness.processes import installation
from tests.harness.properties import examples

PAGE = 4096
INTERIOR_TABLE, LEAF_TABLE, INTERIOR_INDEX, LEAF_INDEX = 5, 13, 2, 10
"""The first byte of a page of a b-tree."""


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo world, a free page and a row that needs overflow pages; its WAL is written back."""
    folder = tmp_path_factory.mktemp("sound")
    load_demo_world(f"sqlite:///{folder}/pars.db", folder)
    connection = sqlite3.connect(folder / "pars.db", isolation_level=None)
    connection.execute("CREATE TABLE scratch (content TEXT)")
    connection.execute("INSERT INTO scratch VALUES (?)", ("x" * 50 * PAGE,))
    connection.execute("DROP TABLE scratch")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return folder / "pars.db"


@pytest.fixture
def damaged(sound: Path, tmp_path: Path) -> Callable[[Callable[[bytearray], None]], list[str]]:
    """What is said of a copy of the file after some of its bytes were changed."""

    def check(damage: Callable[[bytearray], None]) -> list[str]:
        content = bytearray(sound.read_bytes())
        damage(content)
        (tmp_path / "pars.db").write_bytes(content)
        try:
            service = open_service(settings_for(f"sqlite:///{tmp_path}/pars.db", tmp_path), migrate=False)
        except OperatorFault as fault:
            return [str(fault)]
        try:
            return checks.find_faults(service)
        finally:
            service.database.close()
            for left in tmp_path.glob("pars.db*"):
                left.unlink()

    return check


def pages_of(content: bytes, first_byte: int) -> list[int]:
    """Return the pages that begin with a byte, but for the first page, on which the header stands."""
    return [page for page in range(1, len(content) // PAGE) if content[page * PAGE] == first_byte]


def noise(length: int) -> bytes:
    return random.Random(7).randbytes(length)


def overwrite(page: int) -> Callable[[bytearray], None]:
    def damage(content: bytearray) -> None:
        content[page * PAGE : (page + 1) * PAGE] = noise(PAGE)

    return damage


@pytest.mark.parametrize("kind", [INTERIOR_TABLE, LEAF_TABLE, INTERIOR_INDEX, LEAF_INDEX])
def test_noise_on_a_page_of_a_tree_is_one_sentence(
    sound: Path, damaged: Callable[[Callable[[bytearray], None]], list[str]], kind: int
) -> None:
    pages = pages_of(sound.read_bytes(), kind)
    for page in {pages[0], pages[len(pages) // 2], pages[-1]}:
        (fault,) = damaged(overwrite(page))
        assert "its file is damaged" in fault
        assert "restore the newest backup" in fault
        assert "\n" not in fault


def zero_header(content: bytearray) -> None:
    content[:100] = bytes(100)


def noise_on_the_schema(content: bytearray) -> None:
    content[100:PAGE] = noise(PAGE - 100)


def cut_in_the_middle(content: bytearray) -> None:
    del content[len(content) // 2 // PAGE * PAGE :]


def lose_the_free_pages(content: bytearray) -> None:
    """The header says where the list of free pages begins: let it begin at a page of a tree."""
    content[32:36] = (pages_of(bytes(content), LEAF_TABLE)[0] + 1).to_bytes(4, "big")


@pytest.mark.parametrize("damage", [zero_header, noise_on_the_schema, cut_in_the_middle, lose_the_free_pages])
def test_a_damaged_header_schema_length_or_list_of_free_pages_is_one_sentence(
    damaged: Callable[[Callable[[bytearray], None]], list[str]], damage: Callable[[bytearray], None]
) -> None:
    (fault,) = damaged(damage)
    assert "its file is damaged" in fault
    assert "restore the newest backup" in fault


@examples(15)
@given(st.data())
def test_noise_anywhere_is_told_or_changes_nothing(
    sound: Path, damaged: Callable[[Callable[[bytearray], None]], list[str]], data: st.DataObject
) -> None:
    size = sound.stat().st_size
    start = data.draw(st.integers(100, size - 1))
    length = data.draw(st.integers(1, min(64, size - start)))

    def damage(content: bytearray) -> None:
        content[start : start + length] = noise(length)

    if not damaged(damage):
        assert rows_after(sound, damage) == rows_after(sound, lambda content: None)


def rows_after(sound: Path, damage: Callable[[bytearray], None]) -> list[tuple[object, ...]]:
    """Return what stands of completions, rights and physicians in the file after damage."""
    content = bytearray(sound.read_bytes())
    damage(content)
    content[18:20] = b"\1\1"  # A file in memory has no write-ahead log.
    connection = sqlite3.connect(":memory:")
    connection.deserialize(bytes(content))
    tables = ("completions", "credits", "credit_types", "clients", "client_secrets", "grants", "physicians")
    connection.execute("CREATE TEMP VIEW physicians AS SELECT * FROM learners WHERE sandbox = ''")
    found = [
        row for table in tables for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()
    ]
    connection.close()
    return found


def test_the_command_says_it_and_ends_with_1(sound: Path, tmp_path: Path) -> None:
    content = bytearray(sound.read_bytes())
    overwrite(pages_of(bytes(content), LEAF_TABLE)[5])(content)
    (tmp_path / "pars.db").write_bytes(content)
    with installation(f"sqlite:///{tmp_path}/pars.db", tmp_path) as pars:
        ended = pars.run("check")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "restore the newest backup" in ended.stdout + ended.stderr


AMCHECK = (
    (
        "CREATE FUNCTION bt_index_check(index regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
        "IF index::text = 'ix_credits_of_day' AND (SELECT count(*) FROM amcheck_stub) > 0 THEN "
        "RAISE EXCEPTION 'item order invariant violated' USING ERRCODE = 'XX002'; END IF; END $$"
    ),
    (
        "CREATE FUNCTION verify_heapam(relation regclass) RETURNS TABLE (msg text) LANGUAGE sql AS $$ SELECT 'xmin' "
        "WHERE relation::text = 'credits' AND (SELECT count(*) FROM amcheck_stub) < 0 $$"
    ),
)
"""What the extension has: the server of the tests is built without it."""


@ON_POSTGRESQL
def test_on_postgresql_the_check_begins_with_amcheck_where_it_is_installed_and_else_says_that_it_is_not(
    service: Service,
) -> None:
    (note,) = checks.check(service).notes
    assert "amcheck is not installed here" in note

    def run(*given: str) -> None:
        for statement in given:
            service.database.write(lambda connection, statement=statement: connection.execute(text(statement)))

    run("CREATE TABLE amcheck_stub (x int)", *AMCHECK)
    checked = checks.check(service)
    assert (checked.notes, checked.faults) == ([], [])
    run("INSERT INTO amcheck_stub VALUES (1)")
    (fault,) = checks.find_faults(service)
    assert fault.startswith("damaged: ")
    assert "item order invariant violated" in fault


def test_a_schema_whose_words_are_damaged_is_one_sentence(
    damaged: Callable[[Callable[[bytearray], None]], list[str]],
) -> None:
    def damage(content: bytearray) -> None:
        for begin in range(len(content) - 12):
            if content[begin : begin + 12] == b"CREATE TABLE":
                content[begin + 13 : begin + 15] = b"\xe6\xe6"
                return

    (fault,) = damaged(damage)
    assert "restore the newest backup" in fault
