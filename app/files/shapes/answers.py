"""The shapes of what is answered to documents: the records of the request in their order, and what became of each.

The names of the request are kept where they are, without what names a person; what is told stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from app.files.elements import escape_attribute, escape_text
from app.files.shapes.json_form import VALUE
from app.files.shapes.parts import Content, Occurs, Part

_text = partial(Part, holds=Content.TEXT)
_whole = partial(Part, holds=Content.WHOLE)

FINDING = Part(
    name="Finding", says="What a rule found in the record.", occurs=Occurs.MANY,
    parts=(
        _text(name="Rule", says="The rule's id."),
        _text(name="Severity", says="reject or warning.", values=("reject", "warning")),
        _text(name="Place", says="The path of the element within the record."),
        _text(name="Message", says="What is wrong."),
        _text(name="WhatToDo", says="What to do about it."),
        _text(name="LearnerId", says="The completion that stands in the way."),
    ),
)  # fmt: skip
_NUMBER = _whole(name="Number", says="The place of the record in the request, from 1.", required=True)
_CERTIFICATE = Part(
    name="CreditCertificate", says="What became of one certificate.", occurs=Occurs.MANY,
    parts=(
        _text(name="CreditID", says="Your own key of it."),
        _text(name="Board", says="The board that it is for."),
        _text(name="Status", says="Where the credit stands.",
              values=("pending", "accepted", "rejected", "withdrawn", "held", "refused")),
        _text(name="Code", says="Why: the rule, the board's reason, or what happened."),
        _text(name="Message", says="The same in words."),
    ),
)  # fmt: skip
_MODULE = Part(
    name="Module", says="The activity as the learner completed it.",
    parts=(
        Part(name="ModuleName", says="The activity.", attributes=(_text(name="moduleID", says="Its id."),)),
        Part(name="CompletedDateTime", says="The day, as it was read.", holds=Content.DAY),
        _whole(name="Occasion", says="Which of several completions of that day it is."),
        _CERTIFICATE,
    ),
)  # fmt: skip
_REPORT = Part(
    name="ActivityReport", says="One record of the request.", occurs=Occurs.MANY,
    parts=(
        _NUMBER,
        _text(name="Outcome", says="What became of it.", required=True,
              values=("created", "joined", "updated", "unchanged", "deleted", "held", "refused", "found")),
        _text(name="LearnerId", says="The id by which it is asked for, and deleted."),
        _text(name="HeldId", says="The id of a record that waits for its physician."),
        Part(name="Activity", says="What was completed.", parts=(_MODULE,)),
        Part(name="XtensibleInfo", says="What was asked for.", parts=(_text(name="LearnerRecordAction", says="It."),)),
        FINDING,
    ),
)  # fmt: skip
LEARNERS = Part(
    name="ACCMELearnerReports", says="The answer to completions.",
    parts=(
        Part(
            name="ActivityReports", says="All of them.", parts=(_REPORT,),
            attributes=(_text(name="DateTimeCreated", says="When it was answered."),),
        ),
    ),
)  # fmt: skip
_IDENTIFIER = Part(
    name="identifier", says="An id.", occurs=Occurs.MANY,
    parts=(_text(name="catalog", says="What it is."), _text(name="entry", says="The id.")),
)  # fmt: skip
_METRICS = Part(
    name="MedicalEducationMetrics", says="One record of the request.", occurs=Occurs.MANY,
    parts=(
        _NUMBER,
        _text(name="Outcome", says="What became of it.", required=True,
              values=("created", "updated", "unchanged", "closed", "deleted", "refused")),
        Part(
            name="Lom", says="The activity in general.",
            parts=(
                Part(name="general", says="Ids and title.",
                     parts=(_IDENTIFIER, _text(name="title", says="The title."))),
            ),
        ),
        _text(name="ActivityStatus", says="draft, active, ready-to-close or closed."),
        _text(name="Missing", says="What the next status needs.", occurs=Occurs.MANY),
        Part(name="XtensibleInfo", says="What was asked for.", parts=(_text(name="activityRecordAction", says="It."),)),
        FINDING,
    ),
)  # fmt: skip
ACTIVITIES = Part(name="ACCMEActivities", says="The answer to activities.", parts=(_METRICS,))
MATCH = Part(
    name="LearnerMatch", says="Whether what was given fits one physician.",
    parts=(
        _text(name="Result", says="How many it fits.", values=("one", "more_than_one", "none")),
        _text(name="LearnerLink", says="The id that may stand in place of what names the learner."),
        _text(name="Board", says="A board that was named, and is on file.", occurs=Occurs.MANY),
        _text(name="Message", says="What to do next."),
        FINDING,
    ),
)  # fmt: skip
_TRANSCRIPT_CERTIFICATE = Part(
    name="CreditCertificate", says="Credit for one board, as a whole or of one type.", occurs=Occurs.MANY,
    parts=(
        _text(name="Board", says="The board."),
        Part(name="CreditReceived", says="What was awarded.",
             parts=(_text(name="activityCertification", says="The type."), _text(name="creditUnit", says="Point."),
                    Part(name="numberOfCredits", says="The amount.", holds=Content.AMOUNT))),
        _text(name="Status", says="Where it stands."),
    ),
)  # fmt: skip
_TRANSCRIPT_MODULE = Part(
    name="Module", says="The activity.",
    parts=(
        _text(name="ModuleName", says="Its title.", attributes=(_text(name="moduleID", says="Its id."),)),
        _text(name="Status", says="Completed."),
        Part(name="CompletedDateTime", says="The day.", holds=Content.DAY),
        _TRANSCRIPT_CERTIFICATE,
        _text(name="Flag", says="What a reader should know before relying on it.", occurs=Occurs.MANY),
    ),
)  # fmt: skip
_TOTALS = Part(
    name="Totals", says="Sums of credit that was not rejected or withdrawn; never added to each other.",
    parts=(
        Part(name="AMAPRACategory1", says="AMA PRA Category 1 credits.", holds=Content.AMOUNT),
        Part(
            name="BoardTotal", says="Credit for one certifying board.", occurs=Occurs.MANY,
            parts=(
                _text(name="Board", says="The board's code."), _text(name="BoardName", says="Its name."),
                Part(name="numberOfCredits", says="The sum.", holds=Content.AMOUNT),
            ),
        ),
    ),
)  # fmt: skip
_MEMBER = Part(
    name="Member", says="Who it is.",
    parts=(
        Part(name="Name", says="The name.", parts=(_text(name="FullName", says="First and last name."),)),
        Part(
            name="PersonalInfo", says="The licensee's numbers.",
            parts=(
                Part(
                    name="Licensure", says="A licence.", occurs=Occurs.MANY,
                    parts=(
                        _text(name="StateLicensingBoard", says="The board's name."),
                        _text(name="BoardCode", says="The board's code."),
                        _text(name="StateMedicalLicenseID", says="The licence's number."),
                    ),
                ),
                Part(
                    name="Certification", says="A certification.", occurs=Occurs.MANY,
                    parts=(
                        _text(name="CertifyingBoard", says="The board's name."),
                        _text(name="BoardCode", says="The board's code."),
                        _text(name="CertifyingBoardID", says="The number with the board."),
                    ),
                ),
            ),
        ),
    ),
)  # fmt: skip
TRANSCRIPT = Part(
    name="Transcript", says="One learner.", occurs=Occurs.MANY,
    parts=(
        _MEMBER,
        Part(
            name="ActivityTranscript", says="One completion.", occurs=Occurs.MANY,
            parts=(
                Part(name="Activity", says="What was completed.",
                     parts=(_text(name="ReportingOrganization", says="The provider's name."), _TRANSCRIPT_MODULE)),
            ),
        ),
        Part(name="XtensibleInfo", says="What is added.", parts=(_TOTALS,)),
    ),
)  # fmt: skip
TRANSCRIPTS = Part(name="ACCMETranscripts", says="Transcripts of learners.", parts=(TRANSCRIPT,))
"""In JSON a list, in XML an element that holds them."""
CREDITS = Part(
    name="LearnerTranscriptCredits", says="Totals of one learner; none where nobody fits.",
    parts=(replace(_TOTALS, occurs=Occurs.MANY),),
)  # fmt: skip

PLAIN = (LEARNERS, ACTIVITIES, MATCH, TRANSCRIPTS, CREDITS)
"""Answers: no element of theirs has a namespace."""


def write_xml(value: Any, part: Part) -> str:
    """Return an answer, as its JSON form has it, as XML: no namespaces, one line for each element.

    Answers have many elements, and no prefix that would have to be found out: half of the time of a document that is
    read went into writing its answer by way of elements.
    """
    lines: list[str] = []
    _write(value, part, part.name, "", lines)
    return "".join(lines)


_UNKNOWN = Part(name="", says="", holds=Content.TEXT)


def _write(value: Any, part: Part, name: str, indent: str, lines: list[str]) -> None:
    if value is None:
        return
    if isinstance(value, list):
        for one in value:
            _write(one, part, name, indent, lines)
        return
    if not isinstance(value, Mapping):
        text = ("true" if value else "false") if isinstance(value, bool) else escape_text(str(value))
        lines.append(f"{indent}<{name}>{text}</{name}>\n" if text else f"{indent}<{name}/>\n")
        return
    attributes = "".join(
        f' {key}="{escape_attribute(str(value[key]))}"' for key in part.attribute_names if value.get(key) is not None
    )
    text = escape_text(str(value[VALUE])) if VALUE in value else ""
    inner = [
        key
        for key, one in value.items()
        if key != VALUE and key not in part.attribute_names and one is not None and one != []
    ]
    if not inner:
        lines.append(f"{indent}<{name}{attributes}>{text}</{name}>\n" if text else f"{indent}<{name}{attributes}/>\n")
        return
    lines.append(f"{indent}<{name}{attributes}>{text}\n")
    for key in inner:
        _write(value[key], part.by_name.get(key, _UNKNOWN), key, f"{indent}  ", lines)
    lines.append(f"{indent}</{name}>\n")
