"""The Instructions sheet of the templates: paragraphs, those that begin with `#` being titles."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.batches import BatchKind
from app.files.templates.templates import REMS_FILE, Template

_FILLING = """\
# Filling in

Keep the headings and the row above them. Columns may stand in any order, and columns of your own are kept and not
read.

Remove the sample row: a file that still has it gets that row back as rejected.

A yellow cell is wrong or missing. A row without yellow cells may still be rejected: what is registered for the
activity, and who the learner is, only the service knows.

The Reference sheet lists what is accepted. Names in full are accepted wherever codes are, in capitals or not.

Save the file as a workbook (.xlsx) under a name of your own. One file is uploaded at a time.

"""
_LEARNERS = """\
# Add

One row for each learner, activity, day and state of licensure. CME and MOC/CC stand in the same row. A second state
is a second row: it joins the same completion.

CME needs first and last name, month and day of birth, state of licensure (the state of the licence, not of practice),
completion date and amount. The licence ID is only needed where several learners would fit; an NPI may stand there
instead.

MOC/CC needs first and last name, month and day of birth (ABA and ABP: not required), board, board ID (ABS: not
required), completion date, and at least one credit type with its amount.

Amounts are greater than 0, in steps of 0.25, and not added up: each credit type is at most the board's total. What
the activity was registered for is the most that a learner can earn.

A row that was accepted may be sent again: it is unchanged, nothing is counted twice.

# Update

Record Action Update, with activity, learner and completion date as reported, and the amounts as they should be. It
corrects the state and boards that the row fills in.

# Delete

Record Action Delete, with activity, learner and completion date. It withdraws the state or boards that the row fills
in, or the whole completion when it fills in neither. Amounts may be left empty.

# Permission

You must have the learner's permission to report. You attest it when you upload the file; without that nothing is
read. Deleting needs none.

"""
_REMS = """\
# REMS

The activity must be registered for REMS. Give the id by which you know the learner (Learner Local ID) and the
profession; whatever else you have helps the evaluation. Learners who are no physicians are reported with these
columns only.

"""
_ACTIVITIES = """\
# Add

One row for each activity. Title, format, start and end date are enough to save it; learners can be reported once
delivery method, providership, AMA credits, description and the choice of listing are given, and city and state when
in person.

A series runs at most 12 months, and its credits are those of the whole series, not of one session. An enduring
material runs at most 3 years.

Your own id (Provider Activity ID) makes a row safe to send again: it never makes a second activity.

Several values of one cell are parted by semicolons.

# Update

Record Action Update, with the ACCME Activity ID or your own id, and the cells that change.

# Delete

Record Action Delete, with one of the two ids. An activity with learners cannot be deleted: withdraw them first.

# Closing

Close Activity Yes closes an activity that has ended and lacks nothing: outcomes, support, numbers of learners, and
for each board attestation, practice areas, credit types.

"""
_VALIDATIONS = """\
# Looking for learners

One row for each learner. First and last name are needed, and any of the rest; the more is given, the more likely it
is that one learner is found.

The answer is one learner, more than one, or none. It comes as a file of your own rows with Result, Learner Link,
Boards and What to do.

Nothing is reported and nothing is kept: a learner who was found still has to be reported.

"""
_AFTER = """\
# Afterwards

The upload history shows how many rows were added, changed, deleted and rejected, and offers two files: rejected and
successful rows.

The rejected file holds your rows as you sent them, with Error Codes, Errors and What to do after your own columns.
Cells at fault are red, cells to look at yellow.

Correct the cells, keep everything else, save it, and upload it as it is: the three columns are not read. A row that
is not corrected comes back as it was.

"""
_TEXTS = {
    BatchKind.LEARNER_COMPLETIONS: _LEARNERS,
    BatchKind.ACTIVITIES: _ACTIVITIES,
    BatchKind.LEARNER_VALIDATIONS: _VALIDATIONS,
}


def instructions(template: Template) -> Iterator[tuple[bool, str]]:
    """Yield the paragraphs of the sheet, each with whether it is a title."""
    rems = _REMS if template.name == REMS_FILE else ""
    for paragraph in f"{_FILLING}{_TEXTS[template.kind]}{rems}{_AFTER}".strip().split("\n\n"):
        text = " ".join(paragraph.split("\n"))
        yield text.startswith("# "), text.removeprefix("# ")
