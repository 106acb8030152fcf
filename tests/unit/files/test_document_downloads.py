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
from app.domain.choices import (
    DeliveryMethod,
    Fee,
    OutcomeMeasured,
    PharmacyActivityType,
    PharmacyTopic,
    Providership,
    RegistrationMode,
)
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.joint_accreditation import AMA_PRA, OTHER_CREDIT_ANSWERS, PHARMACY, PHYSICIAN, TARGET_ANSWERS
from app.domain.parsing import plain_text
from app.domain.rems import DEA_REGISTRATIONS, PROFESSIONS, TIMES_IN_PRACTICE
from app.files.shapes import activities, learner_reports
from app.files.shapes.json_form import value_of
from app.files.shapes.schemas import xml_schemas_of
from app.files.writing.activity_documents import JsonActivityWriter, XmlActivityWriter
from app.files.writing.learner_reports import JSON, XML, ReportForm
from app.schemas.activity_parts.joint_accreditation import JointAccreditation, LearnerCounts
from app.services.looking.reported_completions import ReportsWriter
from app.store.looking.completion_exports import BETWEEN
from tests.builders.judging import PROVIDER, an_activity
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


STATES = {"TN-M": "TN", "TN-O": "TN", "CA-M": "CA", "NONE": None, "ABIM": None, "ABA": None}
"""Boards and their states: one state has two, one board has none."""
ODD = NAMES | st.sampled_from(["O'Brien", "a&b", "<x>", 'q"uote', "back\\slash", "a]]>b", "Zoë", "a\u2028b"])
credits_of_one = st.lists(
    st.tuples(
        st.uuids().map(str), st.sampled_from([("cme", "TN-M"), ("cme", "TN-O"), ("cme", "CA-M"), ("cme", "NONE"),
        ("moc", "ABIM"), ("moc", "ABA")]), st.none() | ODD, st.integers(1, 99),
        st.lists(st.tuples(st.integers(1, 99), ODD), max_size=3), st.lists(ODD, max_size=2),
    ),
    max_size=3,
)  # fmt: skip
learners_of_one = st.tuples(
    st.none() | ODD, ODD, st.none() | st.just("02/01"), st.none() | st.just("1234567893"), st.just("lrn_1"),
    st.none() | st.fixed_dictionaries(
        {"local_id": ODD, "profession": st.sampled_from(PROFESSIONS)},
        optional={"state": ODD, "dea_registration": st.sampled_from(DEA_REGISTRATIONS), "practice_area": ODD,
                  "surgical_procedures": st.booleans(), "time_in_practice": st.sampled_from(TIMES_IN_PRACTICE)},
    ).map(json.dumps),
)  # fmt: skip


