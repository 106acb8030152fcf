"""Lines of a file whose order, company or interruption must not decide what stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.context import Service
from app.services.operations import checks
from app.services.registry import imports
from tests.api.registry.test_identifiers import ALMA, BRUNO, NPI, OTHER_NPI, of, whose
from tests.builders.bodies import a_completion
from tests.builders.people import import_people, physicians_on_file
from tests.builders.sent_files import lines
from tests.harness.api import Api, settle
from tests.harness.uploads import rows_of, worked

NORA = {"first_name": "Nora", "last_name": "Neu", "date_of_birth": "03/04", "licenses": "KY-M:K7"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_birth_date_that_one_line_gives_stands_beside_all_names(
    service: Service, api: Api, order: tuple[int, ...]
) -> None:
    undated = ALMA | {"date_of_birth": ""}
    people = (undated, undated | {"other_last_names": "Former"}, ALMA)
    assert import_people(service, *(people[place] for place in order)).refused == []
    assert checks.find_faults(service) == []
    by_name = {"first_name": "Alma", "last_name": "Former", "date_of_birth": "02/11"}
    assert api.post("/v1/learner-validations", by_name).json["result"] == "one"
    settle(service)


def test_who_got_a_licence_issued_again_is_a_pair_with_their_namesake(service: Service) -> None:
    former = {"first_name": "Fran", "last_name": "Former", "date_of_birth": "01/02", "licenses": "TN-M:R7@..2010-01-01"}
    import_people(service, former)
    import_people(service, NORA)
    again = NORA | {"licenses": "TN-M:R7@2011-01-01.."}
    counts = import_people(service, again)
    assert (counts.added, len(counts.pairs)) == (1, 1)
    counts = import_people(service, again)
    assert (counts.unchanged, counts.pairs) == (1, [])


def test_a_line_is_not_joined_with_somebody_of_its_pair_who_has_another_npi(service: Service) -> None:
    """Both are kept beside Bruno, whose identifiers they give, and they have an NPI each."""
    bruno = BRUNO | {"npi": "", "licenses": "TN-M:910012"}
    bert = bruno | {"first_name": "Bert"}
    import_people(service, bruno)
    assert len(import_people(service, bert | {"npi": OTHER_NPI}).pairs) == 1
    import_people(service, bruno | {"npi": NPI})
    twin = bert | {"npi": NPI, "licenses": "KY-M:910019"}
    counts = import_people(service, twin)
    assert (counts.added, counts.updated) == (1, 0)
    known = physicians_on_file(service)
    assert import_people(service, twin).unchanged == 1
    assert physicians_on_file(service) == known


def test_a_learner_id_tells_who_has_a_disputed_npi(service: Service, api: Api) -> None:
    import_people(service, ALMA, BRUNO)
    learner_id = api.report(of(ALMA)).json["learner"]["learner_id"]
    for given, day in (({"npi": NPI}, "2021-12-11"), ({}, "2021-12-12")):
        body = of(ALMA, completed_on=day)
        body["learner"] = {"learner_id": learner_id} | given
        body["cme"] = [{"credits": 1}] if given else [{"state": "TN", "license_id": NPI, "credits": 1}]
        assert api.report(body).json["outcome"] == "created"
    settle(service)


def test_what_becomes_of_a_row_does_not_depend_on_its_neighbours(service: Service, api: Api) -> None:
    """A lapsed licence is no miss, also where a report beside it names who has the number now."""
    import_people(
        service,
        ALMA | {"npi": "", "licenses": "TN-M:R7@..2015-12-31"},
        BRUNO | {"npi": "", "licenses": "TN-M:R7@2016-03-01.."},
    )
    alma = a_completion(first_name="Alma", last_name="Castellan", born="02/11", license_id=None)
    bruno = a_completion(first_name="Bruno", last_name="Destry", born="09/23", license_id="R7")
    for day, bodies in (("2021-12-10", [alma]), ("2021-12-11", [alma, bruno])):
        sent = lines(body | {"completed_on": day} for body in bodies)
        batch = worked(api, service, sent, name="learners.ndjson")
        assert [row["outcome"] for row in rows_of(api, batch)] == ["added"] * len(bodies)
    settle(service)


HEADING = "first_name,last_name,date_of_birth,licenses\n"


@pytest.fixture
def torn(tmp_path: Path) -> Iterator[Path]:
    """A file that cannot be read to its end: its last bytes are no UTF-8."""
    path = tmp_path / "torn.csv"
    rows = "Bob,Twin,05/06,TN-M:R1\nRobert,Twin,05/06,TN-M:R1\n"
    filling = "".join(f"Some,Body{number},01/01,TN-M:{number}\n" for number in range(600))
    path.write_bytes((HEADING + rows + filling + "Zoë,Last,01/01,TN-M:Z\n").encode("latin-1"))
    return path


def test_what_was_imported_before_a_fault_of_the_file_is_told(service: Service, torn: Path) -> None:
    counts = imports.ImportCounts()
    with pytest.raises(imports.ImportFault, match="cannot be read"):
        imports.import_file(service, torn, counts)
    assert (counts.added > imports.AT_ONCE, len(counts.pairs)) == (True, 1)
    assert len(whose(service, "twin")) == 2
    settle(service)
