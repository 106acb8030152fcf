"""An element, or an attribute, that stands twice and says two things is refused at its place; none of it gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.batches import Element, FileFormat
from app.files.mapping import certificates
from app.files.mapping.element_paths import by_path, warn_of_unknown_names
from tests.builders.raw_records import a_certificate, a_document, activity, an_element, read

XML = FileFormat.XML


def tennessee() -> Element:
    """One certificate; tests change it."""
    return a_certificate("TN", "444444", "AMA PRA Category 1", "2")


def named(element: Element, name: str) -> Element:
    """Return the first element of a name within."""
    return next(iter(_all_named(element, name)))


def _all_named(element: Element, name: str) -> Iterator[Element]:
    for child in element.get("c", ()):
        if child["n"].rpartition("}")[2] == name:
            yield child
        yield from _all_named(child, name)


@pytest.mark.parametrize(
    ("within", "name", "pointer"),
    [
        ("Name", "GivenName", "/learner/first_name"),
        ("Name", "FamilyName", "/learner/last_name"),
        ("PersonalInfo", "BirthDate", "/learner/date_of_birth"),
        ("Module", "CompletedDateTime", "/completed_on"),
        ("Module", "ModuleName", "/activity_id"),
        ("CreditCertificate", "CreditReceived", "/certificates/1"),
        ("CreditCertificate", "CreditID", "/certificates/1"),
    ],
)
@pytest.mark.parametrize("other", ["x", None])
def test_an_element_that_stands_twice_is_refused_at_its_place(
    within: str, name: str, pointer: str, other: str | None
) -> None:
    certificate = a_certificate("TN", "444444", "AMA PRA Category 1", "2", "ccid:a:1")
    document = a_document(certificate)
    parent = named(document, within)
    parent["c"].append(an_element(name, other) if other else dict(named(parent, name)))  # type: ignore[arg-type]
    assert ("format", pointer) in [(finding.rule, finding.pointer) for finding in read(document, XML).findings]


@pytest.mark.parametrize(
    ("within", "name", "pointer"),
    [
        ("ModuleName", "moduleID", "/activity_id"),
        ("Module", "moduleID", "/activity_id"),
        ("CreditReceived", "numberOfCredits", "/certificates/1"),
        ("CreditReceived", "activityCertification", "/certificates/1"),
        ("UniqueID", "domain", "/certificates/1"),
    ],
)
def test_an_attribute_and_an_element_that_differ_are_refused_and_equal_ones_are_one(
    within: str, name: str, pointer: str
) -> None:
    plain = read(a_document(tennessee()), XML)
    document = a_document(tennessee())
    parent = named(document, within)
    said = str(parent.get("a", {}).get(name) or parent.get("t") or named(document, "ModuleName")["a"][name])
    parent.setdefault("c", []).append(an_element(name, said))
    assert (read(document, XML).report, read(document, XML).findings) == (plain.report, plain.findings)
    parent["c"].append(an_element(name, "9"))
    (finding,) = read(document, XML).findings
    assert (finding.rule, finding.pointer) == ("format", pointer)
    assert "given twice" in finding.detail and finding.hint == "Give it once."


def test_an_amount_in_an_attribute_and_in_the_text_is_one_amount() -> None:
    document = a_document(tennessee())
    received = named(document, "CreditReceived")
    received["a"] = {**received.get("a", {}), "numberOfCredits": "2.0"}
    received["t"] = "2"
    assert read(document, XML).findings == ()
    received["t"] = "3"
    (finding,) = read(document, XML).findings
    assert finding.pointer == "/certificates/1" and "amount" in finding.detail


TWICE: dict[str, tuple[list[Element], str]] = {
    "title": ([an_element("title", "A"), an_element("title", "B")], "/title"),
    "start": ([an_element("startDateTime", "2026-01-01"), an_element("startDateTime", "2026-01-02")], "/start_date"),
    "format": ([an_element("activityFormat", "RSS"), an_element("activityFormat", "Live Course")], "/format"),
    "credits": ([an_element("credits", "1"), an_element("credits", "2")], "/ama_pra_credits"),
    "credits within": (
        [an_element("credits", None, an_element("numberOfCredits", "1"), an_element("numberOfCredits", "2"))],
        "/ama_pra_credits",
    ),
    "listed": ([an_element("ForPublicList", "Yes"), an_element("ForPublicList", "No")], "/listing/public"),
    "counts": ([an_element("OtherLearners", "1"), an_element("OtherLearners", "2")], "/learner_counts/others"),
    "action": ([an_element("activityRecordAction", "Add"), an_element("activityRecordAction", "Delete")], "/action"),
    "identifier": (
        [
            an_element("identifier", None, an_element("catalog", "Provider Activity ID"), an_element("entry", entry))
            for entry in ("A-1", "A-2")
        ],
        "/internal_id",
    ),
    "REMS": ([an_element("REMS", "Opioid"), an_element("REMS", "Other")], "/rems/type"),
    "points": (
        [an_element("MOCRegistration", None, an_element("mocPoints", "1"), an_element("mocPoints", "2"))],
        "/moc/0/points",
    ),
    "board": (
        [an_element("MOCRegistration", None, an_element("boardName", "ABA"), an_element("boardName", "ABIM"))],
        "/moc/0/board",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TWICE)
def test_of_two_things_that_an_activity_says_neither_is_chosen(case: str) -> None:
    elements, pointer = TWICE[case]
    record, _ = activity(an_element("MedicalEducationMetrics", None, *elements), format=XML)
    assert [(finding.rule, finding.pointer) for finding in record.findings if finding.rejects] == [("format", pointer)]
    if case not in {"credits within", "points", "board"}:
        same, _ = activity(an_element("MedicalEducationMetrics", None, elements[0], elements[0]), format=XML)
        assert [finding for finding in same.findings if finding.rejects] == []


def test_what_a_description_of_the_report_says_is_not_the_activity_s() -> None:
    description = an_element("ReportDescription", None, an_element("title", "Our report"))
    record, _ = activity(an_element("MedicalEducationMetrics", None, an_element("title", "A"), description), format=XML)
    assert [finding for finding in record.findings if finding.rejects] == []


class CountedPath(str):
    """A path that counts how often it is asked whether it is within another."""

    asked = 0

    def startswith(self, *given: Any) -> bool:
        """Count, and answer."""
        type(self).asked += 1
        return super().startswith(*given)


def test_what_stands_within_the_unknown_is_not_named_beside_it() -> None:
    within: Element = {"n": "odd", "c": [{"n": "further", "c": [{"n": "Name"}]}, {"n": "odd-too"}]}
    root: Element = {"n": "x", "c": [within, {"n": "odd-too"}, {"n": "Name", "c": [{"n": "odder"}]}]}
    (warning,) = warn_of_unknown_names(by_path(root), frozenset({"Name"}), frozenset())
    assert warning.detail == "Elements that are not known were ignored: Name/odder, odd, odd-too."


def test_each_of_many_unknown_names_is_compared_once() -> None:
    found: dict[str, list[Element]] = {CountedPath(f"q{number}"): [{"n": "q"}] for number in range(500)}
    (warning,) = warn_of_unknown_names(found, frozenset(), frozenset())
    assert warning.detail.endswith(", ….")
    assert CountedPath.asked < 1_000


texts = st.sampled_from(
    ["TN", "Tennessee", "ABIM", "abim", "NPI", "Nowhere", "", " ", "1234567893", "444444", " 4-4 ", "\u200b", "a\x01b",
     "AMA PRA Category 1", "MOC", "Medical Knowledge", "2", "2.250", "2,5", "two", "ccid:a:1", "ccid:pars-credit:x-1",
     "x" * 300]
)  # fmt: skip
tags = st.sampled_from(["UniqueID", "CreditReceived", "CreditID", "Strange", "ar:CreditID"])
attributes_of = st.dictionaries(
    st.sampled_from(["domain", "activityCertification", "numberOfCredits", "creditUnit", "{urn:x}domain", "strange"]),
    texts, max_size=3,
)  # fmt: skip
inner_names = st.sampled_from(["activityCertification", "numberOfCredits", "creditUnit", "domain", "Strange"])
inners = st.lists(st.builds(an_element, inner_names, texts), max_size=3)
parts = st.builds(
    lambda name, text, within, given: an_element(name, text, *within, **given),
    tags, st.none() | texts, inners, attributes_of,
)  # fmt: skip
usual = st.builds(
    lambda domain, number, kind, amount, key, inside: an_element(
        "CreditCertificate", None, an_element("UniqueID", number, domain=domain),
        an_element("CreditReceived", None, an_element("activityCertification", kind),
                   an_element("numberOfCredits", amount))
        if inside else an_element("CreditReceived", activityCertification=kind, numberOfCredits=amount),
        *([an_element("CreditID", key)] if key is not None else []),
    ),
    texts, texts, texts, texts, st.none() | texts, st.booleans(),
)  # fmt: skip
odd = st.lists(parts, max_size=4).map(lambda within: an_element("CreditCertificate", None, *within))


@given(found=st.lists(usual | odd, max_size=3))
def test_certificates_are_read_the_same_in_the_short_way_and_in_the_long_one(found: list[Element]) -> None:
    record = read(a_document(*found), XML)
    with patch.object(certificates, "_read_usual", lambda *_: None):
        assert read(a_document(*found), XML) == record


def test_a_usual_certificate_is_read_in_the_short_way() -> None:
    with patch.object(certificates, "by_path", side_effect=AssertionError), patch.object(certificates, "_ids") as ids:
        assert read(a_document(tennessee()), XML).findings == ()
    ids.assert_not_called()
