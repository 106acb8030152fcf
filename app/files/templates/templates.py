"""Templates: the columns of each kind of file, with a sample row and the guidance above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from app.domain.batches import BatchKind
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import (
    ACTIVITIES,
    LEARNER_LINK,
    LEARNERS,
    LICENSEES,
    REMS,
    ROSTER,
    VALIDATIONS,
    Choice,
    FileColumn,
    Group,
)
from app.domain.template_samples import ACTIVITY, LEARNER, REMS_LEARNER

BOARDS = 3
"""Certifying boards that a template has columns for."""
TYPES = 4
"""Credit types that it has columns for, of each."""
LEARNERS_FILE, REMS_FILE, ACTIVITIES_FILE, VALIDATIONS_FILE = "learners", "learners-rems", "activities", "validations"
ROSTER_FILE, LICENSEES_FILE = "roster", "transcripts"


class TemplateColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column at its place in a template."""

    column: FileColumn
    heading: str
    pointer: str
    """Where in a record it goes, with the place of its board and type filled in."""
    board: int | None = None
    type: int | None = None


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """A text above the columns from one place through another."""

    first: int
    last: int
    text: str


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One template, whatever its format."""

    name: str
    kind: BatchKind
    sheet: str
    columns: tuple[TemplateColumn, ...]
    sample: Mapping[str, str]

    def place(self, pointer: str) -> int | None:
        """Return the place of a column, from 0; None for a column that the template lacks."""
        return next((place for place, column in enumerate(self.columns) if column.pointer == pointer), None)

    @property
    def has_choices(self) -> bool:
        """Whether any column has a list of accepted values."""
        return any(placed.column.choice is not None for placed in self.columns)

    def guidance(self) -> Iterator[Guidance]:
        """Yield the texts above the columns, from left to right."""
        texts = _GUIDANCE[self.name]
        starts = [
            (place, texts[column.pointer]) for place, column in enumerate(self.columns) if column.pointer in texts
        ]
        ends = [place - 1 for place, _ in starts[1:]] + [len(self.columns) - 1]
        for (first, text), last in zip(starts, ends, strict=True):
            yield Guidance(first=first, last=last, text=text)


class TemplateWriter(Protocol):
    """A module that writes templates in one format."""

    def takes(self, template: Template) -> bool:
        """Whether the format has a form for such records."""
        ...

    def write_template(
        self, template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices], support: str
    ) -> bytes:
        """Return the file of a template that it takes; `support` is whom to ask, empty for nobody."""
        ...


def _lay_out(columns: tuple[FileColumn, ...]) -> Iterator[TemplateColumn]:
    """Yield columns in their order: those that repeat come after the others, once for each board; then the last."""
    for column in columns:
        if column.group is None and not column.last:
            yield TemplateColumn(column=column, heading=column.heading, pointer=column.pointer)
    for board in range(BOARDS):
        for column in columns:
            if column.group is Group.BOARD:
                pointer = column.pointer.replace("{board}", str(board))
                yield TemplateColumn(column=column, heading=column.heading, pointer=pointer, board=board)
        pair = [column for column in columns if column.group is Group.TYPE]
        for type in range(TYPES):
            for column in pair:
                heading = column.other_headings[0] if type else column.heading
                pointer = column.pointer.replace("{board}", str(board)).replace("{type}", str(type))
                yield TemplateColumn(column=column, heading=heading, pointer=pointer, board=board, type=type)
    for column in columns:
        if column.last:
            yield TemplateColumn(column=column, heading=column.heading, pointer=column.pointer)


_REMOVE = "Remove the sample row before you upload."
_FURTHER_BOARD = "If the learner is certified by {} boards, fill in these columns for the {} one in the same way."
_CERTIFYING = {
    "/moc/0/board": (
        "For MOC/CC fill in these columns, with at least one credit type. Amounts of one row are not added up: 2.25 in"
        " all, 2.25 Medical Knowledge and 2.25 Patient Safety is one correct row worth 2.25. The Reference sheet lists"
        " the credit types of each board."
    ),
    "/moc/1/board": _FURTHER_BOARD.format("two", "second"),
    "/moc/2/board": _FURTHER_BOARD.format("three", "third"),
}
_LEARNER_TEXTS = {
    "/action": (
        "To report CME and MOC/CC for a learner, fill in both parts of one row, as the sample row below does. "
        f"{_REMOVE}"
    ),
    "/learner/date_of_birth": "Month and day only, without the year, as MM/DD (for example 03/14).",
    "/cme/0/state": (
        "For CME only, fill in columns A to I and leave the rest empty. One row for each state of licensure; leave"
        " these columns empty when no CME is reported."
    ),
    **_CERTIFYING,
    LEARNER_LINK: "Instead of names, date of birth and numbers: the Learner Link of a validation, where you have one.",
}
_REMS_TEXT = (
    "For REMS fill in these columns. The learner need not be a physician: with only these columns and A to C filled in,"
    " the learner is counted for the REMS activity and no credit is reported."
)
_GUIDANCE: Mapping[str, Mapping[str, str]] = {
    LEARNERS_FILE: _LEARNER_TEXTS,
    REMS_FILE: {**_LEARNER_TEXTS, "/rems/local_id": _REMS_TEXT},
    ACTIVITIES_FILE: {
        "/action": (
            "Add registers an activity. Update and Delete name it by its ACCME Activity ID or by your own id. "
            f"{_REMOVE}"
        ),
        "/title": "Needed to save an activity: title, format, start and end date.",
        "/delivery_methods": (
            "Needed before learners can be reported: delivery method, city and state when in person, providership, AMA"
            " credits, description, and whether it is listed on CME Passport."
        ),
        "/measured_outcomes": "Needed before the activity can be closed: outcomes, support, numbers of learners.",
        "/rems/type": "For REMS activities only.",
        "/listing/public": "How physicians find it on CME Passport.",
        "/moc/0/board": (
            "For MOC/CC fill in these columns. Empty credits mean the AMA credits, an empty claim date means the end"
            " date."
        ),
        "/moc/1/board": "A second certifying board.",
        "/moc/2/board": "A third certifying board.",
    },
    VALIDATIONS_FILE: {
        "/first_name": "Both names are needed.",
        "/date_of_birth": (
            "Give whatever else you have: the more you give, the more likely it is that one learner is found. Give the"
            " date of birth as month and day only, MM/DD."
        ),
    },
    ROSTER_FILE: {
        "/first_name": (
            "One row for each of your diplomates or licensees. Names are written without degrees and titles; former"
            " last names have a column of their own."
        ),
        "/date_of_birth": "MM/DD, without the year.",
        "/board_id": (
            "Your own number for the person, with its leading zeros. The NPI, where you have it, joins the row to a"
            " physician whom others have described."
        ),
        "/start_date": "An end date ends it. Leaving somebody out removes nobody.",
    },
    LICENSEES_FILE: {
        "/first_name": "Both names are needed, as on the licence or certificate.",
        "/date_of_birth": (
            "And one of these: your own number (a number without its state or board is yours), another number, the NPI,"
            " or month and day of birth, MM/DD. All that you give has to fit."
        ),
        "/completed_from": "Days of completion, where they differ from those of the whole file.",
    },
}
_LEARNER_COLUMNS, _RECORD_COLUMNS = tuple(_lay_out(LEARNERS)), tuple(_lay_out((*LEARNERS, *REMS)))

TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        Template(
            name=LEARNERS_FILE, kind=BatchKind.LEARNER_COMPLETIONS, sheet="Learners",
            columns=_LEARNER_COLUMNS, sample=LEARNER,
        ),
        Template(
            name=REMS_FILE, kind=BatchKind.LEARNER_COMPLETIONS, sheet="Learners",
            columns=_RECORD_COLUMNS, sample=REMS_LEARNER,
        ),
        Template(
            name=ACTIVITIES_FILE, kind=BatchKind.ACTIVITIES, sheet="Activities",
            columns=tuple(_lay_out(ACTIVITIES)), sample=ACTIVITY,
        ),
        Template(
            name=VALIDATIONS_FILE, kind=BatchKind.LEARNER_VALIDATIONS, sheet="Validations",
            columns=tuple(_lay_out(VALIDATIONS)), sample={},
        ),
        Template(
            name=ROSTER_FILE, kind=BatchKind.ROSTER, sheet="Roster", columns=tuple(_lay_out(ROSTER)), sample={},
        ),
        Template(
            name=LICENSEES_FILE, kind=BatchKind.TRANSCRIPTS, sheet="Licensees", columns=tuple(_lay_out(LICENSEES)),
            sample={},
        ),
    )
}  # fmt: skip
