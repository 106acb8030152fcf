"""The columns of files: one table from which reading, templates and rejected files are made.

To add a column: one line here, and its field in the record. `pointer` says where in a record the column goes, as
findings name it; `{board}` and `{type}` stand for the place of a repeated group.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import msgspec

from app.domain.batches import BatchKind


class Holds(enum.Enum):
    """What a column holds, and so how its cells are read."""

    TEXT = "text"
    """Text."""
    ID = "id"
    """Letters and digits, leading zeros kept; a number cell has lost them."""
    DATE = "date"
    """A day: a date cell, MM/DD/YYYY, M/D/YYYY or YYYY-MM-DD."""
    MONTH_DAY = "month and day"
    """MM/DD; Excel may have made it a date."""
    AMOUNT = "amount"
    """Credits, in steps of 0.25."""
    WHOLE = "whole number"
    """A whole number."""
    YES_NO = "yes or no"
    """Yes or No."""
    LIST = "list"
    """Several texts, parted by semicolons."""


class Choice(enum.Enum):
    """Which accepted values a column has; the lists themselves come from the catalogue and the domain."""

    ACTION = "Record Action"
    STATE = "Licensing State"
    BOARD = "Certifying Board"
    CREDIT_TYPE = "Credit Type"
    SPECIAL_CREDIT = "Special Credit Type"
    PROFESSION = "Profession"
    DEA_REGISTRATION = "DEA Registration"
    PRACTICE_AREA = "Practice Area"
    TIME_IN_PRACTICE = "Time in Practice"
    YES_NO = "Yes or No"
    MEDICAL_SCHOOL = "Medical School"
    FORMAT = "Activity Format"
    DELIVERY_METHOD = "Delivery Method"
    PROVIDERSHIP = "Providership"
    OUTCOME = "Measured Outcomes"
    FEE = "Fee"
    REGISTRATION = "Registration"


class Group(enum.Enum):
    """Which columns repeat together."""

    BOARD = "board"
    """Once for each certifying board."""
    TYPE = "type"
    """Once for each credit type of a board, within the board's columns."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: its heading, what it holds, and where that goes."""

    heading: str
    pointer: str
    holds: Holds = Holds.TEXT
    choice: Choice | None = None
    group: Group | None = None
    required: bool = False
    """Whether a file without the heading is refused as a whole."""
    other_headings: tuple[str, ...] = ()
    """Older and newer names of it; for the second and later of a repeated pair as well."""
    note: str = ""
    """What the guidance says of it."""


def _record_action(kinds: str) -> Column:
    return Column(heading="Record Action", pointer="/action", choice=Choice.ACTION, required=True, note=f"{kinds}.")


_CME_NOTE = "CME: one row for each state."
_MOC_NOTE = "MOC/CC: repeat these columns for each certifying board."

LEARNERS: tuple[Column, ...] = (
    _record_action("Add, Update or Delete"),
    Column(
        heading="ACCME Activity ID", pointer="/activity_id", holds=Holds.ID, required=True,
        other_headings=("Activity ID",), note="Nine digits.",
    ),
    Column(
        heading="Completion Date", pointer="/completed_on", holds=Holds.DATE, required=True,
        other_headings=("Date Completed",), note="MM/DD/YYYY.",
    ),
    Column(heading="First Name", pointer="/learner/first_name", required=True, note="As on the licence."),
    Column(heading="Last Name", pointer="/learner/last_name", required=True, note="As on the licence."),
    Column(
        heading="Date of Birth", pointer="/learner/date_of_birth", holds=Holds.MONTH_DAY, required=True,
        other_headings=("DOB",), note="Month and day only, as MM/DD (ex. 03/14).",
    ),
    Column(
        heading="Licensing State", pointer="/cme/0/state", choice=Choice.STATE,
        other_headings=("State of Licensure",), note=_CME_NOTE,
    ),
    Column(
        heading="Licensing ID", pointer="/cme/0/license_id", holds=Holds.ID,
        other_headings=("Licensing ID or NPI", "License ID"), note="Where it is needed to be unique; or the NPI.",
    ),
    Column(
        heading="Number of CME Credits", pointer="/cme/0/credits", holds=Holds.AMOUNT, note="In steps of 0.25.",
    ),
    Column(
        heading="Certifying Board", pointer="/moc/{board}/board", choice=Choice.BOARD, group=Group.BOARD,
        note=_MOC_NOTE,
    ),
    Column(
        heading="Certifying Board ID", pointer="/moc/{board}/board_id", holds=Holds.ID, group=Group.BOARD,
        note="The learner's ID with the board, not the licence.",
    ),
    Column(
        heading="Total Board Credits", pointer="/moc/{board}/total_credits", holds=Holds.AMOUNT, group=Group.BOARD,
        note="Not the sum of the types.",
    ),
    Column(
        heading="Credit Type", pointer="/moc/{board}/credit_types/{type}/type", choice=Choice.CREDIT_TYPE,
        group=Group.TYPE, other_headings=("Additional Credit Type",), note="At least one for each board.",
    ),
    Column(
        heading="Credits Awarded for Credit Type", pointer="/moc/{board}/credit_types/{type}/credits",
        holds=Holds.AMOUNT, group=Group.TYPE,
        other_headings=("Credits Awarded for Additional Credit Type",), note="Amounts of one row are not additive.",
    ),
)  # fmt: skip

