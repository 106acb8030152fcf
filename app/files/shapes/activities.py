"""The shape of activity documents: one `MedicalEducationMetrics` for each activity.

MedBiquitous Medical Education Metrics with the accreditor's own elements; as its published draft has them.
"""

from __future__ import annotations

from functools import partial

from app.domain.choices import (
    ACTIONS,
    DeliveryMethod,
    Fee,
    OutcomeMeasured,
    PharmacyActivityType,
    PharmacyTopic,
    Providership,
    RegistrationMode,
)
from app.domain.formats import ACTIVITY_FORMATS
from app.files.shapes.parts import Content, Occurs, Part
from app.schemas.activities import ActivityIn
from app.schemas.bounds import longest

_lom = partial(Part, namespace="http://ns.medbiq.org/lom/extend/v1/")
_text = partial(Part, holds=Content.TEXT)
_yes_no = partial(Part, holds=Content.YES_NO)
_day = partial(Part, holds=Content.DAY)
_longest = partial(longest, ActivityIn)

FEES = {Fee.YES: "Yes", Fee.NO: "No, it\u2019s free", Fee.VARIABLE: "Variable"}
"""Whether it costs anything, as documents say it."""
REGISTRATION_MODES = {RegistrationMode.OPEN: "Open to all", RegistrationMode.LIMITED: "Limited"}
"""Who may register, as documents say it."""
_IDENTIFIER = _lom(
    name="identifier", occurs=Occurs.MANY, says="An id, or the address where learners find the activity.",
    parts=(
        _lom(name="catalog", says="What it is.", holds=Content.TEXT, required=True,
             values=("ACCME Activity ID", "Provider Activity ID", "URL")),
        _lom(name="entry", says="The id or the address.", holds=Content.TEXT, required=True,
             longest=_longest("/listing/url")),
    ),
)  # fmt: skip
_KEYWORD = _lom(
    name="keyword", occurs=Occurs.MANY, says="A place in the outline of the anaesthesiologists' board.",
    parts=(
        _lom(name="id", says="Level 3 ID, Tag ID or Free Text.", holds=Content.TEXT),
        _lom(name="source", says="First or second selection: 01_ABAMCO or 02_ABAMCO.", holds=Content.TEXT),
        _lom(name="string", says="The number in the outline, or a text.", holds=Content.TEXT, required=True),
    ),
)  # fmt: skip
_LOM = _lom(
    name="Lom", says="The activity in general.", required=True,
    parts=(
        _lom(
            name="general", says="Ids, title, description.", required=True,
            parts=(
                _IDENTIFIER,
                _lom(name="title", says="The title.", holds=Content.TEXT, required=True, longest=_longest("/title")),
                _lom(name="description", says="What learners will be able to do.", holds=Content.TEXT,
                     longest=_longest("/description")),
                _KEYWORD,
            ),
        ),
    ),
)  # fmt: skip
_CREDITS = Part(
    name="credits", occurs=Occurs.SOMETIMES_AGAIN, says="Credit of accreditation; for a series, of the whole series.",
    parts=(
        _text(name="activityCertification", says="AMA PRA Category 1; jointly accredited providers have others."),
        Part(name="numberOfCredits", says="The most that a learner can earn.", holds=Content.AMOUNT),
        _text(name="nonAccreditedProvider", says="A joint provider that is not accredited.", occurs=Occurs.MANY,
              longest=_longest("/joint_providers/0")),
    ),
)  # fmt: skip
_LOCATION = Part(
    name="activityLocation", says="Where it takes place; needed when learners come to it.",
    parts=(
        _text(name="city", says="City."),
        _text(name="stateOrProvince", says="State, in two letters within the USA."),
        _text(name="country", says="Country, in three letters."),
    ),
)  # fmt: skip
_AUDIENCE = Part(
    name="targetAudience", says="Whom it is meant for.",
    parts=(
        _text(name="profession", says="A profession; of jointly accredited providers.", occurs=Occurs.MANY),
        _text(name="specialty", says="A specialty.", occurs=Occurs.MANY),
    ),
)  # fmt: skip
_EDUCATION = _lom(
    name="healthcareMetadata", says="The activity as education.", required=True,
    parts=(
        _lom(
            name="healthcareEducation", says="Credit, place, time, format.", required=True,
            parts=(
                _CREDITS, _LOCATION,
                _day(name="startDateTime", says="First day, as it is written.", required=True),
                _day(name="endDateTime", says="Last day, as it is written.", required=True),
                _text(name="activitySponsorship", says="direct or joint.",
                      values=tuple(member.value for member in Providership)),
                _text(name="activityFormat", says="The format.", required=True,
                      values=tuple(kind.name for kind in ACTIVITY_FORMATS)),
                _yes_no(name="commercialSupport", says="Whether there was commercial support."),
                _AUDIENCE,
            ),
        ),
    ),
)  # fmt: skip
_SUPPORT = Part(
    name="commercialSupportAmount", says="How much one supporter gave.", occurs=Occurs.MANY, holds=Content.MONEY,
    attributes=(
        _text(name="currency", says="USD."),
        _text(name="supportSource", says="Who gave it.", required=True),
    ),
)  # fmt: skip
_PARTICIPANTS = Part(
    name="participantsByCategory", says="How many of a profession took part.", occurs=Occurs.MANY,
    parts=(
        _text(name="category", says="The profession: physician, other, and others of joint accreditation.",
              required=True),
        Part(name="numberOfParticipants", says="How many.", holds=Content.WHOLE, required=True),
    ),
)  # fmt: skip
_OUTCOME = Part(
    name="MeasuredOutcomes", says="One kind of change that was measured.", occurs=Occurs.MANY,
    parts=(
        _text(name="MeasuredOutcome", says="What changed.", values=OutcomeMeasured.labels(), required=True),
        _text(name="MeasurementType", says="How it was measured.", values=("Objective", "Subjective"),
              occurs=Occurs.MANY),
    ),
)  # fmt: skip
_REGISTRATION = Part(
    name="MOCRegistration", says="One certifying board.", occurs=Occurs.MANY,
    parts=(
        _text(name="boardName", says="The board's code.", required=True),
        Part(name="mocPoints", says="The most points that a learner can earn.", holds=Content.AMOUNT),
        _text(name="MOCCreditType", says="A credit type of the board.", occurs=Occurs.MANY),
        _day(name="CreditClaimDate", says="Last completion for this board; the last day where it is left out."),
    ),
)  # fmt: skip
_OUTLINE = Part(
    name="ContentOutlineSelections", says="Places in one board's outline.", occurs=Occurs.MANY,
    parts=(
        _text(name="ContentOutlineSource", says="The board's code."),
        Part(
            name="ContentOutlineKeys", says="One place.", occurs=Occurs.MANY,
            parts=(
                _text(name="ContentKeyword", says="What the value is."),
                _text(name="ContentKeywordValue", says="The number or text.", required=True),
            ),
        ),
    ),
)  # fmt: skip
_REMS = Part(
    name="REMS", says="The risk-mitigation programme.",
    parts=(
        _text(name="REMSType", says="Opioid Analgesic or Mycophenolate.", required=True),
        _text(name="REMSRelatedIdentifier", says="The number that the programme gave."),
    ),
)  # fmt: skip


