"""PARS documents that we write are of their shape, say the same in XML and JSON, and are read back as they stand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from app.domain.activities import Activity, Registration
from app.domain.batches import FileFormat
from app.domain.choices import DeliveryMethod, Fee, OutcomeMeasured, Providership, RegistrationMode
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.parsing import plain_text
from app.files.shapes import activities, learner_reports
from app.files.shapes.json_form import value_of
from app.files.shapes.schemas import xml_schemas_of
from app.files.writing.activity_documents import JsonActivityWriter, XmlActivityWriter
from app.files.writing.learner_reports import Certificate, JsonReports, Report, XmlReports
from app.schemas.activity_parts.joint_accreditation import JointAccreditation
from tests.builders.judging import PROVIDER
from tests.builders.raw_records import activity as read_activity
from tests.builders.written_files import element_of

NOW = datetime(2021, 12, 20, 12, 0, tzinfo=UTC)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Cn", "Co")), min_size=1, max_size=40
)
NAMES = TEXTS.map(plain_text).filter(bool)


def schema_of(document: Any, folder: Path) -> Any:
    for name, text in xml_schemas_of(document, "document").items():
        (folder / name).write_text(text, encoding="utf-8")
    return etree.XMLSchema(etree.parse(str(folder / "document.xsd")))


@pytest.fixture(scope="module")
def report_schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return schema_of(learner_reports.DOCUMENT, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def activity_schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return schema_of(activities.DOCUMENT, tmp_path_factory.mktemp("activities"))


certificates = st.builds(
    Certificate, NAMES, NAMES | st.just(""), NAMES, st.integers(1, 99).map(lambda n: f"{n / 4:g}"), NAMES,
    st.none() | st.just("1234567893"),
)  # fmt: skip
reports = st.builds(
    Report,
    provider_name=NAMES, provider_id=st.just("0008001"), activity_id=st.just("201759558"), title=NAMES,
    completed_on=st.dates().map(str), first_name=NAMES, last_name=NAMES, birth_date=st.none() | st.just("--02-01"),
    learner_link=st.none() | st.just("lrn_1"), occasion=st.none() | st.integers(2, 9),
    participant=st.just({}) | st.fixed_dictionaries(
        {"LocalIdentifier": NAMES, "Profession": st.just("Nurse"), "SurgicalProcedures": st.booleans()}
    ),
    certificates=st.lists(certificates, max_size=3),
)  # fmt: skip


@given(found=st.lists(reports, min_size=1, max_size=3))
def test_reports_are_of_their_shape_and_the_same_in_both_forms(report_schema: Any, found: list[Report]) -> None:
    xml, in_json = XmlReports(NOW), JsonReports(NOW)
    document = xml.begin() + b"".join(xml.add([report]) for report in found) + xml.end()
    root = etree.parse(BytesIO(document))
    report_schema.assertValid(root)
    written = json.loads(in_json.begin() + b"".join(in_json.add([report]) for report in found) + in_json.end())
    assert written == {learner_reports.DOCUMENT.name: value_of(element_of(root.getroot()), learner_reports.DOCUMENT)}


lists = st.lists(NAMES, max_size=3, unique=True)
supporters = st.fixed_dictionaries(
    {
        "source": st.none() | NAMES,
        "amount": st.none() | st.integers(0, 10**7).map(lambda cents: cents / 100),
        "in_kind": st.none() | st.booleans(),
    }
)
registered = st.builds(
    Activity,
    activity_id=st.just("201759558"), provider_id=st.just(PROVIDER), title=NAMES,
    format=st.sampled_from([kind.code for kind in ACTIVITY_FORMATS]),
    start_date=st.just(date(2026, 1, 17)), end_date=st.just(date(2026, 12, 17)), internal_id=st.none() | NAMES,
    ama_pra_credits=st.none() | st.integers(1, 400).map(lambda quarters: quarters / 4),
    registrations=st.lists(
        st.builds(
            Registration, board=st.sampled_from(["ABA", "ABIM", "ABPath"]), points=st.none() | st.just(2.25),
            credit_types=lists.map(tuple), credit_claim_date=st.none() | st.just(date(2027, 3, 31)),
            practice_areas=lists.map(tuple), content_outline=lists.map(tuple), attested=st.none() | st.booleans(),
        ),
        max_size=2, unique_by=lambda registration: registration.board,
    ).map(tuple),
    rems=st.none() | st.fixed_dictionaries({"type": NAMES, "identifier": st.none() | NAMES}),
    mips=st.none() | st.booleans(), description=st.none() | NAMES,
    providership=st.none() | st.sampled_from([member.value for member in Providership]),
    city=st.none() | NAMES, state=st.none() | NAMES, country=st.none() | NAMES,
    delivery_methods=st.lists(st.sampled_from([member.value for member in DeliveryMethod]), unique=True).map(tuple),
    listing_public=st.none() | st.booleans(),
    details=st.fixed_dictionaries(
        {},
        optional={
            "joint_providers": lists,
            "commendation_tags": lists,
            "measured_outcomes": st.lists(
                st.fixed_dictionaries(
                    {"outcome": st.sampled_from([member.value for member in OutcomeMeasured]),
                     "objective": st.none() | st.booleans()}
                ),
                max_size=3,
            ),
            "listing": st.fixed_dictionaries(
                {"public": st.none(), "url": st.none() | NAMES,
                 "fee": st.none() | st.sampled_from([member.value for member in Fee]),
                 "registration": st.none() | st.sampled_from([member.value for member in RegistrationMode]),
                 "specialties": st.none() | lists}
            ),
            "commercial_support": st.lists(supporters, max_size=3),
            "learner_counts": st.fixed_dictionaries(
                {"physicians": st.none() | st.integers(0, 99), "others": st.none() | st.integers(0, 99)}
            ),
            "joint_accreditation": st.fixed_dictionaries(
                {"interprofessional": st.none() | st.booleans(), "professions": st.none() | lists,
                 "credits": st.none() | st.lists(st.sampled_from(["Nursing", "Pharmacy", "AMA PRA Category 1", "IPCE"]),
                                                 unique=True),
                 "pharmacy": st.none() | st.fixed_dictionaries(
                     {"universal_activity_number": st.none() | NAMES, "credits": st.none() | st.just(2.5)})}
            ),
        },
    ),
)  # fmt: skip


def as_stored(drawn: Activity) -> Activity:
    """An activity as it is stored: what its listing says of being public stands once, pharmacy credit twice."""
    details = dict(drawn.details)
    listing = details.get("listing") or dict.fromkeys(("public", "url", "fee", "registration", "specialties"))
    details["listing"] = {**listing, "public": drawn.listing_public}
    if "joint_accreditation" in details:
        joint = JointAccreditation.model_validate(details["joint_accreditation"])
        details["joint_accreditation"] = joint.as_kept()
    return replace(drawn, details=details)


@given(drawn=registered)
def test_an_activity_that_is_written_and_read_again_is_unchanged(activity_schema: Any, drawn: Activity) -> None:
    stands = as_stored(drawn)
    xml, in_json = XmlActivityWriter(), JsonActivityWriter()
    root = etree.parse(BytesIO(xml.begin() + xml.add([stands]) + xml.end()))
    activity_schema.assertValid(root)
    written = json.loads(in_json.begin() + in_json.add([stands]) + in_json.end())
    assert written == {activities.DOCUMENT.name: value_of(element_of(root.getroot()), activities.DOCUMENT)}
    (record,) = written["ACCMEActivities"]["MedicalEducationMetrics"]
    for raw, format in ((element_of(root.getroot()[0]), FileFormat.XML), (json.dumps(record), FileFormat.JSON)):
        read, _ = read_activity(raw, format=format)
        assert read.findings == ()
        assert read.activity_id == "201759558"
        assert _plain(read.onto(stands)) == _plain(stands)


def _plain(activity: Activity) -> Any:
    """What an activity says: a part without anything in it says as little as none."""
    details = {
        name: {key: inner for key, inner in value.items() if inner not in (None, [], {})}
        if isinstance(value, dict)
        else value
        for name, value in activity.details.items()
    }
    kept = {
        name: value for name, value in details.items() if value not in ({}, [], None) or name == "commercial_support"
    }
    pharmacy = kept.get("joint_accreditation", {}).get("pharmacy")
    if pharmacy is not None:
        filled = {key: inner for key, inner in pharmacy.items() if inner is not None}
        kept["joint_accreditation"] = {**kept["joint_accreditation"], "pharmacy": filled}
    return replace(activity, details=kept)


def test_a_document_of_nothing_is_a_document() -> None:
    for writer in (JsonReports(NOW), JsonActivityWriter()):
        assert json.loads(writer.begin() + writer.add([]) + writer.end())
    for document in (XmlReports(NOW), XmlActivityWriter()):
        etree.fromstring(document.begin() + document.add([]) + document.end())
