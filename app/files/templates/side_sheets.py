"""The sheets beside the rows of a template, its lists and its checks; for any columns in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from app.domain.batches import BatchKind
from app.domain.boards import Board, Need
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices, certifying
from app.domain.columns import Choice, FileColumn, Holds
from app.domain.states import STATES
from app.files.headings import Layout
from app.files.side_sheets import Offer, SideColumn, SideSheet, SideSheets
from app.files.templates.checks import FIRST_ROW, LAST_ROW, accepted_range, checks, offered_range
from app.files.templates.templates import REMS_FILE, TEMPLATES, Template, TemplateColumn
from app.files.templates.texts import instructions
from app.files.workbook_parts import column_name

REFERENCE, INSTRUCTIONS, LISTS = "Reference", "Instructions", "Lists"
_CLOSED = {
    Choice.ACTION, Choice.YES_NO, Choice.PROFESSION, Choice.DEA_REGISTRATION, Choice.TIME_IN_PRACTICE, Choice.FEE,
    Choice.REGISTRATION, Choice.PROVIDERSHIP,
}  # fmt: skip
"""Lists beside which nothing is accepted: the program warns when something else is typed."""
_NO_COLUMN = FileColumn(heading="", pointer="")
"""Stands for a column that is not known."""


def make_side_sheets(
    template: Template,
    catalogue: Catalogue,
    choices: Mapping[Choice, Choices],
    first_row: int = FIRST_ROW,
    support: str = "",
) -> SideSheets:
    """Return what stands beside the rows of a template, which begin in `first_row`; `support` is whom to ask."""
    used = {placed.column.choice for placed in template.columns}
    choices = {choice: held for choice, held in choices.items() if choice in used and held.values}
    boards = certifying(catalogue)
    reference, names = _reference(choices, boards)
    lists, more = _lists(choices, boards)
    has_lists = bool(choices)
    paragraphs = list(instructions(template, support))
    return SideSheets(
        sheets=(
            *([SideSheet(name=REFERENCE, columns=tuple(reference), titles=frozenset({0}), frozen=True)] * has_lists),
            SideSheet(
                name=INSTRUCTIONS,
                columns=(SideColumn(place=0, width=110, texts=tuple(text for _, text in paragraphs)),),
                titles=frozenset(row for row, (is_title, _) in enumerate(paragraphs) if is_title),
                wraps=True,
            ),
            *([SideSheet(name=LISTS, columns=tuple(lists), hidden=True)] * has_lists),
        ),
        names=(*names, *more),
        offers=tuple(_offers(template, choices)),
        checks=tuple(checks(template, first_row)),
        most_rows=LAST_ROW - FIRST_ROW + 1,
    )


def template_of_file(layout: Layout, places: Mapping[int, int], kind: BatchKind) -> Template:
    """Return a template that has the columns of a file, at the places at which the file is written back."""
    columns = [TemplateColumn(column=_NO_COLUMN, heading="", pointer="")] * (max(places.values(), default=-1) + 1)
    for sent, place in places.items():
        column, pointer = layout.columns[sent], layout.pointers.get(sent)
        if column is not None and pointer is not None:
            parts = pointer.split("/")
            board = int(parts[2]) if parts[1] == "moc" and parts[2].isdigit() else None
            columns[place] = TemplateColumn(column=column, heading=column.heading, pointer=pointer, board=board)
    of_kind = [template for template in TEMPLATES.values() if template.kind is kind]
    has_rems = any(placed.pointer.startswith("/rems/local_id") for placed in columns)
    chosen = next((template for template in of_kind if (template.name == REMS_FILE) == has_rems), of_kind[0])
    return replace(chosen, columns=tuple(columns))


def _offers(template: Template, choices: Mapping[Choice, Choices]) -> Iterator[Offer]:
    for place, placed in enumerate(template.columns):
        choice = placed.column.choice
        if choice is not None and choice in choices:
            yield Offer(
                place=place,
                range_name=offered_range(choice),
                heading=placed.heading,
                closed=choice in _CLOSED and placed.column.holds is not Holds.LIST,
            )


def _range(sheet: str, place: int, first: int, count: int) -> str:
    letters = column_name(place)
    return f"{sheet}!${letters}${first}:${letters}${first + count - 1}"


def _reference(
    choices: Mapping[Choice, Choices], boards: Sequence[Board]
) -> tuple[list[SideColumn], list[tuple[str, str]]]:
    """Return the accepted values for people to read, which the drop-downs offer, and the names of their ranges."""
    columns, names = list[SideColumn](), list[tuple[str, str]]()

    def add(place: int, title: str, texts: Sequence[str], width: int) -> None:
        columns.append(SideColumn(place=place, texts=(title, *texts), width=max(width, 12)))

    place = 0
    if Choice.BOARD in choices:
        table: list[tuple[str, int, list[str]]] = [
            ("Board", 10, [board.code for board in boards]),
            ("Full name", 52, [board.name for board in boards]),
            ("Board ID", 14, [_needed(board.board_id) for board in boards]),
            ("Date of Birth", 14, [_needed(board.birth_date) for board in boards]),
            ("Credit types", 78, [_types(board) for board in boards]),
        ]
        for place, (title, width, texts) in enumerate(table):
            add(place, title, texts, width)
        columns.append(SideColumn(place=len(table), texts=(), width=3))
        place = len(table) + 1
    for choice, held in choices.items():
        add(place, choice.value, held.values, min(max(map(len, held.values)) + 2, 60))
        names.append((offered_range(choice), _range(REFERENCE, place, 2, len(held.values))))
        place += 1
        if choice is Choice.STATE:
            codes = {name: code for code, name in STATES.items()}
            add(place, "Or two letters", [codes[name] for name in held.values], 12)
            place += 1
    return columns, names


def _lists(
    choices: Mapping[Choice, Choices], boards: Sequence[Board]
) -> tuple[list[SideColumn], list[tuple[str, str]]]:
    """Return everything that is accepted, against which the checks match cells, and the names of the ranges."""
    columns: list[tuple[str, Sequence[str]]] = [
        (accepted_range(choice), (*held.values, *held.also)) for choice, held in choices.items()
    ]
    types = [
        (name, text)
        for board in boards
        for kind in board.credit_types
        for text in (kind.name, *kind.aliases)
        for name in (board.code, board.name)
    ]
    if Choice.BOARD in choices:
        columns += [
            ("Type_boards", [name for name, _ in types]),
            ("Type_names", [text for _, text in types]),
            ("Boards_without_id", _codes_and_names([board for board in boards if board.board_id is Need.OPTIONAL])),
            (
                "Boards_without_birth_date",
                _codes_and_names([board for board in boards if board.birth_date is Need.OPTIONAL]),
            ),
        ]
    sides = [SideColumn(place=place, texts=tuple(texts)) for place, (_, texts) in enumerate(columns)]
    names = [(name, _range(LISTS, place, 1, max(len(texts), 1))) for place, (name, texts) in enumerate(columns)]
    return sides, names


def _needed(need: Need) -> str:
    return "required" if need is Need.REQUIRED else "not required"


def _types(board: Board) -> str:
    return "; ".join(kind.name for kind in board.credit_types) or "those that the activity registered for the board"


def _codes_and_names(boards: Sequence[Board]) -> list[str]:
    return [text for board in boards for text in (board.code, board.name)]