OF_OURS: tuple[Column, ...] = (
    Column(
        heading="Occasion", pointer="/occasion", holds=Holds.WHOLE,
        note="2, 3 … for another completion of the same activity on the same day.",
    ),
    Column(
        heading="Special Credit Type", pointer="/cme/0/special_credits/0/type", choice=Choice.SPECIAL_CREDIT,
        note="A part of the CME credits of this row.",
    ),
    Column(
        heading="Special Credit Amount", pointer="/cme/0/special_credits/0/credits", holds=Holds.AMOUNT,
        note="Not above the CME credits.",
    ),
)  # fmt: skip
"""Columns that no template has."""

REMS: tuple[Column, ...] = (
    Column(
        heading="Learner Local ID", pointer="/rems/local_id", holds=Holds.ID, note="The id by which you know them.",
    ),
    Column(heading="Profession", pointer="/rems/profession", choice=Choice.PROFESSION),
    Column(heading="State of Primary Practice", pointer="/rems/state", choice=Choice.STATE),
    Column(heading="DEA Registration", pointer="/rems/dea_registration", choice=Choice.DEA_REGISTRATION),
    Column(heading="Practice Area", pointer="/rems/practice_area", choice=Choice.PRACTICE_AREA),
    Column(
        heading="Performs Surgical Procedures", pointer="/rems/surgical_procedures", holds=Holds.YES_NO,
        choice=Choice.YES_NO,
    ),
    Column(heading="Time in Practice", pointer="/rems/time_in_practice", choice=Choice.TIME_IN_PRACTICE),
)  # fmt: skip

VALIDATIONS: tuple[Column, ...] = (
    Column(heading="First Name", pointer="/first_name", required=True, note="As on the licence."),
    Column(heading="Last Name", pointer="/last_name", required=True, note="As on the licence."),
    Column(
        heading="Date of Birth", pointer="/date_of_birth", holds=Holds.MONTH_DAY, other_headings=("DOB",),
        note="Month and day only, as MM/DD.",
    ),
    Column(heading="Licensing State", pointer="/state", choice=Choice.STATE, other_headings=("State of Licensure",)),
    Column(
        heading="Licensing ID", pointer="/license_id", holds=Holds.ID,
        other_headings=("Licensing ID or NPI", "License ID"),
    ),
    Column(
        heading="Certifying Board", pointer="/board", choice=Choice.BOARD, other_headings=("Board Name",),
    ),
    Column(heading="Certifying Board ID", pointer="/board_id", holds=Holds.ID, other_headings=("Board ID",)),
    Column(heading="NPI", pointer="/npi", holds=Holds.ID),
    Column(heading="Medical School", pointer="/medical_school", choice=Choice.MEDICAL_SCHOOL),
)  # fmt: skip

