"""The child that reads files: what it may take is bounded, and of what it says only the form is trusted."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.domain.batches import BatchKind, FileFault, FileFaultCode, RawRow
from app.files.parsing import parser_client
from app.files.parsing.limits import LIMITS, Limits
from app.files.parsing.parser_client import OpenFile, open_file, start_python
from tests.builders.headings import REQUIRED

ROOT = str(Path(__file__).resolve().parents[3])
COMPLETIONS = BatchKind.LEARNER_COMPLETIONS
QUICK = replace(LIMITS, seconds=1, patience=5)
HEAD = json.dumps(
    {
        "head": {
            "format": "tab",
            "sheet": "",
            "above": [],
            "heading_row": 1,
            "headings": [],
            "root": None,
            "encoding": "",
        }
    }
)
END = '{"end": 0, "encoding": ""}'


@pytest.fixture(autouse=True)
def started_as_by_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_client, "start_python", start_python)


def text(rows: int, width: int = 10) -> bytes:
    return ("\t".join(REQUIRED) + "\n" + f"Add\t{'x' * width}\n" * rows).encode()


def read(content: bytes, *, piece_rows: int = 250, limits: Limits = LIMITS) -> list[list[RawRow]]:
    with open_file([content], COMPLETIONS, piece_rows=piece_rows, limits=limits) as file:
        return list(file.pieces())


def said_by(program: str, limits: Limits = QUICK, content: bytes = b"", piece_rows: int = 250) -> list[RawRow]:
    """Run a program in the child's place, and read what it says."""
    with start_python(["-c", program], [content], limits) as pipes:
        return [row for piece in OpenFile(pipes, limits, piece_rows).pieces() for row in piece]


def confined(program: str) -> list[RawRow]:
    """Run a program within the child's bounds; a row says what became of it."""
    start = f"""
import sys, json, socket, os, time
sys.path.insert(0, {ROOT!r})
from app.files.parsing.parser_process import confine, bound
from app.files.parsing.limits import Limits
import resource
os.memfd_create("file")
confine(Limits(seconds=1, most_seconds=1))
bound(resource.RLIMIT_FSIZE, 0)
def told(text):
    print({HEAD!r}); print(json.dumps({{"rows": [[1, [text]]]}})); print('{{"end": 1, "encoding": ""}}', flush=True)
try:
    {program}
    told("done")
except BaseException as error:
    told(type(error).__name__)
"""
    return said_by(start, replace(LIMITS, seconds=3, patience=10))


def test_pieces_have_the_rows_that_were_asked_for_and_the_last_the_rest() -> None:
    pieces = read(text(1_001), piece_rows=250)
    assert [len(piece) for piece in pieces] == [250, 250, 250, 250, 1]
    assert pieces[4][0] == RawRow(number=1_002, raw=["Add", "x" * 10])


def test_no_piece_comes_before_the_head_and_its_encoding_is_sure_at_the_end() -> None:
    content = text(50_000) + "Add\tJosé\n".encode("cp1252")
    with open_file([content], COMPLETIONS) as file:
        assert file.head.headings == REQUIRED
        assert sum(len(piece) for piece in file.pieces()) == 50_001
        assert file.head.encoding == "cp1252"


def test_chunks_are_asked_for_as_they_are_needed_so_that_reading_and_storing_overlap() -> None:
    asked = []

    def chunks() -> Iterator[bytes]:
        for number in range(100):
            asked.append(number)
            yield text(5_000, width=40) if number == 0 else b"Add\tmore of it, and so on\n" * 10_000

    with open_file(chunks(), COMPLETIONS) as file:
        next(file.pieces())
        assert len(asked) < 90


