"""Every check of the house finds a fault that is there, and leaves alone what is right."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.structure import checks
from tests.structure.checks import Source


def source(text: str, path: str = "app/room/module.py") -> Source:
    return Source(path, text)


def lines(faults: Iterable[str]) -> list[str]:
    """Return where faults were found: path and line."""
    return [fault.split(": ")[0] for fault in faults]


def test_a_long_file_and_a_long_function_are_found() -> None:
    assert list(checks.oversized(source("\n" * 400))) == []
    assert len(list(checks.oversized(source("\n" * 401)))) == 1
    for body, faults in ((59, 0), (60, 1)):
        function = "def long():\n" + "    pass\n" * body
        assert len(list(checks.oversized(source(function)))) == faults
    assert list(checks.oversized(source(function, "migrations/versions/0001_all.py"))) == []


def test_a_folder_of_31_modules_is_found() -> None:
    paths = ["app/room/__init__.py", *(f"app/room/m{number}.py" for number in range(30)), "app/other/m.py"]
    assert list(checks.crowded_folders(paths)) == []
    assert list(checks.crowded_folders([*paths, "app/room/more.py"])) == ["app/room: 31 modules, more than 30"]


def test_a_class_name_that_stands_twice_is_found() -> None:
    found = [
        source("class A: ...\nclass B: ...\nclass _C: ...", "app/a.py"),
        source("class B: ...\nclass _C: ...", "app/b.py"),
    ]
    assert list(checks.repeated_class_names(found)) == ["class B stands at app/a.py:2, app/b.py:1"]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("row[0]", 1), ("row[-1]", 1), ("[row[2] for row in rows]", 1),
        ("row['name']", 0), ("row[name]", 0), ("found[0]", 0), ("(first, *_) = row", 0), ("row[True]", 0),
    ],
)  # fmt: skip
def test_a_column_read_by_its_number_is_found(text: str, faults: int) -> None:
    assert len(list(checks.numbered_columns(source(text)))) == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('x: Literal["red", "blue"]', 1), ('x: typing.Literal["blue", "red", "green"]', 1),
        ('x: Literal["red"]', 0), ('x: Literal["red", "violet"]', 0), ("x: Colour", 0), ("x: Literal[1, 2]", 0),
    ],
)  # fmt: skip
def test_a_literal_that_repeats_an_enum_is_found(text: str, faults: int) -> None:
    found = list(checks.repeated_enums(source(text), {"Colour": {"red", "green", "blue"}}))
    assert len(found) == faults and all("repeats Colour" in fault for fault in found)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a is FileFormat.XLSX", 1), ("a is not FileFormat.XLSX", 1), ("a == FileFormat.XLSX", 1),
        ("a in (FileFormat.XLSX, FileFormat.TAB)", 2),
        ("match a:\n    case FileFormat.XLSX: pass", 1),
        ("FORMATS[FileFormat.XLSX]", 0), ("f(FileFormat.XLSX)", 0), ("a is Kind.XLSX", 0),
    ],
)  # fmt: skip
def test_a_question_for_the_format_is_found(text: str, faults: int) -> None:
    assert len(list(checks.chosen_formats(source(text)))) == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("for each in found: pass", 1), ("[each for each in found]", 1), ("{k: each for k, each in found}", 1),
        ("async def f():\n    async for each in found: pass", 1), ("any(each.a for each in b for b in c)", 1),
        ("for credit in credits: pass", 0), ("lambda each: each", 0), ("each = 1", 0), ("'for each in found'", 0),
    ],
)  # fmt: skip
def test_a_loop_variable_that_says_nothing_is_found(text: str, faults: int) -> None:
    assert len(list(checks.nameless_loops(source(text)))) == faults


WITH_DATABASE = "from app.rules import engine\ndef test_it(api): ..."
WITHOUT = "from app.rules import engine\ndef test_it(amount): ..."


@pytest.mark.parametrize(
    ("path", "text", "faults"),
    [
        ("tests/test_all.py", WITHOUT, 1), ("tests/misc/test_all.py", WITHOUT, 1),
        ("tests/unit/test_all.py", WITHOUT, 1),
        ("tests/unit/rules/test_all.py", WITHOUT, 0), ("tests/unit/rules/test_all.py", WITH_DATABASE, 1),
        ("tests/unit/domain/test_all.py", WITHOUT, 1), ("tests/unit/domain/test_all.py", WITH_DATABASE, 2),
        ("tests/api/rules/test_all.py", WITH_DATABASE, 0), ("tests/api/rules/test_all.py", WITHOUT, 1),
        ("tests/store/test_all.py", WITH_DATABASE, 1), ("tests/store/test_all.py", "import app.store.sql", 0),
        ("tests/concurrency/test_all.py", "import threading", 0), ("tests/concurrency/test_all.py", WITHOUT, 1),
    ],
)  # fmt: skip
def test_a_test_module_that_lies_elsewhere_is_found(path: str, text: str, faults: int) -> None:
    assert len(lines(checks.misplaced(source(text, path)))) == faults
