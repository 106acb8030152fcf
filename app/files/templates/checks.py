"""Which cells of a template turn yellow, as spreadsheet formulas: wrong ones, and missing ones in a row with anything.

A formula is written for row 3 and moves down with the rows. Lists are named ranges; `Known_…` holds everything that is
accepted. Yellow is advice to the person who fills in the row; the rules decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.batches import BatchKind
from app.domain.columns import LEARNER_LINK, Choice, Holds
from app.files.templates.templates import Template, TemplateColumn
from app.files.workbook_parts import column_name

FIRST_ROW, LAST_ROW = 3, 5_002
"""Rows that are checked, from 1."""
_LISTED = (Holds.TEXT, Holds.YES_NO)
"""Columns of one value of a list; columns of several values are not checked."""


def accepted_range(choice: Choice) -> str:
    """Return the name of the range of everything that is accepted as a value of a list."""
    return f"Known_{choice.name.lower()}"


def offered_range(choice: Choice) -> str:
    """Return the name of the range that a drop-down offers."""
    return f"List_{choice.name.lower()}"


def checks(template: Template, first_row: int = FIRST_ROW) -> Iterator[tuple[int, str]]:
    """Yield columns, from 0, with a formula that is true where a cell of the first row is wrong or missing."""
    cells = _TemplateCells(template, first_row)
    rules = {
        BatchKind.LEARNER_COMPLETIONS: cells.of_learners,
        BatchKind.ACTIVITIES: cells.of_activities,
        BatchKind.LEARNER_VALIDATIONS: cells.of_validations,
        BatchKind.ROSTER: cells.of_roster,
        BatchKind.TRANSCRIPTS: cells.of_licensees,
    }
    for place, placed in enumerate(template.columns):
        cell = f"${column_name(place)}{first_row}"
        conditions = [*_check_content(placed, cell), *rules[template.kind](placed, cell)]
        if conditions:
            yield place, f"AND({cells.any},OR({','.join(conditions)}))"


def _check_content(placed: TemplateColumn, cell: str) -> Iterator[str]:
    """Yield what is wrong with a cell that is filled in, whatever the others hold."""
    holds, choice = placed.column.holds, placed.column.choice
    if choice is not None and choice is not Choice.CREDIT_TYPE and holds in _LISTED:
        yield f'AND({cell}<>"",ISERROR(MATCH({cell},{accepted_range(choice)},0)))'
    if placed.pointer == "/activity_id":
        yield f'AND({cell}<>"",OR(LEN({cell})<>9,ISERROR(VALUE({cell}))))'
    if holds is Holds.AMOUNT:
        yield f'AND({cell}<>"",IFERROR(OR(VALUE({cell})<=0,MOD(VALUE({cell})*4,1)<>0),TRUE))'
    if holds is Holds.WHOLE:
        yield f'AND({cell}<>"",IFERROR(OR(VALUE({cell})<0,MOD(VALUE({cell}),1)<>0),TRUE))'
    if holds is Holds.DATE:
        yield f'AND({cell}<>"",IFERROR(VALUE({cell}),0)<20000)'
    if holds is Holds.MONTH_DAY:
        month, day = f'VALUE(LEFT({cell},FIND("/",{cell})-1))', f'VALUE(MID({cell},FIND("/",{cell})+1,2))'
        fits = f"AND({month}>=1,{month}<=12,{day}>=1,{day}<=DAY(DATE(2000,{month}+1,0)))"
        yield f'AND({cell}<>"",NOT(ISNUMBER({cell})),NOT(IFERROR({fits},FALSE)))'


class _TemplateCells:
    """The cells of a row by what they hold."""

    def __init__(self, template: Template, first_row: int) -> None:
        self.template = template
        self.first_row = first_row
        self.any = f"COUNTA($A{first_row}:${column_name(len(template.columns) - 1)}{first_row})>0"

    def cell(self, pointer: str) -> str:
        """Return the cell of a column; an empty text for one that a file lacks."""
        place = self.template.place(pointer)
        return '""' if place is None else f"${column_name(place)}{self.first_row}"

    def has(self, pointer: str) -> bool:
        """Whether the template has a column."""
        return self.template.place(pointer) is not None

    def boards(self) -> list[int]:
        """Return the boards that have columns."""
        return sorted({placed.board for placed in self.template.columns if placed.board is not None})

    def of_learners(self, placed: TemplateColumn, cell: str) -> Iterator[str]:
        """Yield what a learner's row lacks. A delete needs the activity, the learner and the date only."""
        adds = f'LOWER({self.cell("/action")})<>"delete"'
        state, credits = self.cell("/cme/0/state"), self.cell("/cme/0/credits")
        boards = [self.cell(f"/moc/{board}/board") for board in self.boards()] or ['""']
        no_link = f'{self.cell(LEARNER_LINK)}=""'
        without_credit = f'{state}&{credits}&{"&".join(boards)}=""'
        rems_only = (
            f'AND({self.cell("/rems/local_id")}<>"",{without_credit})' if self.has("/rems/local_id") else "FALSE"
        )
        match placed.pointer:
            case "/action" | "/activity_id":
                yield f'{cell}=""'
            case "/completed_on":
                yield f'{cell}=""'
                yield f"IFERROR(VALUE({cell}),0)>TODAY()+1"
            case "/learner/first_name" | "/learner/last_name":
                yield f'AND(TRIM({cell})="",{no_link},NOT({rems_only}))'
            case "/learner/date_of_birth":
                free = [f'OR({board}="",COUNTIF(Boards_without_birth_date,{board})>0)' for board in boards]
                not_needed = f'AND({state}&{credits}="",{boards[0]}<>"",{",".join(free)})'
                yield f'AND({cell}="",{no_link},NOT({rems_only}),NOT({not_needed}))'
            case "/cme/0/state":
                yield f'AND({cell}="",{no_link},{credits}<>"",{self.cell("/cme/0/license_id")}="")'
                rems = f',{self.cell("/rems/local_id")}=""' if self.has("/rems/local_id") else ""
                yield f"AND({adds},{without_credit}{rems})"
            case "/cme/0/credits":
                yield f'AND({adds},{cell}="",{state}<>"")'
            case "/rems/local_id" | "/rems/profession":
                filled = "&".join(self.cell(p.pointer) for p in self.template.columns if p.pointer.startswith("/rems/"))
                yield f'AND({cell}="",{filled}<>"")'
            case _ if placed.board is not None:
                yield from self._of_board(placed, cell, adds)

    def _of_board(self, placed: TemplateColumn, cell: str, adds: str) -> Iterator[str]:
        start = f"/moc/{placed.board}"
        board, total = self.cell(f"{start}/board"), self.cell(f"{start}/total_credits")
        match placed.pointer.removeprefix(start).split("/")[1:]:
            case ["board"]:
                others = [
                    p.pointer for p in self.template.columns if p.board == placed.board and p.pointer != placed.pointer
                ]
                yield f'AND({cell}="",{"&".join(map(self.cell, others))}<>"")'
            case ["board_id"]:
                yield (
                    f'AND({adds},{cell}="",{board}<>"",{self.cell(LEARNER_LINK)}="",COUNTIF(Boards_without_id,{board})=0)'
                )
            case ["credit_types", type, "type"]:
                amount = self.cell(f"{start}/credit_types/{type}/credits")
                yield f'AND({cell}="",{amount}<>"")'
                if type == "0":
                    yield f'AND({adds},{cell}="",{board}<>"")'
                yield (
                    f'AND({cell}<>"",COUNTIF(Type_boards,{board})>0,COUNTIFS(Type_boards,{board},Type_names,{cell})=0)'
                )
            case ["credit_types", type, "credits"]:
                yield f'AND({adds},{cell}="",{self.cell(f"{start}/credit_types/{type}/type")}<>"")'
                yield f'AND({cell}<>"",{total}<>"",IFERROR(VALUE({cell})>VALUE({total}),FALSE))'

    def of_activities(self, placed: TemplateColumn, cell: str) -> Iterator[str]:
        """Yield what an activity's row lacks to be saved."""
        action, start, end = (self.cell(pointer) for pointer in ("/action", "/start_date", "/end_date"))
        adds = f'LOWER({action})="add"'
        match placed.pointer:
            case "/action":
                yield f'{cell}=""'
            case "/activity_id" | "/internal_id":
                named = f'{self.cell("/activity_id")}&{self.cell("/internal_id")}=""'
                yield f'AND({named},OR(LOWER({action})="update",LOWER({action})="delete"))'
            case "/title" | "/format" | "/start_date":
                yield f'AND({adds},{cell}="")'
            case "/end_date":
                yield f'AND({adds},{cell}="")'
                yield f'AND({cell}<>"",{start}<>"",IFERROR(VALUE({cell})<VALUE({start}),FALSE))'
            case "/description":
                yield f"LEN({cell})>2500"
            case _ if placed.pointer.endswith("/credit_claim_date"):
                yield f'AND({cell}<>"",{end}<>"",IFERROR(VALUE({cell})<VALUE({end}),FALSE))'
            case _ if placed.board is not None and placed.pointer.endswith("/board"):
                others = [
                    p.pointer for p in self.template.columns if p.board == placed.board and p.pointer != placed.pointer
                ]
                yield f'AND({cell}="",{"&".join(map(self.cell, others))}<>"")'

    def of_validations(self, placed: TemplateColumn, cell: str) -> Iterator[str]:
        """Yield what a row of a validation lacks."""
        match placed.pointer:
            case "/first_name" | "/last_name":
                yield f'TRIM({cell})=""'
            case "/npi":
                yield _not_npi(cell)

    def of_licensees(self, placed: TemplateColumn, cell: str) -> Iterator[str]:
        """Yield what a row of somebody whose transcript is wanted lacks."""
        yield from self.of_validations(placed, cell)
        if placed.pointer == "/completed_to":
            first = self.cell("/completed_from")
            yield f'AND({cell}<>"",{first}<>"",IFERROR(VALUE({cell})<VALUE({first}),FALSE))'

    def of_roster(self, placed: TemplateColumn, cell: str) -> Iterator[str]:
        """Yield what a row of a roster lacks."""
        match placed.pointer:
            case "/first_name" | "/last_name":
                yield f'TRIM({cell})=""'
            case "/board_id":
                yield f'{cell}=""'
            case "/npi":
                yield _not_npi(cell)
            case "/end_date":
                start = self.cell("/start_date")
                yield f'AND({cell}<>"",{start}<>"",IFERROR(VALUE({cell})<VALUE({start}),FALSE))'


def _not_npi(cell: str) -> str:
    digits = f'OR(LEN({cell})<>10,ISERROR(VALUE({cell})),AND(LEFT({cell})<>"1",LEFT({cell})<>"2"))'
    return f'AND({cell}<>"",{digits})'
