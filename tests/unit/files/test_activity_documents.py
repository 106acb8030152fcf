"""Activity documents as their published description has them: each part is read, or named where nothing keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.activities import Activity, Registration
from app.domain.batches import BatchKind, Element, FileFormat
from app.files.mapping.activity_documents import KNOWN, UNKEPT
from app.files.parsing.parser_client import open_file
from app.files.shapes import activities
from app.files.shapes.json_form import elements_of
from app.files.shapes.parts import Part
from tests.builders.judging import PROVIDER
from tests.builders.raw_records import activity, an_element

XML = FileFormat.XML
OLDER = Path(__file__).resolve().parents[2] / "files" / "activities-older-nesting.xml"
DESCRIBED: dict[str, Any] = {
    "ReportDescription": {"ReportingStartDate": "2026", "ReportingEndDate": "2026"},
    "ActivityDescription": {
        "commercialSupportAmount": [
            {"currency": "USD", "supportSource": "Acme Devices", "value": "1250"},
            {"currency": "USD", "supportSource": "Pharma (in-kind)", "value": "300.50"},
        ]
    },
    "Lom": {
        "general": {
            "identifier": [
                {"catalog": "Provider Activity ID", "entry": "GR-2026"},
                {"catalog": "URL", "entry": "https://education.example.org/gr"},
            ],
            "title": "Grand Rounds",
            "description": "Weekly.",
            "keyword": [
                {"id": "Level 3 ID", "source": "01_ABAMCO", "string": "1.2.3"},
                {"id": "Tag ID", "source": "01_ABAMCO", "string": "17"},
                {"id": "Free Text", "source": "02_ABAMCO", "string": "Airway"},
            ],
        }
    },
    "healthcareMetadata": {
        "healthcareEducation": {
            "credits": [
                {
                    "activityCertification": "AMA PRA Category 1",
                    "numberOfCredits": "52",
                    "nonAccreditedProvider": ["General Hospital", "State Society"],
                },
                {"activityCertification": "IPCE"},
                {"activityCertification": "Nursing", "numberOfCredits": "3"},
                {"activityCertification": "Pharmacy", "numberOfCredits": "2.5"},
            ],
            "activityLocation": {"city": "Portland", "stateOrProvince": "ME", "country": "USA"},
            "startDateTime": "2026-01-17T00:00:00",
            "endDateTime": "2026-12-17T23:59:59-08:00",
            "activitySponsorship": "joint",
            "activityFormat": "Regularly Scheduled Series",
            "commercialSupport": "true",
            "targetAudience": {"profession": ["Physician", "Nurse"], "specialty": ["Anesthesiology"]},
        }
    },
    "ParticipationMetrics": {
        "participantsByCategory": [
            {"category": "physician", "numberOfParticipants": "30"},
            {"category": "nurse", "numberOfParticipants": "3"},
            {"category": "registered dietitians", "numberOfParticipants": "1"},
            {"category": "other", "numberOfParticipants": "1"},
        ]
    },
    "XtensibleInfo": {
        "ProviderID": "4711",
        "isInterprofessional ": "true",
        "CommendationTags": {"CommendationTag": ["Engages Teams"]},
        "InKindSupports": {"InKindSupport": [{"source": "Robots Inc."}]},
        "DeliveryMethods": {"DeliveryMethod": ["In-Person", "Live-Streamed"]},
        "MeasuredOutcomes": [
            {"MeasuredOutcome": "Learner Competence", "MeasurementType": ["Objective", "Subjective"]},
            {"MeasuredOutcome": "Patient Health"},
        ],
        "MOCRegistrations": {
            "MOCRegistration": [
                {"boardName": "ABA", "mocPoints": "52", "MOCCreditType": ["Lifelong Learning"],
                 "CreditClaimDate": "2027-03-31"},
                {"boardName": "ABIM", "mocPoints": "10", "MOCCreditType": ["Medical Knowledge", "Patient Safety"]},
            ]
        },
        "ContentOutlines": {
            "ContentOutlineSelections": [
                {"ContentOutlineSource": "ABIM", "ContentOutlineKeys": [{"ContentKeywordValue": "Cardiology"}]}
            ]
        },
        "ForPublicList": "true",
        "FeeForParticipation": "No, it’s free",
        "ActivityRegistration": "Open to all",
        "IsMeritBasedIncentivePaymentSystem": "true",
        "REMS": {"REMSType": "Opioid Analgesic", "REMSRelatedIdentifier": "EG-123456-789"},
        "PharmacyActivityType": "Certificate Program",
        "PharmacyActivityTopic": "05-Patient Safety",
        "PharmacyLiveDate": "2026-03-01",
        "PharmacySequenceNumber": "012",
        "UANPharmacy": "UAN-1",
        "UANPharmacyTech": "UAN-2",
        "activityRecordAction": "Add",
    },
}  # fmt: skip


def of_json(given: dict[str, Any]) -> Element:
    (element,) = elements_of(given, activities.RECORD, 32)
    return element


def said(element: Element) -> tuple[Activity, list[tuple[str, str]]]:
    record, _ = activity(element, format=XML)
    return record.given, [(finding.rule, finding.pointer) for finding in record.findings]


def metrics(*elements: Element) -> Element:
    return an_element("MedicalEducationMetrics", None, *elements)


def test_everything_that_is_described_is_read() -> None:
    given, findings = said(of_json(DESCRIBED))
    assert findings == []
    assert given == Activity(
        activity_id="", provider_id=PROVIDER, title="Grand Rounds", format="regularly-scheduled-series",
        start_date=date(2026, 1, 17), end_date=date(2026, 12, 17), internal_id="GR-2026", ama_pra_credits=52.0,
        registrations=(
            Registration(
                board="ABA", points=52.0, credit_types=("Lifelong Learning",), credit_claim_date=date(2027, 3, 31),
                content_outline=("1.2.3, Tag ID: 17", "Free Text: Airway"),
            ),
            Registration(
                board="ABIM", points=10.0, credit_types=("Medical Knowledge", "Patient Safety"),
                content_outline=("Cardiology",),
            ),
        ),
        rems={"type": "Opioid Analgesic", "identifier": "EG-123456-789"}, mips=True, description="Weekly.",
        providership="joint", city="Portland", state="ME", country="USA",
        delivery_methods=("in-person", "live-streamed"), listing_public=True,
        details={
            "joint_providers": ["General Hospital", "State Society"],
            "commendation_tags": ["Engages Teams"],
            "measured_outcomes": [
                {"outcome": "learner-competence", "objective": True},
                {"outcome": "learner-competence", "objective": False},
                {"outcome": "patient-health", "objective": None},
            ],
            "listing": {"public": True, "url": "https://education.example.org/gr", "fee": "no", "registration": "open",
                        "specialties": ["Anesthesiology"]},
            "commercial_support": [
                {"source": "Acme Devices", "amount": 1250.0, "in_kind": None},
                {"source": "Pharma (in-kind)", "amount": 300.5, "in_kind": None},
                {"source": "Robots Inc.", "amount": None, "in_kind": True},
            ],
            "learner_counts": {
                "physicians": 30, "others": 5,
                "professions": [
                    {"profession": "Nurse", "learners": 3}, {"profession": "Registered Dietitian", "learners": 1},
                ],
            },
            "joint_accreditation": {
                "interprofessional": True, "professions": ["Physician", "Nurse"],
                "credits": ["IPCE", "Nursing", "Pharmacy"],
                "credit_amounts": [{"type": "Nursing", "credits": 3.0}, {"type": "Pharmacy", "credits": 2.5}],
                "pharmacy": {
                    "universal_activity_number": "UAN-1", "credits": 2.5, "technician_activity_number": "UAN-2",
                    "activity_type": "certificate-program", "topic": "05", "live_date": "2026-03-01",
                    "sequence_number": 12,
                },
            },
        },
    )  # fmt: skip


def test_the_nesting_of_our_older_template_is_still_read() -> None:
    with open_file([OLDER.read_bytes()], BatchKind.ACTIVITIES) as file:
        ((row,),) = file.pieces()
    record, _ = activity(row.raw, format=XML)
    assert record.findings == ()
    given = record.given
    assert (given.title, given.internal_id) == ("Sample activity, replace this record", "SAMPLE-1")
    assert (given.start_date, given.end_date, given.ama_pra_credits) == (date(2021, 2, 14), date(2021, 2, 15), 2.25)
    assert (given.city, given.state, given.country, given.providership) == ("Portland", "ME", "USA", "direct")
    assert given.listing == {
        "public": True, "url": "https://www.example.org/courses/sample-1", "fee": "no", "registration": "open",
        "specialties": None,
    }  # fmt: skip
    assert [(board.board, board.credit_types) for board in given.registrations] == [
        ("ABIM", ("Medical Knowledge", "Patient Safety"))
    ]


def test_every_part_of_the_shape_is_known() -> None:
    def names(part: Part) -> Iterator[str]:
        yield part.name
        for within in (*part.attributes, *part.parts):
            yield from names(within)

    assert {*names(activities.RECORD)} - {activities.RECORD.name} <= KNOWN
    assert not KNOWN & UNKEPT


@pytest.mark.parametrize(
    ("fee", "kept"), [("No, it's free", "no"), ("No, it\u2019s free", "no"), ("No", "no"), ("Variable", "variable")]
)
def test_a_fee_is_known_by_every_word_for_it(fee: str, kept: str) -> None:
    given, findings = said(metrics(an_element("FeeForParticipation", fee)))
    assert (given.listing["fee"], findings) == (kept, [])


def test_support_may_have_its_parts_as_attributes_or_within() -> None:
    attributes = an_element("commercialSupportAmount", "300", currency="USD", supportSource="Acme")
    within = an_element(
        "commercialSupportAmount", None, an_element("supportSource", "Acme"), an_element("value", "300"),
        an_element("currency", "USD"),
    )  # fmt: skip
    assert said(metrics(attributes)) == said(metrics(within))
    assert said(metrics(attributes))[0].details["commercial_support"] == [
        {"source": "Acme", "amount": 300.0, "in_kind": None}
    ]


def test_support_that_is_denied_and_listed_is_refused() -> None:
    amount = an_element("commercialSupportAmount", "300", supportSource="Acme")
    assert said(metrics(an_element("commercialSupport", "false"), amount))[1] == [("format", "/commercial_support")]
    nothing = an_element("commercialSupportAmount", "0", currency="USD", supportSource="")
    given, findings = said(metrics(an_element("commercialSupport", "false"), nothing))
    assert (given.details["commercial_support"], findings) == ([], [])


def counted(**numbers: int) -> Element:
    return metrics(
        *(
            an_element(
                "participantsByCategory", None, an_element("category", category.replace("_", " ")),
                an_element("numberOfParticipants", str(number)),
            )
            for category, number in numbers.items()
        )
    )  # fmt: skip


def test_those_who_are_no_physicians_are_counted_together_and_by_profession() -> None:
    given, findings = said(counted(Physicians=30, nurse=4, physician_assistant=2, other=1))
    assert findings == []
    assert given.details["learner_counts"] == {
        "physicians": 30, "others": 7,
        "professions": [{"profession": "Nurse", "learners": 4}, {"profession": "Physician Assistant", "learners": 2}],
    }  # fmt: skip
    assert said(counted(physician=30, other=1))[0].details["learner_counts"] == {"physicians": 30, "others": 1}
    assert said(counted(nurse=4, Nurses=5))[1] == [("format", "/learner_counts")]


def test_one_category_with_two_numbers_is_refused() -> None:
    twice = counted(physician=30)
    twice["c"] += counted(physician=31)["c"]
    assert said(twice)[1] == [("format", "/learner_counts")]
    assert said(metrics(*counted(physician=30)["c"], an_element("PhysicianLearners", "3")))[1] == [
        ("format", "/learner_counts/physicians")
    ]


def test_each_outcome_of_one_group_has_the_types_after_it() -> None:
    group = an_element(
        "MeasuredOutcomes", None, an_element("MeasuredOutcome", "Learner Knowledge"),
        an_element("MeasurementType", "Subjective"), an_element("MeasuredOutcome", "Patient Health"),
    )  # fmt: skip
    given, findings = said(metrics(group))
    assert findings == []
    assert given.details["measured_outcomes"] == [
        {"outcome": "learner-knowledge", "objective": False}, {"outcome": "patient-health", "objective": None},
    ]  # fmt: skip
    group["c"].reverse()
    group["c"].insert(0, an_element("MeasurementType", "Objective"))
    assert said(metrics(group))[1] == [("format", "/measured_outcomes")]
    turned = an_element(
        "MeasuredOutcomes", None, an_element("MeasurementType", "Objective"),
        an_element("MeasuredOutcome", "Learner Knowledge"),
    )  # fmt: skip
    assert said(metrics(turned))[0].details["measured_outcomes"] == [
        {"outcome": "learner-knowledge", "objective": True}
    ]


@pytest.mark.parametrize(
    "unkept",
    [
        an_element("HasPharmacyRecertifications", "true"),
        an_element("StateContentTags", None, an_element("StateContent", None, an_element("Topic", "Opioids"))),
        an_element("commercialSupportAmount", "10", currency="EUR", supportSource="Acme"),
        an_element("identifier", None, an_element("catalog", "DOI"), an_element("entry", "10.1000/1")),
        an_element("keyword", None, an_element("source", "01_ABAMCO"), an_element("string", "1.2.3")),
    ],
    ids=lambda element: element["n"].rpartition("}")[2],
)
def test_what_is_known_and_not_kept_is_named(unkept: Element) -> None:
    record, _ = activity(metrics(an_element("title", "A"), unkept), format=XML)
    (finding,) = record.findings
    assert (finding.rule, record.unreadable) == ("element-ignored", False)
    assert "not kept" in finding.detail


def test_an_update_changes_what_a_document_names_and_nothing_beside_it() -> None:
    stands, _ = said(of_json(DESCRIBED))
    record, _ = activity(
        metrics(an_element("isInterprofessional", "false"), an_element("specialty", "Cardiology")), format=XML
    )
    after = record.onto(stands)
    assert after.joint_accreditation == {**stands.joint_accreditation, "interprofessional": False}
    assert after.listing == {**stands.listing, "specialties": ["Cardiology"]}
    turned, _ = activity(
        of_json(
            {
                "InKindSupport": [{"source": "Robots Inc."}],
                "commercialSupportAmount": [
                    {"supportSource": "Pharma (in-kind)", "value": "300.50"},
                    {"supportSource": "Acme Devices", "value": "1250.00"},
                ],
            }
        ),
        format=XML,
    )
    assert turned.onto(stands) == stands