def test_the_child_ends_with_the_block_although_it_has_more_to_say() -> None:
    with open_file([text(200_000)], COMPLETIONS) as file:
        number = file.process_id
        os.kill(number, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_no_secret_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARS_SECRET_KEY", "secret")
    (row,) = confined('told(" ".join(sorted(os.environ))); raise SystemExit')
    assert "PARS" not in str(row.raw)
    assert set(str(row.raw[0]).split()) <= {"LC_CTYPE"}


def test_a_child_kept_waiting_is_not_blamed_for_it() -> None:
    with open_file([text(100_000, width=40)], COMPLETIONS, limits=replace(LIMITS, seconds=1, patience=1)) as file:
        pieces = file.pieces()
        next(pieces)
        time.sleep(1.5)
        assert sum(len(piece) for piece in pieces) == 99_750


def test_the_child_runs_what_its_parent_runs(tmp_path: Path) -> None:
    """Also where another copy of the project is installed: this one says so in each row."""
    shutil.copytree(Path(ROOT) / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "json.py").write_text("raise RuntimeError")
    lines = tmp_path / "app" / "files" / "parsing" / "ndjson.py"
    lines.write_text(lines.read_text().replace("yield number, line", 'yield number, "another copy"'))
    (tmp_path / "run.py").write_text(
        "import sys; root = sys.path.pop(0); import json; sys.path.insert(0, root)\n"
        "from app.files.parsing.parser_client import open_file; from app.domain.batches import BatchKind\n"
        "with open_file([b'{}'], BatchKind.ACTIVITIES) as file: print(next(file.pieces())[0].raw)\n"
    )
    run = subprocess.run([sys.executable, tmp_path / "run.py"], capture_output=True, text=True, check=True)
    assert run.stdout == "another copy\n"


# What it may take


@pytest.mark.parametrize(
    ("program", "ends"),
    [
        ("bytearray(3 << 30)", "MemoryError"),
        ("open('/tmp/pars-never', 'w')", "OSError"),
        ("open('/etc/hostname')", "OSError"),
        ("socket.create_connection(('127.0.0.1', 9))", "OSError"),
        ("socket.socketpair()", "OSError"),
        ("os.pipe()", "OSError"),
        ("os.truncate(3, 100)", "OSError"),
        ("os.write(3, b'x')", "OSError"),
    ],
)
def test_the_bounds_bite(program: str, ends: str) -> None:
    (row,) = confined(program)
    assert row.raw == [ends]


def test_a_child_that_spins_is_ended_by_its_own_bound() -> None:
    with pytest.raises(FileFault) as raised:
        confined("exec('while True: pass')")
    assert raised.value.code is FileFaultCode.PARSER_FAILED


def test_a_file_that_needs_more_memory_than_it_gets_is_too_large() -> None:
    limits = replace(LIMITS, address_space=160 << 20, piece=1 << 30)
    with pytest.raises(FileFault) as raised:
        read(text(5_000, width=30_000), piece_rows=1_000_000, limits=limits)
    assert raised.value.code is FileFaultCode.TOO_LARGE


def test_a_file_beyond_the_size_of_files_is_too_large() -> None:
    with pytest.raises(FileFault) as raised:
        read(text(10_000), limits=replace(LIMITS, file=100_000))
    assert raised.value.code is FileFaultCode.TOO_LARGE


# What it may say


@pytest.mark.parametrize(
    "program",
    [
        "",
        "raise SystemExit(1)",
        "import os; os.kill(os.getpid(), 9)",
        "import os; os.abort()",
        "print('garbage')",
        "import sys; sys.stdout.buffer.write(bytes(range(256)) * 99)",
        "print('[' * 100_000)",
        "print('9' * 100_000)",
        "print('[1, 2]')",
        "print('{}')",
        "print('{\"head\": {}}')",
        "print('{\"head\": 7}')",
        f"print({HEAD.replace('tab', 'exe')!r})",
        f"print({HEAD!r})",
        f'print({HEAD!r}); print(\'{{"end": 1, "encoding": ""}}\')',
        f"print({HEAD!r}); print('{{\"end\": 0}}')",
        f'print({HEAD!r}); print(\'{{"rows": [["1", []]]}}\')',
        f'print({HEAD!r}); print(\'{{"rows": [[1, ["\\\\u0000"]]]}}\')',
        f'print({HEAD!r}); print(\'{{"rows": [[1, ["\\\\ud800"]]]}}\')',
        "print('{\"fault\": {}}')",
        'print(\'{"fault": {"code": "odd", "detail": "x", "row": null, "column": null, "looks_like": null}}\')',
        'print(\'{"fault": {"code": "unreadable", "detail": 7, "row": null, "column": null, "looks_like": null}}\')',
        'print(\'{"fault": {"code": "too-deep", "detail": "x", "row": 3, "column": "A", "looks_like": "odd"}}\')',
    ],
)
def test_whatever_it_says_it_can_only_fail(program: str) -> None:
    with pytest.raises(FileFault) as raised:
        said_by(program, content=b"x" * 3_000_000)
    assert raised.value.code is FileFaultCode.PARSER_FAILED


@pytest.mark.parametrize(
    "program",
    [
        "while True: print('x' * 65_536, end='')",
        f"print({HEAD!r}); n = 0\nwhile True: n += 1; print('{{\"rows\": [[%d, []]]}}' % n)",
        "import time; time.sleep(60)",
    ],
)
def test_a_child_that_never_comes_to_an_end_is_given_up(program: str) -> None:
    limits = replace(QUICK, rows=1_000, piece=1 << 20, patience=1.5)
    with pytest.raises(FileFault) as raised:
        said_by(program, limits, piece_rows=1)
    assert raised.value.code is FileFaultCode.PARSER_FAILED


def rows_said(rows: str) -> str:
    return f"""print({HEAD!r}); print({f'{{"rows": {rows}}}'!r}); print({END.replace("0", "1")!r})"""


@pytest.mark.parametrize(
    "rows",
    [
        "7",
        "{}",
        "[7]",
        "[[1]]",
        "[[1, [], 2]]",
        '[["1", []]]',
        "[[true, []]]",
        "[[0, []]]",
        "[[1, 7]]",
        "[[1, null]]",
        f"[[{2**31}, []]]",
        "[[1, [NaN]]]",
        '[[1, ["\\u0000"]]]',
        '[[1, ["\\ud800"]]]',
    ],
)
def test_records_of_another_shape_are_not_taken(rows: str) -> None:
    assert [row.number for row in said_by(rows_said("[[1, []]]"))] == [1]
    with pytest.raises(FileFault) as raised:
        said_by(rows_said(rows))
    assert raised.value.code is FileFaultCode.PARSER_FAILED


@pytest.mark.parametrize(
    ("rows", "end"),
    [("[]", 0), ("[[2, []], [2, []]]", 2), ("[[2, []], [1, []]]", 2), ("[[1, []]]", 2), ("[[1, []]]", '"1"')],
)
def test_numbers_rise_and_add_up(rows: str, end: object) -> None:
    with pytest.raises(FileFault) as raised:
        said_by(rows_said(rows).replace('"end": 1', f'"end": {end}'))
    assert raised.value.code is FileFaultCode.PARSER_FAILED


@pytest.mark.parametrize("sizes", [(1, 2), (2, 1, 2), (3,)])
def test_every_piece_but_the_last_is_full(sizes: Sequence[int]) -> None:
    # A record is found again by its piece's place: what is uneven would be lost.
    def said(sizes: Sequence[int]) -> str:
        numbers = itertools.count(1)
        pieces = [json.dumps({"rows": [[next(numbers), []] for _ in range(size)]}) for size in sizes]
        end = json.dumps({"end": sum(sizes), "encoding": ""})
        return "\n".join(f"print({piece!r})" for piece in (HEAD, *pieces, end))

    assert len(said_by(said((2, 2, 1)), piece_rows=2)) == 5
    with pytest.raises(FileFault) as raised:
        said_by(said(sizes), piece_rows=2)
    assert raised.value.code is FileFaultCode.PARSER_FAILED


def test_what_stands_above_the_records_is_short() -> None:
    # It is kept with the batch, and told with every list of them.
    guidance = "\t".join(["x" * 30_000] * 20)
    with pytest.raises(FileFault) as raised:
        read(guidance.encode() + b"\n" + text(1))
    assert raised.value.code is FileFaultCode.TOO_LARGE
    with pytest.raises(FileFault) as raised:
        said_by(f"print({HEAD!r}.ljust(300_000)); print({END!r})")
    assert raised.value.code is FileFaultCode.PARSER_FAILED


def test_text_that_only_looks_like_no_text_is_kept() -> None:
    raw = '{"a": "\\u0000 \\ud800 \\\\u0000 😀"}'
    assert read(raw.encode()) == [[RawRow(number=1, raw=raw)]]


def test_a_fault_that_it_tells_is_the_file_s() -> None:
    with pytest.raises(FileFault) as raised:
        said_by(
            'print(\'{"fault": {"code": "too-deep", "detail": "Deep.", "row": 3, "column": "A", '
            '"looks_like": "activities"}}\')'
        )
    fault = raised.value
    assert (fault.code, fault.detail) == (FileFaultCode.TOO_DEEP, "Deep.")
    assert (fault.row, fault.column, fault.looks_like) == (3, "A", BatchKind.ACTIVITIES)


def test_a_child_that_ends_before_it_took_the_file_is_no_accident_of_ours() -> None:
    assert said_by(f"print({HEAD!r}); print({END!r})", content=b"x" * 10_000_000) == []
    assert parser_client.parser_failure().code is FileFaultCode.PARSER_FAILED


def test_the_child_loads_parsers_and_nothing_else_of_a_format() -> None:
    # It starts for every file: schemas and writers would cost more than reading a small one.
    program = """
import sys
from app.files.formats import all_readers
from app.files.parsing import parser_process
all_readers()
print(*sys.modules, sep="\\n")
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    assert "app.files.parsing.workbook" in loaded
    others = ("pydantic", "xlsxwriter", "app.schemas", "app.files.mapping", "app.files.writing", "app.files.templates")
    assert [name for name in loaded if name.startswith(others)] == []
