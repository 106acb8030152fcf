"""The shape of learner reports: one `ActivityReport` for each completion.

MedBiquitous Activity Report with a root of the accreditor's own; the JSON form is that of its published draft.
"""

from __future__ import annotations

from functools import partial

from app.domain.rems import DEA_REGISTRATIONS, PROFESSIONS, TIMES_IN_DOCUMENTS
from app.files.shapes.parts import Content, Occurs, Part
from app.schemas.bounds import longest
from app.schemas.completions import CompletionIn

_report = partial(Part, namespace="http://ns.medbiq.org/activityreport/v1/")
_member = partial(Part, namespace="http://ns.medbiq.org/member/v1/")
_name = partial(Part, namespace="http://ns.medbiq.org/name/v1/")
_text = partial(_report, holds=Content.TEXT)
_longest = partial(longest, CompletionIn)

_NAME = _name(
    name="Name", says="The name as on the licence.", required=True,
    parts=(
        _name(name="GivenName", says="First name.", holds=Content.TEXT, required=True,
              longest=_longest("/learner/first_name")),
        _name(name="FamilyName", says="Last name.", holds=Content.TEXT, required=True,
              longest=_longest("/learner/last_name")),
    ),
)  # fmt: skip
_PERSONAL = _member(
    name="PersonalInfo", says="What tells people of one name apart.",
    parts=(
        _member(name="BirthDate", says="Month and day of birth; a year before them is never stored.",
                holds=Content.BIRTH_DATE),
    ),
)  # fmt: skip
_MEMBER = _member(name="Member", says="Who completed the activity.", required=True, parts=(_NAME, _PERSONAL))
_LOCAL_ID = _text(
    name="LocalIdentifier", says="Your own id of the learner.", required=True, longest=_longest("/rems/local_id"),
    attributes=(Part(name="domain", says="Whose id it is: idd:example.org:learner.", holds=Content.TEXT),),
)  # fmt: skip
_PARTICIPANT = _report(
    name="Participant", says="One learner, of any profession.",
    parts=(
        _LOCAL_ID,
        _text(name="StateOfPrimaryPractice", says="State in which the learner mostly practises.",
              longest=_longest("/rems/state")),
        _text(name="DEARegistration", says="How the learner is registered for controlled substances.",
              values=DEA_REGISTRATIONS),
        _text(name="Profession", says="The learner's profession.", values=PROFESSIONS, required=True),
        _text(name="PracticeArea", says="The field in which the learner practises, of the service's list of them.",
              longest=_longest("/rems/practice_area")),
        _report(name="SurgicalProcedures", says="Whether the learner operates.", holds=Content.YES_NO),
        _text(name="TimeInPractice", says="Years since training.", values=TIMES_IN_DOCUMENTS),
    ),
)  # fmt: skip
_REGULATION = _report(
    name="RegulatoryInformation", says="Only for REMS: the regulation that the activity complies with.",
    parts=(
        _text(name="CompliantToRegulation", says="The address of the regulation.",
              attributes=(Part(name="label", says="Its name: Opioid REMS.", holds=Content.TEXT),)),
    ),
)  # fmt: skip
_CREDIT = _report(
    name="CreditReceived", says="What was awarded.", required=True,
    parts=(
        _text(name="activityCertification", required=True, longest=_longest("/moc/0/credit_types/0/type"),
              says="AMA PRA Category 1 for CME; one of the board's credit types for MOC/CC."),
        _text(name="creditUnit", says="The unit.", values=("Point",), required=True),
        _report(name="numberOfCredits", says="The amount. Amounts of one board are not added up.",
                holds=Content.AMOUNT, required=True),
    ),
)  # fmt: skip
_CERTIFICATE = _report(
    name="CreditCertificate", says="One credit type of one board, or the CME for one state.", occurs=Occurs.MANY,
    parts=(
        _text(
            name="UniqueID", occurs=Occurs.SOMETIMES_AGAIN, required=True, longest=_longest("/moc/0/board_id"),
            says="The learner's number: with a board, a licence of a state, or the NPI.",
            attributes=(Part(name="domain", holds=Content.TEXT, required=True,
                             says="Whose number it is: a board's code, a state's two letters, or NPI."),),
        ),
        _CREDIT,
        _text(name="CreditID", longest=_longest("/client_reference"),
              says="Your own key of the credit, such as ccid:example.org:4711: its status is asked by it."),
    ),
)  # fmt: skip
_MODULE = _report(
    name="Module", says="The activity as the learner completed it.", required=True,
    parts=(
        _text(name="ModuleName", says="The activity's title.", required=True,
              attributes=(Part(name="moduleID", says="Its nine-digit id.", holds=Content.TEXT, required=True),)),
        _text(name="Status", says="Only what was completed is reported.", values=("Completed",), required=True),
        _report(name="CompletedDateTime", says="The day as it is written; no zone ever shifts it.",
                holds=Content.DAY, required=True),
        _CERTIFICATE,
    ),
)  # fmt: skip
_ACTIVITY = _report(
    name="Activity",
    says="What was completed.",
    required=True,
    parts=(_text(name="ProviderOrganization", says="The provider's seven-digit id."), _REGULATION, _MODULE),
)
REPORT = _report(
    name="ActivityReport", says="One completion of one learner.", occurs=Occurs.MANY, required=True,
    parts=(
        _text(name="ReportingOrganization", says="The provider's name."),
        _MEMBER,
        _report(name="Participants", says="Only for REMS: who took part.", parts=(_PARTICIPANT,)),
        _ACTIVITY,
        _report(
            name="XtensibleInfo", says="What the accreditor added.", required=True,
            parts=(
                _text(name="ProviderID", says="The id of whoever sends for the provider."),
                _text(name="LearnerRecordAction", says="add, update or delete.", values=("add", "update", "delete"),
                      required=True),
                _report(name="Occasion", says="Of several completions on one day, which one. An element of our own.",
                        holds=Content.WHOLE),
                _text(name="LearnerLink", says="The link of a validation, in place of name and numbers; our own, too.",
                      longest=_longest("/learner/learner_id")),
            ),
        ),
    ),
)  # fmt: skip
"""One record."""
DOCUMENT = _report(
    name="ACCMELearnerReports", says="Completions of learners.",
    parts=(
        _report(
            name="ActivityReports", says="All of them.", required=True,
            attributes=(Part(name="DateTimeCreated", says="When the document was made.", holds=Content.TEXT),),
            parts=(REPORT,),
        ),
    ),
)  # fmt: skip
"""A document of them."""
