"""The columns of files: the one table by which files are mapped, and templates and result files are written.

To add a column: one entry here, and its field in the record. `pointer` is where in a record the column goes, as
findings name it; `{board}` and `{type}` are the places of repeated groups.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from functools import partial

import msgspec

from app.domain.batches import BatchKind


class Holds(enum.Enum):
    """The kind of values in a column, which decides how its cells are read."""

    TEXT = "text"
    """Text."""
    ID = "id"
    """Letters and digits with their leading zeros, which number cells have lost."""
    DATE = "date"
    """A day: a date cell, MM/DD/YYYY, M/D/YYYY or YYYY-MM-DD."""
    MONTH_DAY = "month and day"
    """MM/DD; Excel may have made a date of it."""
    AMOUNT = "amount"
    """Credits, in steps of 0.25."""
    WHOLE = "whole number"
    """A whole number."""
    YES_NO = "yes or no"
    """Yes or No."""
    LIST = "list"
    """Several texts, separated by semicolons."""


class Choice(enum.Enum):
    """The list of accepted values of a column; `choices_of` returns the lists."""

    ACTION = "Record Action"
    STATE = "Licensing State"
    BOARD = "Certifying Board"
    CREDIT_TYPE = "Credit Type"
    SPECIAL_CREDIT = "Special Credit Type"
    PROFESSION = "Profession"
    DEA_REGISTRATION = "DEA Registration"
    PRACTICE_AREA = "Practice Area"
    TIME_IN_PRACTICE = "Time in Practice"
    REMS_TYPE = "REMS Type"
    YES_NO = "Yes or No"
    MEDICAL_SCHOOL = "Medical School"
    FORMAT = "Activity Format"
    DELIVERY_METHOD = "Delivery Method"
    PROVIDERSHIP = "Providership"
    OUTCOME = "Measured Outcomes"
    FEE = "Fee"
    REGISTRATION = "Registration"
    TARGET_PROFESSION = "Target Professions"
    OTHER_CREDIT = "Other Credit Types"
    PHARMACY_TYPE = "Pharmacy Activity Type"
    PHARMACY_TOPIC = "Pharmacy Topic"


class Group(enum.Enum):
    """A group of columns that repeat together."""

    BOARD = "board"
    """Once for each certifying board."""
    TYPE = "type"
    """Once for each credit type of a board, within the board's columns."""


class FileColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column: its heading, its kind of values, and where in a record they go."""

    heading: str
    pointer: str
    holds: Holds = Holds.TEXT
    choice: Choice | None = None
    group: Group | None = None
    required: bool = False
    """Whether a file without the heading is refused as a whole."""
    other_headings: tuple[str, ...] = ()
    """Older and newer headings of it; also the heading of the second and later columns of a repeated pair."""
    note: str = ""
    """The comment on its heading in templates."""
    last: bool = False
    """Whether templates have it after all others, those that repeat included."""


def _record_action(kinds: str) -> FileColumn:
    return FileColumn(heading="Record Action", pointer="/action", choice=Choice.ACTION, required=True, note=f"{kinds}.")


_CME_NOTE = "CME: one row for each state."
_MOC_NOTE = "MOC/CC: repeat these columns for each certifying board."

LEARNER_LINK = "/learner/learner_id"
STANDS_FOR = frozenset(("/learner/first_name", "/learner/last_name", "/learner/date_of_birth"))
"""Columns that a file with learner links may lack."""

LEARNERS: tuple[FileColumn, ...] = (
    _record_action("Add, Update or Delete"),
    FileColumn(
        heading="ACCME Activity ID", pointer="/activity_id", holds=Holds.ID, required=True,
        other_headings=("Activity ID",), note="Nine digits.",
    ),
    FileColumn(
        heading="Completion Date", pointer="/completed_on", holds=Holds.DATE, required=True,
        other_headings=("Date Completed",), note="MM/DD/YYYY.",
    ),
    FileColumn(heading="First Name", pointer="/learner/first_name", required=True, note="As on the licence."),
    FileColumn(heading="Last Name", pointer="/learner/last_name", required=True, note="As on the licence."),
    FileColumn(
        heading="Date of Birth", pointer="/learner/date_of_birth", holds=Holds.MONTH_DAY, required=True,
        other_headings=("DOB",), note="Month and day only, as MM/DD (ex. 03/14).",
    ),
    FileColumn(
        heading="Licensing State", pointer="/cme/0/state", choice=Choice.STATE,
        other_headings=("State of Licensure",), note=_CME_NOTE,
    ),
    FileColumn(
        heading="Licensing ID", pointer="/cme/0/license_id", holds=Holds.ID,
        other_headings=("Licensing ID or NPI", "License ID"),
        note="Where it is needed to tell learners apart; or the NPI.",
    ),
    FileColumn(
        heading="Number of CME Credits", pointer="/cme/0/credits", holds=Holds.AMOUNT, note="In steps of 0.25.",
    ),
    FileColumn(
        heading="Certifying Board", pointer="/moc/{board}/board", choice=Choice.BOARD, group=Group.BOARD,
        note=_MOC_NOTE,
    ),
    FileColumn(
        heading="Certifying Board ID", pointer="/moc/{board}/board_id", holds=Holds.ID, group=Group.BOARD,
        note="The learner's ID with the board, not the licence.",
    ),
    FileColumn(
        heading="Total Board Credits", pointer="/moc/{board}/total_credits", holds=Holds.AMOUNT, group=Group.BOARD,
        note="Not the sum of the types.",
    ),
    FileColumn(
        heading="Credit Type", pointer="/moc/{board}/credit_types/{type}/type", choice=Choice.CREDIT_TYPE,
        group=Group.TYPE, other_headings=("Additional Credit Type",), note="At least one for each board.",
    ),
    FileColumn(
        heading="Credits Awarded for Credit Type", pointer="/moc/{board}/credit_types/{type}/credits",
        holds=Holds.AMOUNT, group=Group.TYPE,
        other_headings=("Credits Awarded for Additional Credit Type",), note="Amounts of one row are not additive.",
    ),
    FileColumn(
        heading="Learner Link", pointer=LEARNER_LINK, last=True,
        note="From a validation: it stands in place of names, date of birth and numbers.",
    ),
)  # fmt: skip

EXTRAS: tuple[FileColumn, ...] = (
    FileColumn(
        heading="Occasion", pointer="/occasion", holds=Holds.WHOLE,
        note="2, 3 … for another completion of the same activity on the same day.",
    ),
    FileColumn(
        heading="Special Credit Type", pointer="/cme/0/special_credits/0/type", choice=Choice.SPECIAL_CREDIT,
        note="A part of the CME credits of this row.",
    ),
    FileColumn(
        heading="Special Credit Amount", pointer="/cme/0/special_credits/0/credits", holds=Holds.AMOUNT,
        note="Not above the CME credits.",
    ),
)  # fmt: skip
"""Columns that no template has."""

REMS: tuple[FileColumn, ...] = (
    FileColumn(
        heading="Learner Local ID", pointer="/rems/local_id", holds=Holds.ID, note="Your own id for the learner.",
    ),
    FileColumn(heading="Profession", pointer="/rems/profession", choice=Choice.PROFESSION),
    FileColumn(heading="State of Primary Practice", pointer="/rems/state", choice=Choice.STATE),
    FileColumn(heading="DEA Registration", pointer="/rems/dea_registration", choice=Choice.DEA_REGISTRATION),
    FileColumn(heading="Practice Area", pointer="/rems/practice_area", choice=Choice.PRACTICE_AREA),
    FileColumn(
        heading="Performs Surgical Procedures", pointer="/rems/surgical_procedures", holds=Holds.YES_NO,
        choice=Choice.YES_NO,
    ),
    FileColumn(heading="Time in Practice", pointer="/rems/time_in_practice", choice=Choice.TIME_IN_PRACTICE),
)  # fmt: skip

VALIDATIONS: tuple[FileColumn, ...] = (
    FileColumn(heading="First Name", pointer="/first_name", required=True, note="As on the licence."),
    FileColumn(heading="Last Name", pointer="/last_name", required=True, note="As on the licence."),
    FileColumn(
        heading="Date of Birth", pointer="/date_of_birth", holds=Holds.MONTH_DAY, other_headings=("DOB",),
        note="Month and day only, as MM/DD.",
    ),
    FileColumn(
        heading="Licensing State", pointer="/state", choice=Choice.STATE, other_headings=("State of Licensure",),
    ),
    FileColumn(
        heading="Licensing ID", pointer="/license_id", holds=Holds.ID,
        other_headings=("Licensing ID or NPI", "License ID"),
    ),
    FileColumn(
        heading="Certifying Board", pointer="/board", choice=Choice.BOARD, other_headings=("Board Name",),
    ),
    FileColumn(heading="Certifying Board ID", pointer="/board_id", holds=Holds.ID, other_headings=("Board ID",)),
    FileColumn(heading="NPI", pointer="/npi", holds=Holds.ID),
    FileColumn(heading="Medical School", pointer="/medical_school", choice=Choice.MEDICAL_SCHOOL),
)  # fmt: skip

_of_joint = partial(FileColumn, last=True)
_PHARMACY = "/joint_accreditation/pharmacy"
JOINT: tuple[FileColumn, ...] = (
    _of_joint(heading="Interprofessional", pointer="/joint_accreditation/interprofessional", holds=Holds.YES_NO,
              choice=Choice.YES_NO, note="This and what follows: jointly accredited providers only."),
    _of_joint(heading="Target Professions", pointer="/joint_accreditation/professions", holds=Holds.LIST,
              choice=Choice.TARGET_PROFESSION, note="Separate several with semicolons."),
    _of_joint(heading="Other Credit Types", pointer="/joint_accreditation/credits", holds=Holds.LIST,
              choice=Choice.OTHER_CREDIT, note="Each with its amount: Nursing (2); Pharmacy (1.5)."),
    _of_joint(heading="Learners by Profession", pointer="/learner_counts/professions", holds=Holds.LIST,
              choice=Choice.TARGET_PROFESSION, note="Other learners, each with a number: Nurse (12); Dentist (3)."),
    _of_joint(heading="Pharmacy Activity Type", pointer=f"{_PHARMACY}/activity_type", choice=Choice.PHARMACY_TYPE),
    _of_joint(heading="Pharmacy Topic", pointer=f"{_PHARMACY}/topic", choice=Choice.PHARMACY_TOPIC),
    _of_joint(heading="Pharmacy Live Date", pointer=f"{_PHARMACY}/live_date", holds=Holds.DATE),
    _of_joint(heading="Pharmacy Sequence Number", pointer=f"{_PHARMACY}/sequence_number", holds=Holds.WHOLE),
    _of_joint(heading="UAN Pharmacists", pointer=f"{_PHARMACY}/universal_activity_number",
              other_headings=("UAN Pharmacy",), note="Universal activity number, ending in P."),
    _of_joint(heading="UAN Pharmacy Technicians", pointer=f"{_PHARMACY}/technician_activity_number",
              other_headings=("UAN Pharmacy Tech",), note="Universal activity number, ending in T."),
)  # fmt: skip
"""Columns of jointly accredited providers, after those of boards."""
ACTIVITIES: tuple[FileColumn, ...] = (
    _record_action("Add, Update or Delete"),
    FileColumn(
        heading="ACCME Activity ID", pointer="/activity_id", holds=Holds.ID, other_headings=("Activity ID",),
        note="To update or delete an activity; or give your own id.",
    ),
    FileColumn(
        heading="Provider Activity ID", pointer="/internal_id", holds=Holds.ID, other_headings=("Internal ID",),
        note="Your own id; sent again, it never makes a second activity.",
    ),
    FileColumn(heading="Activity Title", pointer="/title", required=True),
    FileColumn(heading="Activity Format", pointer="/format", choice=Choice.FORMAT, required=True),
    FileColumn(heading="Start Date", pointer="/start_date", holds=Holds.DATE, required=True),
    FileColumn(heading="End Date", pointer="/end_date", holds=Holds.DATE, required=True),
    FileColumn(
        heading="Delivery Method", pointer="/delivery_methods", holds=Holds.LIST, choice=Choice.DELIVERY_METHOD,
        note="Separate several with semicolons.",
    ),
    FileColumn(heading="City", pointer="/location/city"),
    FileColumn(heading="State", pointer="/location/state"),
    FileColumn(heading="Country", pointer="/location/country"),
    FileColumn(heading="Providership", pointer="/providership", choice=Choice.PROVIDERSHIP),
    FileColumn(heading="Joint Provider Name", pointer="/joint_providers", holds=Holds.LIST),
    FileColumn(
        heading="AMA PRA Category 1 Credits", pointer="/ama_pra_credits", holds=Holds.AMOUNT,
        note="The most that a learner can earn; for a series, in the whole series.",
    ),
    FileColumn(heading="Description", pointer="/description", note="At most 2,500 characters."),
    FileColumn(
        heading="Measured Outcomes", pointer="/measured_outcomes", holds=Holds.LIST, choice=Choice.OUTCOME,
        note="Separate several with semicolons; (objective) or (subjective) may follow each.",
    ),
    FileColumn(heading="Commercial Support", pointer="/commercial_support", holds=Holds.YES_NO, choice=Choice.YES_NO),
    FileColumn(
        heading="Supporter", pointer="/commercial_support/{n}/source", holds=Holds.LIST,
        note="Separate several with semicolons; (in-kind) may follow each.",
    ),
    FileColumn(
        heading="Support Amount", pointer="/commercial_support/{n}/amount", holds=Holds.LIST,
        note="Dollars, one amount for each supporter, separated by semicolons.",
    ),
    FileColumn(heading="Physician Learners", pointer="/learner_counts/physicians", holds=Holds.WHOLE),
    FileColumn(heading="Other Learners", pointer="/learner_counts/others", holds=Holds.WHOLE),
    FileColumn(heading="MIPS", pointer="/mips", holds=Holds.YES_NO, choice=Choice.YES_NO),
    FileColumn(heading="REMS Type", pointer="/rems/type", choice=Choice.REMS_TYPE),
    FileColumn(heading="REMS Identifier", pointer="/rems/identifier"),
    FileColumn(heading="List on CME Passport", pointer="/listing/public", holds=Holds.YES_NO, choice=Choice.YES_NO),
    FileColumn(heading="Activity URL", pointer="/listing/url"),
    FileColumn(heading="Fee", pointer="/listing/fee", choice=Choice.FEE),
    FileColumn(heading="Registration", pointer="/listing/registration", choice=Choice.REGISTRATION),
    FileColumn(
        heading="Close Activity", pointer="/close", holds=Holds.YES_NO, choice=Choice.YES_NO,
        note="Yes closes an activity that has ended and is complete.",
    ),
    *JOINT,
    FileColumn(heading="Certifying Board", pointer="/moc/{board}/board", choice=Choice.BOARD, group=Group.BOARD),
    FileColumn(heading="MOC Credits", pointer="/moc/{board}/points", holds=Holds.AMOUNT, group=Group.BOARD),
    FileColumn(
        heading="Credit Types", pointer="/moc/{board}/credit_types", holds=Holds.LIST, choice=Choice.CREDIT_TYPE,
        group=Group.BOARD, note="Separate several with semicolons.",
    ),
    FileColumn(
        heading="Credit Claim Date", pointer="/moc/{board}/credit_claim_date", holds=Holds.DATE, group=Group.BOARD,
    ),
    FileColumn(
        heading="Practice Areas", pointer="/moc/{board}/practice_areas", holds=Holds.LIST, group=Group.BOARD,
    ),
    FileColumn(
        heading="Content Outline", pointer="/moc/{board}/content_outline", holds=Holds.LIST, group=Group.BOARD,
    ),
    FileColumn(
        heading="Attestation", pointer="/moc/{board}/attested", holds=Holds.YES_NO, choice=Choice.YES_NO,
        group=Group.BOARD,
    ),
)  # fmt: skip

ROSTER: tuple[FileColumn, ...] = (
    FileColumn(heading="First Name", pointer="/first_name", required=True, note='"-" for a person with one name.'),
    FileColumn(heading="Middle Name", pointer="/middle_name"),
    FileColumn(heading="Last Name", pointer="/last_name", required=True, note="Without degrees and titles."),
    FileColumn(heading="Suffix", pointer="/suffix", note="Jr., Sr., II, III … No degrees."),
    FileColumn(
        heading="Other Last Names", pointer="/other_last_names", holds=Holds.LIST,
        other_headings=("Other Last Name", "Former Last Name", "Former Last Names", "Maiden Name"),
        note="Former and further ones. Separate several with semicolons.",
    ),
    FileColumn(
        heading="Date of Birth", pointer="/date_of_birth", holds=Holds.MONTH_DAY, other_headings=("DOB",),
        note="Month and day only, as MM/DD.",
    ),
    FileColumn(
        heading="Board ID", pointer="/board_id", holds=Holds.ID, required=True,
        other_headings=(
            "Licence Number", "License Number", "Licence ID", "License ID", "Licensing ID", "Certifying Board ID",
            "Certificate Number", "Diplomate ID",
        ),
        note="Your own number for the person: board ID or licence number, with its leading zeros.",
    ),
    FileColumn(heading="NPI", pointer="/npi", holds=Holds.ID),
    FileColumn(
        heading="E-mail", pointer="/email", other_headings=("Email", "E-mail Address", "Email Address", "Mail"),
        note="Their own address: it confirms their account in CME Passport. It is compared, and never written to.",
    ),
    FileColumn(
        heading="Start", pointer="/start_date", holds=Holds.DATE, other_headings=("Start Date",),
        note="First day of the licence or certification, MM/DD/YYYY.",
    ),
    FileColumn(
        heading="End", pointer="/end_date", holds=Holds.DATE, other_headings=("End Date",),
        note="Last day, MM/DD/YYYY. Empty while none is known.",
    ),
)  # fmt: skip
"""What a board may say of a person, and nothing else: any other column is refused."""

_VALIDATED = {column.pointer: column for column in VALIDATIONS}
LICENSEES: tuple[FileColumn, ...] = (
    *(_VALIDATED[pointer] for pointer in ("/first_name", "/last_name", "/date_of_birth", "/state")),
    FileColumn(
        heading="Licensing ID", pointer="/license_id", holds=Holds.ID,
        other_headings=(
            "Licensing ID or NPI", "License ID", "Licence ID", "License Number", "Licence Number",
        ),
        note="Without a state, your own number.",
    ),
    _VALIDATED["/board"],
    FileColumn(
        heading="Certifying Board ID", pointer="/board_id", holds=Holds.ID,
        other_headings=("Board ID", "Certificate Number", "Diplomate ID"), note="Without a board, your own number.",
    ),
    _VALIDATED["/npi"],
    FileColumn(
        heading="Completed From", pointer="/completed_from", holds=Holds.DATE,
        note="First day of completion, MM/DD/YYYY. Empty for that of the whole file.",
    ),
    FileColumn(
        heading="Completed To", pointer="/completed_to", holds=Holds.DATE,
        note="Last day of completion, MM/DD/YYYY. Empty for that of the whole file.",
    ),
)  # fmt: skip
"""Whose transcripts a board asks for: what `POST /v1/transcripts:search` takes."""

NAME_ON_FILE = "Name on File"
"""The column of a file of transcripts by which it is known as ours when it comes back."""
VALIDATION_RESULTS = ("Result", "Learner Link", "Boards", "What to do")
"""Columns that answers add to a file of validations."""
REJECTION = ("Errors", "What to do", "Error Codes")
"""Columns that a rejected file has after the sender's own; on the next round they are replaced, not repeated."""
NOTES = "Notes"
"""The column that a successful file has after the sender's own: the row's warnings."""


_COLUMNS = {
    BatchKind.LEARNER_COMPLETIONS: (*LEARNERS, *REMS, *EXTRAS),
    BatchKind.ACTIVITIES: ACTIVITIES,
    BatchKind.LEARNER_VALIDATIONS: VALIDATIONS,
    BatchKind.ROSTER: ROSTER,
    BatchKind.TRANSCRIPTS: LICENSEES,
}


def columns_of(kind: BatchKind) -> tuple[FileColumn, ...]:
    """Return every column that a kind of file may have."""
    return _COLUMNS[kind]


def required_headings(kind: BatchKind) -> Iterator[FileColumn]:
    """Yield the columns without which a file is refused as a whole."""
    return (column for column in columns_of(kind) if column.required)
