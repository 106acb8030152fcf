"""One document from many at the same moment: one activity and one completion, whoever comes first."""

from __future__ import annotations

from functools import partial

import pytest

from tests.api.pars.documents import ACTIVITIES, LEARNERS, outcomes, send_xml
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.pars_documents import activities, learners, metrics, report
from tests.harness.api import Api
from tests.harness.wire import at_once

pytestmark = pytest.mark.usefixtures("proven")


def test_of_many_documents_with_one_own_id_one_makes_the_activity(api: Api) -> None:
    document = activities([metrics(ids={"provider": "PARS-1"})])
    answers = at_once([partial(send_xml, api, ACTIVITIES, document) for _ in range(12)])
    assert sorted(outcome for answer in answers for outcome in outcomes(answer)) == ["created"] + ["unchanged"] * 11
    assert len(api.get("/v1/activities", internal_id="PARS-1").json["data"]) == 1


def test_of_many_documents_with_one_record_one_makes_the_completion(api: Api) -> None:
    document = learners([report(a_completion(reference="ccid:r:1"))])
    answers = at_once([partial(api.post, LEARNERS, document) for _ in range(12)])
    assert sorted(outcome for answer in answers for outcome in outcomes(answer)) == ["created"] + ["unchanged"] * 11
    found = api.completions(client_reference="ccid:r:1")
    assert [one["activity_id"] for one in found] == [GRAND_ROUNDS]
