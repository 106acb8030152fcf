"""Versions of completions as they are kept: what was written under the first names is read for ever."""

from __future__ import annotations

from app.store.completion_versions import completion_of, document_of
from tests.builders.judging import LINK, a_completion, a_credit


def test_the_ids_of_the_registry_and_of_the_provider_stay_apart_under_the_names_they_are_kept_by() -> None:
    completion = a_completion(a_credit(number_reported="12", number_on_file="0012"), physician_id="physician-1")
    document = document_of(completion)
    assert (document["learner_id"], document["link"]) == ("physician-1", LINK)
    assert (document["credits"][0]["reported_id"], document["credits"][0]["registry_id"]) == ("12", "0012")
    read = completion_of(document)
    assert read == completion
    assert (read.physician_id, read.learner_id) == ("physician-1", LINK)