ACTIVITIES: tuple[Column, ...] = (
    _record_action("Add, Update or Delete"),
    Column(
        heading="ACCME Activity ID", pointer="/activity_id", holds=Holds.ID, other_headings=("Activity ID",),
        note="Of an update or a delete; or the provider's own id.",
    ),
    Column(
        heading="Provider Activity ID", pointer="/internal_id", holds=Holds.ID, other_headings=("Internal ID",),
        note="Your own id; sent again, it never makes a second activity.",
    ),
    Column(heading="Activity Title", pointer="/title", required=True),
    Column(heading="Activity Format", pointer="/format", choice=Choice.FORMAT, required=True),
    Column(heading="Start Date", pointer="/start_date", holds=Holds.DATE, required=True),
    Column(heading="End Date", pointer="/end_date", holds=Holds.DATE, required=True),
    Column(
        heading="Delivery Method", pointer="/delivery_methods", holds=Holds.LIST, choice=Choice.DELIVERY_METHOD,
        note="Several are parted by semicolons.",
    ),
    Column(heading="City", pointer="/location/city"),
    Column(heading="State", pointer="/location/state"),
    Column(heading="Country", pointer="/location/country"),
    Column(heading="Providership", pointer="/providership", choice=Choice.PROVIDERSHIP),
    Column(heading="Joint Provider Name", pointer="/joint_providers", holds=Holds.LIST),
    Column(
        heading="AMA PRA Category 1 Credits", pointer="/ama_pra_credits", holds=Holds.AMOUNT,
        note="The most a learner can earn; of a series, in all of it.",
    ),
    Column(heading="Description", pointer="/description", note="At most 2,500 characters."),
    Column(
        heading="Measured Outcomes", pointer="/measured_outcomes", holds=Holds.LIST, choice=Choice.OUTCOME,
        note="Several are parted by semicolons; (objective) or (subjective) may follow each.",
    ),
    Column(heading="Commercial Support", pointer="/commercial_support", holds=Holds.YES_NO, choice=Choice.YES_NO),
    Column(
        heading="Supporter", pointer="/commercial_support/{n}/source", holds=Holds.LIST,
        note="Several are parted by semicolons; (in-kind) may follow each.",
    ),
    Column(
        heading="Support Amount", pointer="/commercial_support/{n}/amount", holds=Holds.LIST,
        note="Dollars, one for each supporter, parted by semicolons.",
    ),
    Column(heading="Physician Learners", pointer="/learner_counts/physicians", holds=Holds.WHOLE),
    Column(heading="Other Learners", pointer="/learner_counts/others", holds=Holds.WHOLE),
    Column(heading="MIPS", pointer="/mips", holds=Holds.YES_NO, choice=Choice.YES_NO),
    Column(heading="REMS Type", pointer="/rems/type"),
    Column(heading="REMS Identifier", pointer="/rems/identifier"),
    Column(heading="List on CME Passport", pointer="/listing/public", holds=Holds.YES_NO, choice=Choice.YES_NO),
    Column(heading="Activity URL", pointer="/listing/url"),
    Column(heading="Fee", pointer="/listing/fee", choice=Choice.FEE),
    Column(heading="Registration", pointer="/listing/registration", choice=Choice.REGISTRATION),
    Column(
        heading="Close Activity", pointer="/close", holds=Holds.YES_NO, choice=Choice.YES_NO,
        note="Yes closes an activity that has ended and lacks nothing.",
    ),
    Column(heading="Certifying Board", pointer="/moc/{board}/board", choice=Choice.BOARD, group=Group.BOARD),
    Column(heading="MOC Credits", pointer="/moc/{board}/points", holds=Holds.AMOUNT, group=Group.BOARD),
    Column(
        heading="Credit Types", pointer="/moc/{board}/credit_types", holds=Holds.LIST, choice=Choice.CREDIT_TYPE,
        group=Group.BOARD, note="Several are parted by semicolons.",
    ),
    Column(
        heading="Credit Claim Date", pointer="/moc/{board}/credit_claim_date", holds=Holds.DATE, group=Group.BOARD,
    ),
    Column(
        heading="Practice Areas", pointer="/moc/{board}/practice_areas", holds=Holds.LIST, group=Group.BOARD,
    ),
    Column(
        heading="Content Outline", pointer="/moc/{board}/content_outline", holds=Holds.LIST, group=Group.BOARD,
    ),
    Column(
        heading="Attestation", pointer="/moc/{board}/attested", holds=Holds.YES_NO, choice=Choice.YES_NO,
        group=Group.BOARD,
    ),
)  # fmt: skip

VALIDATION_RESULTS = ("Result", "Learner Link", "Boards", "What to do")
"""Columns that the answers to a file of validations add."""
REJECTION = ("Error Codes", "Errors", "What to do")
"""Columns that a rejected file adds after the sender's own; replaced, not repeated, on the next round."""
NOTES = "Notes"
"""The column that a successful file adds: warnings of the row."""


def columns_of(kind: BatchKind) -> tuple[Column, ...]:
    """Return every column that a kind of file may have, those that are optional included."""
    if kind is BatchKind.LEARNER_COMPLETIONS:
        return (*LEARNERS, *REMS, *OF_OURS)
    return ACTIVITIES if kind is BatchKind.ACTIVITIES else VALIDATIONS


def required_headings(kind: BatchKind) -> Iterator[Column]:
    """Yield the columns without whose heading a file is refused as a whole."""
    return (each for each in columns_of(kind) if each.required)
