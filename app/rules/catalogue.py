"""The board catalogue: every `boards/*.toml` read once, checked strictly, and found by code, name or state.

To add a board, add one file; to add a year of its rules, give the new fact a date in that file. An
unknown key or value stops the start, with the file and line named.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from app.core.errors import OperatorFault
from app.domain.boards import Board, BoardKind, CreditType, FactChange, Need, Span
from app.domain.catalogue import Catalogue
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.identity.comparison_keys import code_key
from app.domain.states import STATES

BOARDS_FOLDER = Path(__file__).parent / "boards"

ADVICE_RULES = frozenset(
    {
        "aba-equals-ama",
        "aba-outline",
        "abim-six-digits",
        "abim-within-cme",
        "abim-practice-assessment",
        "abo-not-both",
        "abp-birth-date",
        "daily-credits-unusual",
    }
)
"""Warnings that a board's file may switch on for its records."""


EXAMPLE_KEYS = {
    BoardKind.CERTIFYING: frozenset({"completed_on", "total", "types", "board_id", "birth_date"}),
    BoardKind.LICENSING: frozenset({"completed_on", "credits", "special", "birth_date"}),
}
"""Keys of an example's record; whatever it leaves out is valid."""


class CatalogueError(OperatorFault):
    """A board file holds something the catalogue does not know."""

    def __init__(self, file: str, line: int, detail: str) -> None:
        super().__init__(f"{file}:{line}: {detail}")


@cache
def load_catalogue(folders: tuple[Path, ...] = (BOARDS_FOLDER,)) -> Catalogue:
    """Read every board file of the folders; a later folder's board replaces an earlier one's.

    Raises `CatalogueError` naming file and line of the first thing that is not understood.
    """
    return read_catalogue(
        {
            f"{number}/{path.name}": path.read_text(encoding="utf-8")
            for number, folder in enumerate(folders)
            for path in sorted(folder.glob("*.toml"))
        }
    )


def digest_files(files: Mapping[str, str]) -> str:
    """Return the digest by which a state of the board files is known, from their texts in the order of their names."""
    digest = hashlib.sha256()
    for name, text in files.items():
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:16]


def read_catalogue(files: Mapping[str, str]) -> Catalogue:
    """Read board files given by folder and name, in their order; raises `CatalogueError`."""
    boards: dict[str, Board] = {}
    examples: dict[str, tuple[Mapping[str, Any], ...]] = {}
    read: dict[str, _BoardFile] = {}
    for name, text in files.items():
        file = _BoardFile(name, text)
        board, shown = file.read()
        if board.code in read and read[board.code].folder == file.folder:
            raise file.fault("code", f"{board.code} is already in {read[board.code].name}")
        boards[board.code], read[board.code] = board, file
        examples[board.code] = shown
    ordered = dict(sorted(boards.items()))
    return Catalogue(
        boards=ordered,
        digest=digest_files(files),
        examples=examples,
        files=files,
        by_key=_index_by_key(ordered.values(), read),
        by_state=_index_by_state(ordered.values()),
    )


def _index_by_key(boards: Iterable[Board], files: Mapping[str, _BoardFile]) -> dict[str, Board]:
    found: dict[str, Board] = {}
    for board in boards:
        for text in (board.code, board.name, *board.aliases):
            other = found.setdefault(code_key(text), board)
            if other is not board:
                raise files[board.code].fault(text, f"{text!r} already names {other.code}")
    return found


def _index_by_state(boards: Iterable[Board]) -> dict[str, tuple[Board, ...]]:
    found: dict[str, tuple[Board, ...]] = {}
    for board in boards:
        if board.state is not None:
            found[board.state] = (*found.get(board.state, ()), board)
    # The medical board comes before the osteopathic one: most licences of a state are its.
    return {
        state: tuple(sorted(held, key=lambda b: (b.profession != "medical", b.code))) for state, held in found.items()
    }


