"""Documents that nobody should send: refused with a clear answer in the form that was asked for, never a failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.pars.documents import ACTIVITIES, LEARNERS, outcomes, records, send_xml
from tests.builders.bodies import a_completion
from tests.builders.pars_documents import JSON, learners, report, xml
from tests.harness.api import Api

DEEP = 100_000
RECORD = xml(learners([report(a_completion())]))
BODIES: dict[str, tuple[bytes, int]] = {
    "document type": (b"<!DOCTYPE x><ACCMELearnerReports/>", 400),
    "entities": (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x>&b;</x>', 400,
    ),
    "a file of the server": (
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ACCMELearnerReports>&f;</ACCMELearnerReports>', 400,
    ),
    "a network address": (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>', 400),
    "an entity of nobody": (b"<ACCMELearnerReports>&nbsp;</ACCMELearnerReports>", 400),
    "depth": (b"<a>" * DEEP + b"</a>" * DEEP, 400),
    "depth within bounds of the parser": (b"<a>" * 200 + b"</a>" * 200, 400),
    "cut off": (RECORD[: len(RECORD) // 2].encode(), 400),
    "nothing": (b"   ", 422),
    "a web page": (b"<html><body>Sign in</body></html>", 400),
    "no record": (b"<ACCMELearnerReports><ActivityReports/></ACCMELearnerReports>", 422),
    "other records": (b"<Activities><Activity/></Activities>", 422),
    "attributes that take the square of their number": (
        b"<ACCMELearnerReports " + b" ".join(b"a%d='1'" % number for number in range(1_000)) + b"/>", 413,
    ),
    "a namespace that each element repeats": (
        b"<ACCMELearnerReports xmlns='" + b"u" * 100_000 + b"'>" + b"<a/>" * 10 + b"</ACCMELearnerReports>", 413,
    ),
    "a namespace of attributes": (
        b"<ACCMELearnerReports><a xmlns:u='" + b"u" * 100_000 + b"' u:b='1'/></ACCMELearnerReports>", 413,
    ),
    "bytes": (bytes(range(256)), 400),
    "an encoding that nobody knows": (b'<?xml version="1.0" encoding="x-none"?><a/>', 400),
    "UTF-16 cut off": ("<?xml version='1.0'?><a/>".encode("utf-16")[:-1], 400),
    "a control character": (b"<ACCMELearnerReports>\x01</ACCMELearnerReports>", 400),
    "JSON": (b'{"ACCMELearnerReports": {}}', 400),
    "a record in a record": (
        b"<ActivityReports><ActivityReport><ActivityReport/></ActivityReport></ActivityReports>", 200,
    ),
    "instructions": (b"<?php echo 1 ?>" + RECORD.encode(), 200),
}  # fmt: skip


@pytest.mark.parametrize("path", [LEARNERS, ACTIVITIES, "/pars/learner-match"])
@pytest.mark.parametrize("what", BODIES)
def test_xml_that_nobody_should_send_is_told_as_what_it_is(api: Api, path: str, what: str) -> None:
    body, status = BODIES[what]
    answer = send_xml(api, path, body)
    assert answer.status < 500
    if path == LEARNERS:
        assert answer.status == status, answer.response.text
    if answer.status != 200:
        assert answer.response.headers["content-type"] == "application/problem+xml"
        assert "<detail>" in answer.response.text and "passwd" not in answer.response.text


JSON_BODIES: dict[str, bytes] = {
    "depth": b'{"ACCMELearnerReports":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "lists in lists": b'{"ACCMELearnerReports":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "a list": b"[]",
    "a text": b'"ActivityReports"',
    "null": b"null",
    "null within": b'{"ACCMELearnerReports": null}',
    "members that repeat": b'{"ACCMELearnerReports": {}, "ACCMELearnerReports": {}}',
    "a lone surrogate": b'{"ACCMELearnerReports": {"ActivityReports": {"ActivityReport": ["\\ud800"]}}}',
    "numbers beyond all": b'{"ActivityReport": [{"Activity": {"Module": {"CreditCertificate": [1e999, -1e999]}}}]}',
    "XML": b"<ACCMELearnerReports/>",
    "UTF-16": '{"ACCMELearnerReports": {}}'.encode("utf-16"),
    "records that are none": b'{"ActivityReport": [1, true, null, "x", {}, {"": 1}, {"Activity": 5, "Member": []}]}',
    "names of other things": b'{"ActivityReport": {"{}": 1, "a b": 2, "<x>": 3, "xml:y": 4, "\\u0000": 5}}',
}


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize("what", JSON_BODIES)
def test_json_that_nobody_should_send_is_told_as_what_it_is(api: Api, what: str, accept: str) -> None:
    for path in (LEARNERS, ACTIVITIES, "/pars/learner-match"):
        headers = {"Content-Type": JSON, "Accept": accept}
        answer = api.send("POST", path, headers=headers, content=JSON_BODIES[what])
        assert answer.status in (200, 400, 422), (path, answer.response.text)
        if answer.status == 200 and path == LEARNERS:
            assert set(outcomes(answer)) == {"refused"}


def test_a_body_that_is_too_large_is_refused_in_its_form(api: Api) -> None:
    answer = send_xml(api, LEARNERS, b"<a>" + b"x" * 1_048_577 + b"</a>")
    assert (answer.status, answer.response.headers["content-type"]) == (413, "application/problem+xml")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/soap", ""])
def test_another_media_type_is_refused(api: Api, content_type: str) -> None:
    answer = api.send("POST", LEARNERS, headers={"Content-Type": content_type}, content=RECORD.encode())
    assert (answer.status, answer.json["code"]) == (415, "unsupported-media-type")


def test_what_stands_around_a_document_is_no_part_of_it(api: Api) -> None:
    wrapped = (
        f"<s:Envelope xmlns:s='urn:s'><s:Body><SaveLearnerActivity>{RECORD}</SaveLearnerActivity></s:Body></s:Envelope>"
    )
    assert outcomes(send_xml(api, LEARNERS, wrapped.encode())) == ["created"]
    named: dict[str, Any] = {"SaveLearnerActivity": learners([report(a_completion())])}
    assert outcomes(api.post(LEARNERS, named)) == ["unchanged"]


def test_five_hundred_certificates_are_one_record_and_more_are_refused(api: Api) -> None:
    made = report(a_completion())
    one = made["Activity"]["Module"]["CreditCertificate"][0]
    made["Activity"]["Module"]["CreditCertificate"] = [one] * 501
    (record,) = records(send_xml(api, LEARNERS, learners([made])))
    assert (record["Outcome"], record["Finding"][0]["Rule"]) == ("refused", "too-long")


def test_services_take_the_same_at_the_addresses_of_today(api: Api) -> None:
    services = "/pars/services/ACCMELearnerService.svc"
    document = learners([report(a_completion(reference="ccid:s:1"))])
    answer = send_xml(api, f"{services}/SaveLearnerActivity", document)
    assert outcomes(answer) == ["created"]
    (found,) = records(api.get(f"{services}/GetLearnerStatusByCreditId", CreditId="ccid:s:1"))
    assert found["Outcome"] == "found"
    asked = {"moduleID": "201759558", "CompletionDate": "2021-12-12", "BirthDate": "02/01", "UniqueID": "444444"}
    assert records(api.get("/pars/services/x.svc/GetLearnerStatusByLearner", **asked)) == [found]
    assert api.get(f"{services}/GetActivity", providerActivityId="none").json == {
        "ACCMEActivities": {"MedicalEducationMetrics": []}
    }
    person = {"Name": {"GivenName": "Rebecca", "FamilyName": "Test"}}
    assert api.post(f"{services}/GetLearnerMatch", {"Member": person}).status == 200
    assert api.get(f"{services}/Anything").status == 404
    assert api.get("/pars/services/ACCMELearnerService/GetActivity").status == 404
