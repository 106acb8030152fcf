"""The Instructions sheet of the templates, as paragraphs; those that begin with `#` are titles."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.batches import BatchKind
from app.files.templates.templates import REMS_FILE, Template

_FILLING = """\
# Filling in

Keep the headings and the row above them. The columns may be in any order. {columns}

{sample}A yellow cell is wrong or missing. A row without yellow cells may still be rejected: {knows}.

{reference}Save the file as a workbook (.xlsx) under a name of your own. Upload one file at a time.

"""
_SAMPLE = "Remove the sample row: if you leave it in, it comes back as a rejected row.\n\n"
_REFERENCE = """\
The Reference sheet lists the accepted values. Full names are accepted wherever codes are, in upper or lower case.

"""
_OWN_COLUMNS = "Columns of your own are kept, but not read."
_NO_OTHER_COLUMNS = "A file with any other column is refused."
_KNOWS = {
    BatchKind.LEARNER_COMPLETIONS: "only the service knows what is registered for the activity, and who the learner is",
    BatchKind.ACTIVITIES: "only the service knows what is registered",
    BatchKind.LEARNER_VALIDATIONS: "only the service knows who the learner is",
    BatchKind.ROSTER: "only the service knows what else is on file",
    BatchKind.TRANSCRIPTS: "only the service knows what can be looked for",
}
_LEARNERS = """\
# Add

Use one row for each learner, activity, day and state of licensure. CME and MOC/CC go in the same row. For a second
state add a second row: it joins the same completion.

CME needs first and last name, month and day of birth, state of licensure (the state of the licence, not of practice),
completion date and amount. The licence ID is needed only where several learners would match; you may give the NPI
instead.

MOC/CC needs first and last name, month and day of birth (ABA and ABP: not required), board, board ID (ABS: not
required), completion date, and at least one credit type with its amount.

Amounts are greater than 0, in steps of 0.25, and are not added up: each credit type is at most the board's total. A
learner can earn at most what the activity was registered for.

With the Learner Link of a validation you may leave names, date of birth and numbers empty.

You may send an accepted row again: it is unchanged, and nothing is counted twice.

# Update

Give Record Action Update, the activity, the learner and the completion date as reported, and the correct amounts. The
row corrects the state and the boards that it fills in.

# Delete

Give Record Action Delete, the activity, the learner and the completion date. The row withdraws the state or boards
that it fills in, or the whole completion when it fills in neither. You may leave amounts empty.

# Permission

You must have the learner's permission to report. You attest it when you upload the file; without that, nothing is
read. You need no permission to delete.

"""
_REMS = """\
# REMS

The activity must be registered for REMS. Give your own id of the learner (Learner Local ID) and the profession;
everything else that you have helps the evaluation. For learners who are not physicians fill in these columns only.

"""
_ACTIVITIES = """\
# Add

Use one row for each activity. Title, format, start and end date are enough to save it. Before learners can be reported
it needs delivery method, providership, AMA credits, description and whether it is listed; and city and state when it
is in person.

A series runs at most 12 months, and its credits are those of the whole series, not of one session. An enduring
material runs at most 3 years.

With your own id (Provider Activity ID) a row is safe to send again: it never makes a second activity.

Separate several values in one cell with semicolons.

# Update

Give Record Action Update, the ACCME Activity ID or your own id, and the cells that change.

# Delete

Give Record Action Delete and one of the two ids. An activity with learners cannot be deleted: withdraw them first.

# Closing

Close Activity Yes closes an activity that has ended and is complete: it needs outcomes, support, numbers of learners,
and for each board attestation, practice areas and credit types.

# Interprofessional education

The columns from Interprofessional on are for jointly accredited providers; all others leave them empty. Write other
credit with its amount, Nursing (2); Pharmacy (1.5), and learners who are no physicians with their number, Nurse (12);
Dentist (3). Other Learners is all of them together: leave it empty to have them added up.

"""
_VALIDATIONS = """\
# Looking for learners

Use one row for each learner. First and last name are needed. Give as much of the rest as you have: the more you
give, the more likely it is that one learner is found.

The answer is one learner, more than one, or none. It comes as a file of your own rows with Result, Learner Link,
Boards and What to do.

Nothing is reported and nothing is stored: a learner who was found still has to be reported. The Learner Link can stand
there in place of names, date of birth and numbers: the learner file has a column for it.

"""
_ROSTER = """\
# Your roster

Use one row for each of your diplomates or licensees. First and last name and your own number are needed; for a person
with one name give that as last name and "-" as first name.

Give month and day of birth, and the NPI where you have it: reports are matched by them. Suffixes such as Jr. have a
column of their own, and so have former last names. Degrees and titles are left out.

The e-mail address, where you have the person's own, confirms their account in CME Passport. It is compared, and nobody
writes to it.

Start and End are the first and the last day of the licence or certification. To end one, send its row with an End.

Send the whole roster or only what is new, as often as you like. Nobody is removed because a row is missing, and what
is left empty stays as it is on file.

A row that contradicts what is on file of the person who has this number or NPI is rejected; nothing of anybody's data
is told. The operator sees what differs.

"""
_LICENSEES = """\
# Looking your licensees up

Use one row for each person. First and last name are needed, and one of these: your own number, a licence number with
its state, a board ID with its board, the NPI, or month and day of birth. A number without its state or board is your
own. All that you give has to fit exactly.

You see whoever has a licence or certification of your board on file. Anybody else is not found, whatever the reason.

Completed From and Completed To narrow what is added up and listed. Where they are empty, the days that you gave with
the file count, or all.

The answer comes as a file of your own rows with what was found, and one with every completed activity. A workbook has
both, as two sheets.

"""
_AFTER = """\
# Afterwards

The upload history shows how many rows were added, changed, deleted and rejected, and offers two files: rejected and
successful rows.

The rejected file has your rows as you sent them, with Error Codes, Errors and What to do after your own columns. Cells
with errors are red, cells with warnings yellow.

Correct the cells, keep everything else, save the file, and upload it: the three columns are not read. A row that you
do not correct comes back as it was.

"""
_TEXTS = {
    BatchKind.LEARNER_COMPLETIONS: _LEARNERS,
    BatchKind.ACTIVITIES: _ACTIVITIES,
    BatchKind.LEARNER_VALIDATIONS: _VALIDATIONS,
    BatchKind.ROSTER: _ROSTER,
    BatchKind.TRANSCRIPTS: _LICENSEES,
}


_QUESTIONS = """\
# Questions

If you cannot find out what is wrong with a row, or a person is not found though everything is right, ask {support}.
"""


def instructions(template: Template, support: str = "") -> Iterator[tuple[bool, str]]:
    """Yield the paragraphs of the sheet, each with whether it is a title; `support` is whom to ask."""
    questions = _QUESTIONS.format(support=" ".join(support.split())) if support else ""
    filling = _FILLING.format(
        columns=_NO_OTHER_COLUMNS if template.kind is BatchKind.ROSTER else _OWN_COLUMNS,
        sample=_SAMPLE if template.sample else "",
        reference=_REFERENCE if template.has_choices else "",
        knows=_KNOWS[template.kind],
    )
    rems = _REMS if template.name == REMS_FILE else ""
    for paragraph in f"{filling}{_TEXTS[template.kind]}{rems}{_AFTER}{questions}".strip().split("\n\n"):
        text = " ".join(paragraph.split("\n"))
        yield text.startswith("# "), text.removeprefix("# ")
