"""Files of activities and of validations: rows, lines and documents become what a request would say."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.activities import Activity, Registration
from app.domain.batches import Cell, FileFault, FileFormat, RawRow
from app.domain.columns import ACTIVITIES, VALIDATIONS
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import Action
from app.domain.template_samples import ACTIVITY
from app.files.mapping.activity_bodies import ActivityRecord
from app.schemas.activities import EXAMPLE
from tests.builders.judging import CATALOGUE, PROVIDER, advised
from tests.builders.raw_records import activity, an_element, headings_of, validations

BOARD = headings_of(ACTIVITIES)[-7:]
HEADINGS = headings_of(ACTIVITIES) + BOARD
SERIES: dict[str, Cell] = {
    "Record Action": "Add", "Provider Activity ID": "GR-2026", "Activity Title": "Grand Rounds",
    "Activity Format": "RSS", "Start Date": {"d": "2026-01-17", "f": "m/d/yy"}, "End Date": "12/17/2026",
    "Delivery Method": "In-Person; Live-Streamed", "City": "Portland", "State": "ME", "Country": "USA",
    "Providership": "Joint", "Joint Provider Name": "General Hospital; State Society",
    "AMA PRA Category 1 Credits": 52.0, "Description": "Weekly.",
    "Measured Outcomes": "Learner Competence (objective);Patient Health (Subjective); Learner Knowledge",
    "Commercial Support": "Yes", "Supporter": "Acme Devices (in-kind); Pharma", "Support Amount": "$1,250.00; 300",
    "Physician Learners": 30.0, "Other Learners": "5", "MIPS": "No", "REMS Type": "Opioid", "REMS Identifier": "R-1",
    "List on CME Passport": "Yes", "Activity URL": "https://education.example.org/gr", "Fee": "Variable",
    "Registration": "Open", "Close Activity": "Yes",
    "Certifying Board": "ABA", "MOC Credits": "50", "Credit Types": "Lifelong Learning; Patient Safety",
    "Credit Claim Date": "3/31/2027", "Practice Areas": "Anesthesiology", "Content Outline": "1.2.3;1.2.4",
    "Attestation": "Yes",
}  # fmt: skip


def a_row(cells: dict[str, Cell], second_board: tuple[Cell, ...] = ()) -> list[Cell]:
    row: list[Cell] = [cells.get(heading) for heading in headings_of(ACTIVITIES)]
    return [*row, *second_board]


def said(record: ActivityRecord) -> list[tuple[str, str]]:
    return [(finding.rule, finding.pointer) for finding in record.findings]


def of(**cells: Cell) -> ActivityRecord:
    """The series with other cells, underscores for spaces."""
    return activity(a_row(SERIES | {name.replace("_", " "): cell for name, cell in cells.items()}), HEADINGS)[0]


def test_a_row_says_all_of_an_activity() -> None:
    record = of()
    assert record.findings == ()
    assert (record.action, record.activity_id, record.close) == (Action.ADD, None, True)
    assert record.given == Activity(
        activity_id="", provider_id=PROVIDER, title="Grand Rounds", format="regularly-scheduled-series",
        start_date=date(2026, 1, 17), end_date=date(2026, 12, 17), internal_id="GR-2026", ama_pra_credits=52.0,
        registrations=(
            Registration(
                board="ABA", points=50.0, credit_types=("Lifelong Learning", "Patient Safety"),
                credit_claim_date=date(2027, 3, 31), practice_areas=("Anesthesiology",),
                content_outline=("1.2.3", "1.2.4"), attested=True,
            ),
        ),
        rems={"type": "Opioid", "identifier": "R-1"}, mips=False, description="Weekly.", providership="joint",
        city="Portland", state="ME", country="USA", delivery_methods=("in-person", "live-streamed"),
        listing_public=True,
        details={
            "joint_providers": ["General Hospital", "State Society"],
            "measured_outcomes": [
                {"outcome": "learner-competence", "objective": True},
                {"outcome": "patient-health", "objective": False},
                {"outcome": "learner-knowledge", "objective": None},
            ],
            "listing": {"public": True, "url": "https://education.example.org/gr", "fee": "variable",
                        "registration": "open", "specialties": None},
            "commercial_support": [
                {"source": "Acme Devices", "amount": 1250.0, "in_kind": True},
                {"source": "Pharma", "amount": 300.0, "in_kind": None},
            ],
            "learner_counts": {"physicians": 30, "others": 5},
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"AMA_PRA_Category_1_Credits": "1,25"}, ("amount-valid", "/ama_pra_credits")),
        ({"MOC_Credits": "many"}, ("amount-valid", "/moc/0/points")),
        ({"Delivery_Method": "Online; By post"}, ("format", "/delivery_methods/1")),
        ({"Providership": "Own"}, ("format", "/providership")),
        ({"Measured_Outcomes": "Happiness"}, ("format", "/measured_outcomes/0/outcome")),
        ({"Fee": "5 dollars"}, ("format", "/listing/fee")),
        ({"Support_Amount": "1250"}, ("format", "/commercial_support/{n}/amount")),
        ({"Support_Amount": "1250; much"}, ("type", "/commercial_support/{n}/amount")),
        ({"Commercial_Support": "No"}, ("format", "/commercial_support")),
        ({"Physician_Learners": "thirty"}, ("type", "/learner_counts/physicians")),
        ({"Other_Learners": -1.0}, ("format", "/learner_counts/others")),
        ({"MIPS": "perhaps"}, ("type", "/mips")),
        ({"Description": "x" * 2_501}, ("too-long", "/description")),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(cells: dict[str, Cell], fault: tuple[str, str]) -> None:
    record, reader = activity(a_row(SERIES | {name.replace("_", " "): cell for name, cell in cells.items()}), HEADINGS)
    assert said(record) == [fault]
    assert record.unreadable
    assert reader.locate(fault[1], record).column == next(iter(cells)).replace("_", " ")


def test_what_a_rule_judges_is_left_to_it() -> None:
    record = of(Activity_Format="Seance", Start_Date="soon", Credit_Claim_Date="2/30/2027", Certifying_Board="ABXYZ")
    assert record.findings == ()
    assert record.given.start_date == Unparsed("soon")
    assert advised(record.given)[0] == {"format-known", "date-valid", "board-known"}


def test_support_is_denied_received_or_not_said() -> None:
    def support(**cells: Cell) -> Any:
        return of(**{"Supporter": None, "Support_Amount": None} | cells).body.get("commercial_support")

    assert support(Commercial_Support="No") == []
    assert support(Commercial_Support="Yes") == [{}]
    assert support(Commercial_Support=None) is None
    assert support(Commercial_Support=None, Supporter="Pharma") == [{"source": "Pharma"}]


def test_a_board_left_blank_moves_those_after_it() -> None:
    blank = dict.fromkeys(BOARD)
    record, reader = activity(a_row(SERIES | blank, ("ABIM", "many", None, None, None, None, None)), HEADINGS)
    assert said(record) == [("amount-valid", "/moc/0/points")]
    assert reader.locate("/moc/0/points", record).index == len(ACTIVITIES) + 1
    assert reader.locate("/moc/0", record).index == len(ACTIVITIES)


def test_an_update_changes_what_is_filled_in_and_leaves_the_rest() -> None:
    stands = replace(of().given, activity_id="201759558")
    cells: dict[str, Cell] = {"Record Action": "Update", "ACCME Activity ID": 201759558.0, "City": "Bangor",
                              "Fee": "No", "Certifying Board": "aba", "MOC Credits": 40.0}  # fmt: skip
    record, _ = activity(a_row(cells, ("ABIM", 1.0, "Medical Knowledge", None, None, None, None)), HEADINGS)
    assert (record.action, record.activity_id, record.close) == (Action.UPDATE, "201759558", False)
    after = record.onto(stands)
    aba, abim = after.registrations
    assert (after.city, after.state, after.title) == ("Bangor", "ME", "Grand Rounds")
    assert after.details["listing"]["fee"] == "no"
    assert after.details["listing"]["url"] == "https://education.example.org/gr"
    assert replace(aba, board="ABA", points=50.0) == stands.registrations[0]
    assert (aba.points, abim.board, abim.points) == (40.0, "ABIM", 1.0)
    only_title, _ = activity(a_row({"Record Action": "Update", "Activity Title": "Rounds"}), HEADINGS)
    assert only_title.onto(stands) == replace(stands, title="Rounds")


def test_a_board_that_an_update_does_not_name_stays_registered() -> None:
    stands = of().given
    record, _ = activity(a_row({"Certifying Board": "ABIM", "Credit Types": "Medical Knowledge"}), HEADINGS)
    assert {registration.board for registration in record.onto(stands).registrations} == {"ABA", "ABIM"}


def test_the_catalogue_knows_a_board_by_its_name() -> None:
    cells: dict[str, Cell] = {"Certifying Board": "American Board of Anesthesiology", "MOC Credits": "40"}
    (aba,) = activity(a_row(cells), HEADINGS)[0].onto(of().given, CATALOGUE).registrations
    assert (aba.points, aba.credit_claim_date) == (40.0, date(2027, 3, 31))


def test_the_sample_activity_is_refused() -> None:
    cells: dict[str, Cell] = {
        column.heading: ACTIVITY.get(column.pointer.format(board=0, n="{n}")) for column in ACTIVITIES
    }
    assert said(activity(a_row(cells), HEADINGS)[0]) == [("sample-row", "")]
    dated: dict[str, Cell] = {"Start Date": {"d": "2021-02-14", "f": "m/d/yy"}, "MOC Credits": 2.25}
    assert said(activity(a_row(cells | dated), HEADINGS)[0]) == [("sample-row", "")]
    assert said(activity(a_row(cells | {"Activity Title": "Ours"}), HEADINGS)[0]) == []


def a_line(**fields: Any) -> ActivityRecord:
    return activity(json.dumps(EXAMPLE | fields), format=FileFormat.NDJSON)[0]


def test_a_line_is_the_body_of_the_api() -> None:
    record = a_line(action="update", activity_id="201759558", close=True)
    assert (record.action, record.activity_id, record.close, record.findings) == (
        Action.UPDATE, "201759558", True, (),
    )  # fmt: skip
    assert (record.given.title, record.given.registrations[0].board) == (EXAMPLE["title"], "ABA")
    cleared = a_line(location=None, action="update")
    assert cleared.onto(of().given).city is None
    assert a_line(location={"city": "Bangor"}).onto(of().given).state is None


@pytest.mark.parametrize(
    ("fields", "fault"),
    [({"close": 1}, ("type", "/close")), ({"activity_id": 2}, ("type", "/activity_id")),
     ({"activity_id": "2017\x00"}, ("format", "/activity_id")),
     ({"colour": 1}, ("field-unknown", "/colour")), ({"action": 1}, ("type", "/action"))],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_told(fields: dict[str, Any], fault: tuple[str, str]) -> None:
    assert said(a_line(**fields)) == [fault]
    assert a_line(**fields).unreadable


def test_a_document_says_an_activity() -> None:
    def texts(name: str, inner: str, *given: str) -> Any:
        return an_element(name, None, *(an_element(inner, text) for text in given))

    def identifier(catalog: str, entry: str) -> Any:
        return an_element("identifier", None, an_element("catalog", catalog), an_element("entry", entry))

    registration = an_element(
        "MOCRegistration", None, an_element("boardName", "American Board of Anesthesiology"),
        an_element("mocPoints", "50"), an_element("MOCCreditType", "Lifelong Learning"),
        an_element("MOCCreditType", "Patient Safety"), an_element("CreditClaimDate", "2027-03-31"),
    )  # fmt: skip
    general = an_element(
        "general", None, identifier("ACCME Activity ID", "201759558"), identifier("Provider Activity ID", "GR-2026"),
        identifier("URL", "https://education.example.org/gr"), texts("title", "string", "Grand Rounds"),
        texts("description", "string", "Weekly."),
    )  # fmt: skip
    location = an_element("activityLocation", None, an_element("city", "Portland"), an_element("state", "ME"))
    education = an_element(
        "healthcareEducation", None, texts("credits", "numberOfCredits", "52"), location,
        an_element("startDateTime", "2026-01-17T08:00:00-05:00"),
        an_element("endDateTime", "2026-12-17T23:00:00-05:00"),
        an_element("activitySponsorship", "Direct"), an_element("activityFormat", "RSS"),
        an_element("commercialSupport", "No"), an_element("targetAudience", None, an_element("specialty", "ICU")),
    )  # fmt: skip
    extended = an_element(
        "XtensibleInfo", None, an_element("MOCRegistrations", None, registration),
        texts("ContentOutlines", "ContentOutline", "1.2.3"), an_element("ForPublicList", "Yes"),
        an_element("FeeForParticipation", "Variable"), an_element("ActivityRegistration", "Open"),
        an_element("IsMeritBasedIncentivePaymentSystem", "false"), texts("DeliveryMethods", "Method", "In-Person"),
        texts("MeasuredOutcomes", "Outcome", "Learner Competence (objective)"), texts("CommendationTags", "Tag", "C24"),
        an_element("activityRecordAction", "Update"), an_element("closeActivityRecord", "true"),
    )  # fmt: skip
    lom = an_element("Lom", None, general, an_element("healthcareMetadata", None, education))
    counts = an_element("ParticipationMetrics", None, an_element("PhysicianLearners", "30"))
    document = an_element("MedicalEducationMetrics", None, lom, counts, extended)
    record, reader = activity(document, format=FileFormat.XML)
    assert record.findings == ()
    assert (record.action, record.activity_id, record.close) == (Action.UPDATE, "201759558", True)
    given = record.given
    assert (given.title, given.internal_id, given.format) == ("Grand Rounds", "GR-2026", "regularly-scheduled-series")
    assert (given.start_date, given.end_date, given.ama_pra_credits) == (date(2026, 1, 17), date(2026, 12, 17), 52.0)
    assert (given.city, given.state, given.providership, given.mips) == ("Portland", "ME", "direct", False)
    assert given.delivery_methods == ("in-person",)
    assert given.details["commercial_support"] == []
    assert given.details["commendation_tags"] == ["C24"]
    assert given.details["measured_outcomes"] == [{"outcome": "learner-competence", "objective": True}]
    assert given.details["learner_counts"] == {"physicians": 30, "others": None}
    assert given.registrations == (
        Registration(
            board="American Board of Anesthesiology", points=50.0,
            credit_types=("Lifelong Learning", "Patient Safety"), credit_claim_date=date(2027, 3, 31),
            content_outline=("1.2.3",),
        ),
    )  # fmt: skip
    assert reader.locate("/moc/0/points", record).column == "MOCRegistrations/MOCRegistration[1]/mocPoints"
    assert reader.locate("/start_date", record).column == "startDateTime"
    extended["c"].append(an_element("Colour", "red"))
    warned, _ = activity(document, format=FileFormat.XML)
    assert (said(warned), warned.unreadable) == ([("element-ignored", "")], False)


@pytest.mark.parametrize("place", [0, 1])
def test_an_empty_element_takes_no_answer_back(place: int) -> None:
    support = [an_element("commercialSupport", "No")]
    support.insert(place, an_element("commercialSupport"))
    record, _ = activity(an_element("MedicalEducationMetrics", None, *support), format=FileFormat.XML)
    assert (record.findings, record.given.details["commercial_support"]) == ((), [])


ASKED = [
    "Rebecca",
    "Test",
    {"d": "2026-02-01", "f": "d-mmm"},
    "TN",
    444444.0,
    "ABIM",
    100002.0,
    1234567893.0,
    "A school",
]


def test_a_validation_is_the_same_in_every_format() -> None:
    asked = ValidationRequest(
        first_name="Rebecca", last_name="Test", birth_date=MonthDay(2, 1), state="TN", license_id="444444",
        board="ABIM", board_id="100002", npi="1234567893", medical_school="A school",
    )  # fmt: skip
    rows = validations(headings_of(VALIDATIONS))
    assert rows.read(RawRow(number=3, raw=ASKED)).request == asked
    names = [column.pointer[1:] for column in VALIDATIONS]
    texts = ["Rebecca", "Test", "02/01", "TN", "444444", "ABIM", "100002", "1234567893", "A school"]
    line = json.dumps(dict(zip(names, texts, strict=True)))
    assert validations((), FileFormat.NDJSON).read(RawRow(number=1, raw=line)).request == asked
    assert rows.locate("/npi").column == "NPI"
    with pytest.raises(FileFault) as told:
        validations((), FileFormat.XML)
    assert told.value.code == "kind-unknown"


def test_a_validation_that_cannot_be_read_asks_nothing() -> None:
    row = validations(headings_of(VALIDATIONS)).read(RawRow(number=3, raw=["x" * 201, "Test"]))
    assert (row.request, [finding.pointer for finding in row.findings]) == (None, ["/first_name"])
    line = validations((), FileFormat.NDJSON).read(RawRow(number=3, raw='{"colour": 1}'))
    assert (line.request, [finding.rule for finding in line.findings]) == (None, ["field-unknown"])
    blank = validations(headings_of(VALIDATIONS)).read(RawRow(number=3, raw=["Rebecca", None, "13/45"]))
    assert blank.request == ValidationRequest(first_name="Rebecca", birth_date=Unparsed("13/45"))