def _list_of(name: str, one: str, says: str, *values: str) -> Part:
    """Return an element with several of one kind in it."""
    return Part(name=name, says=says, parts=(_text(name=one, says="One of them.", values=values, occurs=Occurs.MANY),))


_XTENSIBLE = Part(
    name="XtensibleInfo", says="What the accreditor added.", required=True,
    parts=(
        _text(name="ProviderID", says="The id of whoever sends for the provider."),
        _yes_no(name="isInterprofessional", says="Whether it is interprofessional education."),
        _list_of("CommendationTags", "CommendationTag", "Tags of accreditation with commendation."),
        Part(
            name="InKindSupports", says="Support other than money.",
            parts=(
                Part(name="InKindSupport", says="One supporter.", occurs=Occurs.MANY,
                     parts=(_text(name="source", says="Who gave it.", required=True),)),
            ),
        ),
        _list_of("DeliveryMethods", "DeliveryMethod", "How it is delivered.", *DeliveryMethod.labels()),
        _OUTCOME,
        Part(name="MOCRegistrations", says="Certifying boards that take its points.", parts=(_REGISTRATION,)),
        Part(name="ContentOutlines", says="Places in the boards' outlines.", parts=(_OUTLINE,)),
        _yes_no(name="ForPublicList", says="Whether physicians find it in the public search."),
        _text(name="FeeForParticipation", says="Whether it costs anything.", values=tuple(FEES.values())),
        _text(name="ActivityRegistration", says="Who may register.", values=tuple(REGISTRATION_MODES.values())),
        _yes_no(name="IsMeritBasedIncentivePaymentSystem", says="Whether it counts for MIPS."),
        _REMS,
        _text(name="PharmacyActivityType", says="Of pharmacists' education: what kind it is.",
              values=PharmacyActivityType.labels()),
        _text(name="PharmacyActivityTopic", says="What it is about.", values=PharmacyTopic.labels()),
        _day(name="PharmacyLiveDate", says="When the live part of a certificate program begins."),
        _text(name="PharmacySequenceNumber", says="The number that the provider gave it, 1 to 9999."),
        _text(name="UANPharmacy", says="Its universal activity number for pharmacists.",
              longest=_longest("/joint_accreditation/pharmacy/universal_activity_number")),
        _text(name="UANPharmacyTech", says="Its universal activity number for pharmacy technicians.",
              longest=_longest("/joint_accreditation/pharmacy/technician_activity_number")),
        _text(name="activityRecordAction", says="Add, Update or Delete.", values=ACTIONS),
        _yes_no(name="closeActivityRecord", says="Whether the activity's record is closed for the year."),
    ),
)  # fmt: skip
RECORD = Part(
    name="MedicalEducationMetrics", says="One activity.", occurs=Occurs.MANY, required=True,
    parts=(
        Part(
            name="ReportDescription", says="The year that it belongs to.",
            parts=(
                _text(name="ReportingStartDate", says="Year or day in which it begins."),
                _text(name="ReportingEndDate", says="Year or day in which it ends."),
            ),
        ),
        Part(name="ActivityDescription", says="Who supported it.", parts=(_SUPPORT,)),
        _LOM, _EDUCATION,
        Part(name="ParticipationMetrics", says="Who took part.", parts=(_PARTICIPANTS,)),
        _XTENSIBLE,
    ),
)  # fmt: skip
"""One record."""
DOCUMENT = Part(name="ACCMEActivities", says="Activities of a provider.", parts=(RECORD,))
"""A document of them."""