class _BoardFile:
    """One board's TOML, read key by key; a key that is left unread is a fault."""

    def __init__(self, name: str, text: str) -> None:
        self.folder, _, self.name = name.rpartition("/")
        self.lines = text.splitlines()
        self.places: dict[int, tuple[int, int]] = {}
        try:
            self.table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise CatalogueError(self.name, int(line[1]) if line else 1, str(error)) from error

    def fault(self, key: str, detail: str, table: dict[str, Any] | None = None) -> CatalogueError:
        """Return the error for a key or value, with its line in its table."""
        start, end = self.places.get(id(table), (0, len(self.lines)))
        word = re.escape(key)
        for form in (rf'\s*\[*"?{word}"?\]*\s*(=|$)', rf".*{word}"):
            for line in range(start, end):
                if re.match(form, self.lines[line]):
                    return CatalogueError(self.name, line + 1, detail)
        return CatalogueError(self.name, start + 1, detail)

    def locate(self, table: dict[str, Any], header: str, number: int = 0) -> dict[str, Any]:
        """Remember the lines of a table: from its header, the one with this number of that name, to the next header."""
        headers = [n for n, line in enumerate(self.lines) if line.lstrip().startswith("[")]
        own = [n for n in headers if self.lines[n].strip().split("#")[0].strip() == header]
        if number < len(own):
            start = own[number]
            self.places[id(table)] = (start, next((n for n in headers if n > start), len(self.lines)))
        return table

    def read(self) -> tuple[Board, tuple[Mapping[str, Any], ...]]:
        """Return the board and its examples."""
        kind = BoardKind(str(self.choice(self.table, "kind", tuple(BoardKind), required=True)))
        identity = self.sub("identity")
        once = self.sub("one_record_per_day")
        collaborates = self.sub("collaborates")
        state = self.take(self.table, "state", str)
        if (kind is BoardKind.LICENSING) != (state in STATES):
            raise self.fault(
                "state" if state else "kind", "a licensing board, and no other, names its two-letter state"
            )
        board = Board(
            code=self.take(self.table, "code", str, required=True),
            name=self.take(self.table, "name", str, required=True),
            kind=kind,
            source=self.take(self.table, "source", str, required=True),
            decides=self.take(self.table, "decides", bool, required=True),
            aliases=self.texts(self.table, "aliases"),
            state=state,
            profession=self.choice(self.table, "profession", ("medical", "osteopathic")),
            board_id=Need(self.choice(identity, "board_id", tuple(Need)) or Need.REQUIRED),
            birth_date=Need(self.choice(identity, "birth_date", tuple(Need)) or Need.REQUIRED),
            once_per_day=self.take(once, "applies", bool) or False,
            once_per_day_exempt_formats=frozenset(self.formats(once, "exempt_formats")),
            participation=tuple(self.span(row, "from", "until") for row in self.rows("participates")),
            completions=self.span(collaborates, "completions_from", "completions_until"),
            activities=self.span(collaborates, "activities_from", "activities_until"),
            credit_types=tuple(self.credit_type(row) for row in self.rows("credit_types")),
            special_credits=self.texts(self.table, "special_credits"),
            advice=frozenset(self.advices(self.table)),
            changes=tuple(sorted((self.change(row) for row in self.rows("changes")), key=lambda change: change.since)),
        )
        self.refuse_rest(identity, once, collaborates)
        examples = tuple(self.example(row, kind) for row in self.rows("examples"))
        self.refuse_rest(self.table)
        return board, examples

    def credit_type(self, row: dict[str, Any]) -> CreditType:
        """Read one `[[credit_types]]` table."""
        read = CreditType(
            name=self.take(row, "name", str, required=True),
            aliases=self.texts(row, "aliases"),
            completions=self.span(row, "completions_from", "completions_until", close=False),
        )
        self.refuse_rest(row)
        return read

    def example(self, row: dict[str, Any], kind: BoardKind) -> Mapping[str, Any]:
        """Read one `[[examples]]` table: a record in few words, the rules that refuse it, whether it is sent."""
        report = self.take(row, "report", dict, required=True)
        for key in report:
            if key not in EXAMPLE_KEYS[kind]:
                raise self.fault("report", f"unknown key {key!r}", row)
        read = {
            "says": self.take(row, "says", str, required=True),
            "report": report,
            "expect": self.texts(row, "expect", required=True),
            "sent": self.take(row, "sent", bool),
        }
        self.refuse_rest(row)
        return read

    def span(self, row: dict[str, Any], since: str, until: str, *, close: bool = True) -> Span:
        """Read two optional dates and, unless `close` is false, refuse anything else in the table."""
        span = Span(since=self.take(row, since, date), until=self.take(row, until, date))
        row.pop("source", None)
        if span.since and span.until and span.since > span.until:
            raise self.fault(until, f"{until} lies before {since}", row)
        if close and since == "from":
            self.refuse_rest(row)
        return span

    def change(self, row: dict[str, Any]) -> FactChange:
        """Read one `[[changes]]` table: what is different for completions from a day on.

        A board's types, participation and collaboration carry dates of their own.
        """
        facts: dict[str, Any] = {}
        for name in ("board_id", "birth_date"):
            if name in row:
                facts[name] = Need(str(self.choice(row, name, tuple(Need))))
        for name in ("once_per_day", "decides"):
            if name in row:
                facts[name] = self.take(row, name, bool)
        if "exempt_formats" in row:
            facts["once_per_day_exempt_formats"] = frozenset(self.formats(row, "exempt_formats"))
        if "special_credits" in row:
            facts["special_credits"] = self.texts(row, "special_credits")
        if "advice" in row:
            facts["advice"] = frozenset(self.advices(row))
        read = FactChange(
            since=self.take(row, "from", date, required=True),
            source=self.take(row, "source", str, required=True),
            facts=tuple(facts.items()),
        )
        self.refuse_rest(row)
        return read

    def advices(self, table: dict[str, Any]) -> Iterable[str]:
        """Read the names of the warnings switched on for this board."""
        for name in self.texts(table, "advice"):
            if name not in ADVICE_RULES:
                raise self.fault(name, f"unknown rule {name!r}; known: {', '.join(sorted(ADVICE_RULES))}", table)
            yield name

    def formats(self, table: dict[str, Any], key: str) -> Iterable[str]:
        """Read a list of activity formats."""
        known = {format.code for format in ACTIVITY_FORMATS}
        for name in self.texts(table, key):
            if name not in known:
                raise self.fault(name, f"unknown activity format {name!r}", table)
            yield name

    def sub(self, key: str) -> dict[str, Any]:
        """Take a table out of the file, empty when absent."""
        return self.locate(self.take(self.table, key, dict) or {}, f"[{key}]")

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Take an array of tables out of the file, empty when absent."""
        rows = self.take(self.table, key, list) or []
        if not all(isinstance(row, dict) for row in rows):
            raise self.fault(key, f"{key} is an array of tables")
        return [self.locate(row, f"[[{key}]]", number) for number, row in enumerate(rows)]

    def texts(self, table: dict[str, Any], key: str, *, required: bool = False) -> tuple[str, ...]:
        """Take a list of texts."""
        texts = self.take(table, key, list, required=required) or []
        if not all(isinstance(text, str) for text in texts):
            raise self.fault(key, f"{key} is a list of texts", table)
        return tuple(texts)

    def choice(self, table: dict[str, Any], key: str, known: tuple[str, ...], *, required: bool = False) -> str | None:
        """Take one of a few words."""
        word: str | None = self.take(table, key, str, required=required)
        if word is not None and word not in known:
            raise self.fault(word, f"{key} is one of {', '.join(known)}, not {word!r}", table)
        return word

    def take(self, table: dict[str, Any], key: str, kind: type, *, required: bool = False) -> Any:
        """Take a value of one type out of a table."""
        if key not in table:
            if required:
                raise self.fault(key, f"{key} is missing", table)
            return None
        value = table.pop(key)
        if type(value) is not kind:
            raise self.fault(key, f"{key} must be of type {kind.__name__}", table)
        return value

    def refuse_rest(self, *tables: dict[str, Any]) -> None:
        """Refuse the keys that were not taken."""
        for table in tables:
            for key in table:
                raise self.fault(key, f"unknown key {key!r}", table)