@st.composite
def standing(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """The rows of one completion as they are read, each with its place at its end."""
    first_name, last_name, birth_date, npi, link, rems = draw(learners_of_one)
    record = (
        str(draw(st.uuids())), "201759558", draw(ODD), PROVIDER, draw(ODD), str(draw(st.dates())),
        draw(st.integers(1, 3)), first_name, last_name, birth_date, npi, link, rems,
    )  # fmt: skip
    credits = [
        (
            credit_id, kind, board, number, quarters,
            BETWEEN.join(f"{place} {of_type} {name}" for place, (of_type, name) in enumerate(types)) or None,
            BETWEEN.join(references) or None,
        )
        for credit_id, (kind, board), number, quarters, types, references in draw(credits_of_one)
    ]  # fmt: skip
    return [(*record, *credit, place) for place, credit in enumerate(credits or [(None,) * 7])]


completions = st.lists(standing(), min_size=1, max_size=4)


def written_reports(form: ReportForm, pieces: list[list[tuple[Any, ...]]]) -> bytes:
    writer = ReportsWriter(form, STATES, NOW)
    return writer.begin() + b"".join(map(writer.add, pieces)) + writer.end()


@given(found=completions)
def test_reports_are_of_their_shape_and_the_same_in_both_forms(
    report_schema: Any, found: list[list[tuple[Any, ...]]]
) -> None:
    named = [rows for rows in found if rows[0][7] is not None] or [[(*found[0][0][:7], "A", *found[0][0][8:])]]
    root = etree.parse(BytesIO(written_reports(XML, named)))
    report_schema.assertValid(root)
    written = json.loads(written_reports(JSON, named))
    assert written == {learner_reports.DOCUMENT.name: value_of(element_of(root.getroot()), learner_reports.DOCUMENT)}


@given(found=completions)
def test_a_document_says_the_same_however_many_rows_are_written_at_a_time(found: list[list[tuple[Any, ...]]]) -> None:
    """What one text has escaped leaves those beside it as they are."""
    together = [[row for rows in found for row in rows]]
    for form in (XML, JSON):
        assert written_reports(form, together) == written_reports(form, found)


@given(found=completions)
def test_reports_have_the_texts_of_their_rows(found: list[list[tuple[Any, ...]]]) -> None:
    document = json.loads(written_reports(JSON, [[row for rows in found for row in rows]]))
    reports = document["ACCMELearnerReports"]["ActivityReports"]["ActivityReport"]
    assert len(reports) == len(found)
    for report, rows in zip(reports, found, strict=True):
        _, _, title, _, provider_name, completed_on, occasion, first_name, last_name, birth_date, npi, link = rows[0][
            :12
        ]
        module, has_credit = report["Activity"]["Module"], rows[0][13] is not None
        name = {"GivenName": first_name, "FamilyName": last_name} if first_name else {"FamilyName": last_name}
        assert (report["ReportingOrganization"], report["Member"]["Name"]) == (provider_name, name)
        assert (module["ModuleName"]["value"], module["CompletedDateTime"][:10]) == (title, completed_on)
        assert report["Member"].get("PersonalInfo") == (birth_date and {"BirthDate": "--02-01"})
        assert report["XtensibleInfo"].get("Occasion") == (occasion if occasion > 1 else None)
        assert report["XtensibleInfo"].get("LearnerLink") == (link if has_credit and first_name is None else None)
        held = [part["UniqueID"] for part in module.get("CreditCertificate", ())]
        numbers = [whose if isinstance(whose, list) else [whose] for whose in held]
        assert {whose[0]["value"] for whose in numbers} == {row[16] or "" for row in rows if has_credit}
        # The NPI stands beside the first number, and nowhere else.
        assert [len(whose) for whose in numbers] == [2 if npi else 1, *[1] * (len(held) - 1)][: len(held)]
        keys = [part["CreditID"] for part in module.get("CreditCertificate", ())]
        assert len(set(keys)) == len(keys) or any(row[19] for row in rows)


def test_a_state_stands_for_its_board_unless_two_of_its_boards_have_credit() -> None:
    record = ("id", "201759558", "T", PROVIDER, "P", "2021-12-12", 1, "A", "B", None, None, None, None)
    tennessee, osteopaths, california = (
        (f"x-{board}", "cme", board, "7", 4, None, None) for board in ("TN-M", "TN-O", "CA-M")
    )

    def domains(*credits: tuple[Any, ...]) -> list[str]:
        rows = [(*record, *credit, place) for place, credit in enumerate(credits)]
        root = etree.fromstring(written_reports(XML, [rows]))
        return [str(value) for value in root.xpath("//*[local-name()='UniqueID']/@domain")]

    assert domains(tennessee) == ["TN"]
    assert domains(tennessee, california) == ["TN", "CA"]
    assert domains(tennessee, california, osteopaths) == ["TN-M", "CA", "TN-O"]


lists = st.lists(NAMES, max_size=3, unique=True)
supporters = st.fixed_dictionaries(
    {
        "source": st.none() | NAMES,
        "amount": st.none() | st.integers(0, 10**7).map(lambda cents: cents / 100),
        "in_kind": st.none() | st.booleans(),
    }
)
quarters = st.integers(1, 40).map(lambda number: number / 4)
# Physicians are counted by themselves, and their credit is the activity's own: rules refuse both among others.
profession_counts = st.lists(
    st.fixed_dictionaries(
        {
            "profession": st.sampled_from([name for name in TARGET_ANSWERS if name != PHYSICIAN]),
            "learners": st.integers(0, 30),
        }
    ),
    max_size=3, unique_by=lambda row: row["profession"],
)  # fmt: skip
other_credit = st.sampled_from([name for name in OTHER_CREDIT_ANSWERS if name != AMA_PRA])
# Of pharmacy credit, which is stated in two places, both say the same.
amounts = st.fixed_dictionaries({"type": other_credit, "credits": quarters}).map(
    lambda row: row | {"credits": 2.5} if row["type"] == PHARMACY else row
)
pharmacies = st.fixed_dictionaries(
    {"universal_activity_number": st.none() | NAMES, "credits": st.none() | st.just(2.5)},
    optional={
        "technician_activity_number": NAMES,
        "activity_type": st.sampled_from([member.value for member in PharmacyActivityType]),
        "topic": st.sampled_from([member.value for member in PharmacyTopic]),
        "live_date": st.dates(date(1950, 1, 1), date(2049, 12, 31)).map(str),
        "sequence_number": st.integers(1, 9_999),
    },
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
                {"physicians": st.none() | st.integers(0, 99), "others": st.none() | st.integers(99, 199)},
                optional={"professions": profession_counts},
            ),
            "joint_accreditation": st.fixed_dictionaries(
                {"interprofessional": st.none() | st.booleans(), "professions": st.none() | lists,
                 "credits": st.none() | st.lists(st.sampled_from(["Nursing", "Pharmacy", "AMA PRA Category 1", "IPCE"]),
                                                 unique=True),
                 "pharmacy": st.none() | pharmacies},
                optional={"credit_amounts": st.lists(amounts, max_size=3, unique_by=lambda row: row["type"])},
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
    if "learner_counts" in details:
        details["learner_counts"] = LearnerCounts.model_validate(details["learner_counts"]).as_kept()
    return replace(drawn, details=details)


@pytest.mark.parametrize("own_id", ["'¡", "'a", "''é", "¡", "'=é"])
def test_an_own_id_with_an_apostrophe_keeps_it_in_documents(own_id: str) -> None:
    """It marks a text in a cell only."""
    xml = XmlActivityWriter()
    (written,) = etree.fromstring(xml.begin() + xml.add([an_activity(internal_id=own_id)]) + xml.end())
    read, _ = read_activity(element_of(written), format=FileFormat.XML)
    assert (read.findings, read.given.internal_id) == ((), own_id)


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
    reports = (ReportsWriter(form, {}, NOW) for form in (JSON, XML))
    for in_json, in_xml in (tuple(reports), (JsonActivityWriter(), XmlActivityWriter())):
        assert json.loads(in_json.begin() + in_json.add([]) + in_json.end())
        etree.fromstring(in_xml.begin() + in_xml.add([]) + in_xml.end())
