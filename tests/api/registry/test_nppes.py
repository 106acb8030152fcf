"""The national provider file beside what boards and the operator have given: joined by evidence, never blindly."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.domain.identity.learners import Learner
from app.services.context import Service
from app.services.registry.national import imports as nppes
from app.services.registry.placing import ImportFault
from app.store.sql import statements
from tests.builders.nppes import (
    ALMA,
    BRUNO,
    INTERNAL_MEDICINE,
    TN,
    a_row,
    cells,
    ended,
    import_nppes,
    named,
    write_file,
)
from tests.builders.people import import_people, physicians_on_file
from tests.harness.databases import ON_SQLITE

ROSTER = {"first_name": "Alma", "last_name": "Castellan", "date_of_birth": "02/11", "licenses": "TN-M:910011"}


def of_key(service: Service, last_key: str = "castellan") -> list[Learner]:
    return [who for who in physicians_on_file(service).values() if last_key in {last for last, _ in who.names}]


def claimed(service: Service, last_key: str = "castellan") -> dict[tuple[str, str], bool]:
    """Return the licences of people of a name, and whether only their holder has told them."""
    query = (
        "SELECT h.board, h.license_id, h.self_reported FROM licenses h "
        "JOIN learner_names n ON n.learner_id = h.learner_id WHERE n.last_key = :last"
    )
    rows = service.database.read(lambda connection: statements.fetch(connection, query, {"last": last_key}))
    return {(board, number): bool(told) for board, number, told in rows}


def stored(service: Service, columns: str, npi: str = ALMA) -> Any:
    query = f"SELECT {columns} FROM learners WHERE npi = :npi"
    (row,) = service.database.read(lambda connection: statements.fetch(connection, query, {"npi": npi}))
    return tuple(row)


def ended_on(service: Service, npi: str = ALMA) -> date | None:
    (day,) = stored(service, "npi_ended_on", npi)
    return date.fromisoformat(str(day)) if day else None


def test_a_board_and_the_provider_file_describe_one_person_in_either_order(service: Service, tmp_path: Path) -> None:
    import_people(service, ROSTER)
    counts = import_nppes(service, tmp_path, a_row())
    assert (counts.added, counts.updated, counts.pairs) == (0, 1, [])
    (alma,) = of_key(service)
    assert (alma.birth_date, alma.npi, claimed(service)) == ("02/11", ALMA, {("TN-M", "910011"): False})
    assert stored(service, "first_name, last_name") == ("Alma", "Castellan")

    other = named(a_row(BRUNO, (INTERNAL_MEDICINE, "ME5", "FL")), "BRUNO", "DESTRY")
    import_nppes(service, tmp_path, other)
    counts = import_people(service, ROSTER | {"first_name": "Bruno", "last_name": "Destry", "licenses": "FL-M:ME5"})
    assert (counts.added, counts.updated) == (0, 1)
    (bruno,) = of_key(service, "destry")
    assert (bruno.birth_date, bruno.npi, claimed(service, "destry")) == ("02/11", BRUNO, {("FL-M", "ME5"): False})
    assert stored(service, "first_name, last_name", BRUNO) == ("Bruno", "Destry")


def test_a_second_import_changes_nothing(service: Service, tmp_path: Path) -> None:
    rows = (a_row(Provider_Other_Last_Name="REYES", Provider_Name_Suffix_Text="III"), ended(BRUNO))
    first = import_nppes(service, tmp_path, *rows)
    again = import_nppes(service, tmp_path, *rows)
    assert (first.added, again.added, again.updated, again.unchanged) == (1, 0, 0, 1)


def test_the_claim_of_a_licence_is_confirmed_by_a_board_and_never_the_other_way_round(
    service: Service, tmp_path: Path
) -> None:
    import_nppes(service, tmp_path, a_row(ALMA, TN, (INTERNAL_MEDICINE, "ME5", "FL")))
    assert claimed(service) == {("TN-M", "910011"): True, ("FL-M", "ME5"): True}
    counts = import_people(service, ROSTER)
    assert (counts.added, counts.updated) == (0, 1)
    import_nppes(service, tmp_path, a_row(ALMA, TN, (INTERNAL_MEDICINE, "ME5", "FL")))
    assert claimed(service) == {("TN-M", "910011"): False, ("FL-M", "ME5"): True}
    import_nppes(service, tmp_path, a_row(ALMA, (INTERNAL_MEDICINE, "ME5", "FL")), credited=True)
    assert claimed(service) == {("TN-M", "910011"): False, ("FL-M", "ME5"): False}


@pytest.mark.parametrize(
    ("first", "last", "joined", "pairs", "conflicts"),
    [
        ("ALMA", "CASTELLAN", 1, 0, 0),
        ("A", "CASTELLAN", 1, 0, 0),
        ("ALMA", "CASTELLAN-REYES", 1, 0, 0),
        ("ALMA", "REYES", 0, 1, 0),
        ("ADAM", "CASTELLAN", 0, 0, 1),
        ("BRUNO", "DESTRY", 0, 0, 1),
    ],
)
def test_an_npi_joins_whose_names_fit_and_offers_the_rest_as_a_pair_or_tells_of_it(
    service: Service, tmp_path: Path, first: str, last: str, joined: int, pairs: int, conflicts: int
) -> None:
    import_people(service, ROSTER | {"npi": ALMA})
    before = claimed(service)
    counts = import_nppes(service, tmp_path, named(a_row(ALMA, (INTERNAL_MEDICINE, "ME5", "FL")), first, last))
    assert (counts.updated, len(counts.pairs), len(counts.conflicts)) == (joined, pairs, conflicts)
    if not joined:
        assert claimed(service) == before


def test_a_listed_npi_joins_a_nickname(service: Service, tmp_path: Path) -> None:
    import_people(service, {"first_name": "Bob", "last_name": "Destry", "date_of_birth": "05/06", "npi": BRUNO})
    row = named(a_row(BRUNO, (INTERNAL_MEDICINE, "ME5", "FL")), "ROBERT", "DESTRY")
    counts = import_nppes(service, tmp_path, row)
    assert (counts.updated, counts.added, counts.pairs) == (1, 0, [])
    assert stored(service, "first_name", BRUNO) == ("Bob",)


def test_a_suffix_that_differs_is_another_person(service: Service, tmp_path: Path) -> None:
    import_people(service, ROSTER | {"npi": ALMA, "suffix": "Sr."})
    counts = import_nppes(service, tmp_path, a_row(Provider_Name_Suffix_Text="JR"))
    assert (counts.updated, counts.added, len(counts.conflicts)) == (0, 0, 1)


def test_names_and_state_without_a_birth_date_are_a_pair(service: Service, tmp_path: Path) -> None:
    import_people(service, ROSTER)
    counts = import_nppes(service, tmp_path, a_row(ALMA, (INTERNAL_MEDICINE, "910099", "TN")))
    assert (counts.added, [pair.evidence for pair in counts.pairs]) == (1, ["names state"])


def test_a_claimed_licence_of_somebody_else_is_left_aside_and_told(service: Service, tmp_path: Path) -> None:
    import_people(service, ROSTER)
    row = named(a_row(BRUNO, TN, (INTERNAL_MEDICINE, "ME5", "FL")), "BRUNO", "DESTRY")
    for added in (1, 0):
        counts = import_nppes(service, tmp_path, row)
        assert (counts.added, counts.refused) == (added, [])
        (aside,) = counts.left_aside
        assert (aside.line, aside.kinds, aside.reason) == (
            2, ("license",), "a licence belongs to a physician on file who has other names",
        )  # fmt: skip
        assert counts.not_imported == {"licences held by others": 1}
    (bruno,) = of_key(service, "destry")
    assert [held.board for held in bruno.licenses] == ["FL-M"]
    assert claimed(service) == {("TN-M", "910011"): False}


def test_a_claim_keeps_no_board_from_giving_the_number_to_its_holder(service: Service, tmp_path: Path) -> None:
    import_nppes(service, tmp_path, named(a_row(BRUNO), "BRUNO", "DESTRY"))
    for expected in ((1, 0), (0, 1)):
        counts = import_people(service, ROSTER)
        assert ((counts.added, counts.unchanged), counts.refused, counts.pairs) == (expected, [], [])
    assert claimed(service) == {("TN-M", "910011"): False}
    assert claimed(service, "destry") == {("TN-M", "910011"): True}


def test_names_told_by_the_person_are_added_to_what_a_board_has_given(service: Service, tmp_path: Path) -> None:
    import_people(service, ROSTER | {"npi": ALMA})
    told = a_row(Provider_Other_Last_Name="REYES", Provider_Other_Last_Name_Type_Code="1")
    import_nppes(service, tmp_path, named(told, "ALMA B", "CASTELLAN"))
    (alma,) = of_key(service)
    assert alma.names == {("castellan", "alma"), ("castellan", "almab"), ("reyes", "almab")}
    assert stored(service, "first_name, last_name") == ("Alma", "Castellan")
    query = "SELECT last_name, kind FROM learner_names WHERE learner_id = :id"
    kinds = service.database.read(lambda connection: statements.fetch(connection, query, {"id": alma.physician_id}))
    assert {tuple(row) for row in kinds} == {("Castellan", None), ("CASTELLAN", "legal"), ("REYES", "former")}


def test_who_is_known_from_the_provider_file_alone_is_shown_as_it_names_them_now(
    service: Service, tmp_path: Path
) -> None:
    import_nppes(service, tmp_path, a_row())
    import_nppes(service, tmp_path, named(a_row(), "ALMA", "CASTELLAN-REYES"))
    assert stored(service, "last_name") == ("CASTELLAN-REYES",)
    (alma,) = of_key(service)
    assert alma.names == {("castellan", "alma"), ("castellanreyes", "alma")}


def test_a_deactivated_npi_ends_and_removes_nobody(service: Service, tmp_path: Path) -> None:
    import_nppes(service, tmp_path, a_row())
    counts = import_nppes(service, tmp_path, ended(), ended(BRUNO))
    assert dict(counts.npis) == {"ended": 1, "of nobody on file": 1}
    assert ended_on(service) == date(2024, 5, 6)
    assert dict(import_nppes(service, tmp_path, ended()).npis) == {"ended before": 1}
    (alma,) = of_key(service)
    assert (alma.npi, len(alma.licenses)) == (ALMA, 1)
    # An older update does not begin it anew, a reactivation does.
    import_nppes(service, tmp_path, a_row())
    assert ended_on(service) == date(2024, 5, 6)
    import_nppes(service, tmp_path, a_row(NPI_Deactivation_Date="05/06/2024", NPI_Reactivation_Date="07/01/2024"))
    assert ended_on(service) is None


def test_the_report_of_deactivated_npis_is_read_as_workbook_zipped_and_as_text(
    service: Service, tmp_path: Path
) -> None:
    import_nppes(service, tmp_path, a_row(), named(a_row(BRUNO, (INTERNAL_MEDICINE, "ME5", "FL")), "BRUNO", "DESTRY"))
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["NPPES Deactivated NPI Report"], ["NPI", "NPPES Deactivation Date"], [ALMA, "05/06/2024"]):
        sheet.append(row)
    path = tmp_path / "report.xlsx"
    book.save(path)
    assert dict(nppes.import_file(service, path).npis) == {"ended": 1}
    packed = tmp_path / "report.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, "NPPES Deactivated NPI Report 20240512.xlsx")
    assert dict(nppes.import_file(service, packed).npis) == {"ended before": 1}
    text = tmp_path / "report.csv"
    text.write_text(f"NPI,NPPES Deactivation Date\n{BRUNO},05/07/2024\n", encoding="utf-8")
    assert dict(nppes.import_file(service, text).npis) == {"ended": 1}
    assert (ended_on(service), ended_on(service, BRUNO)) == (date(2024, 5, 6), date(2024, 5, 7))


@ON_SQLITE
def test_the_file_is_read_gzipped_and_in_the_archive_that_is_published(service: Service, tmp_path: Path) -> None:
    plain = write_file(tmp_path / "npidata_pfile_20050523-20240512.csv", [a_row()])
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert nppes.import_file(service, packed).added == 1
    archive = tmp_path / "NPPES_Data_Dissemination_May_2024.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("npidata_pfile_20050523-20240512_fileheader.csv", "NPI\n")
        written.writestr("othername_pfile_20050523-20240512.csv", "NPI\n")
        written.write(plain, plain.name)
    assert nppes.import_file(service, archive).unchanged == 1


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"NPI,Entity Type Code\n", "another layout"),
        ("a.csv", b"first_name,last_name\nAlma,Castellan\n", "not the national provider file"),
        ("a.csv", b"", "not the national provider file"),
        ("a.csv.gz", b"\x1f\x8bnone", "damaged"),
        ("a.zip", b"PK\x03\x04none", "damaged"),
    ],
)
def test_another_file_is_refused_and_says_what_is_wrong(
    service: Service, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImportFault, match=why):
        nppes.import_file(service, path)


@ON_SQLITE
def test_a_lost_letter_in_a_column_that_is_not_read_is_nobodys_concern(service: Service, tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.csv", [a_row(Parent_Organization_LBN="JOS\u00e9")])
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xe9"))
    assert nppes.import_file(service, path).added == 1


@ON_SQLITE
def test_what_was_read_before_a_file_breaks_off_is_imported(service: Service, tmp_path: Path) -> None:
    whole = gzip.compress("".join(
        ",".join(f'"{cell}"' for cell in line) + "\n"
        for line in ([*cells({})], )
    ).encode())  # fmt: skip
    path = write_file(tmp_path / "a.csv", [a_row()])
    packed = gzip.compress(path.read_bytes() + whole * 50)
    broken = tmp_path / "b.csv.gz"
    broken.write_bytes(packed[:-20])
    counts = nppes.ImportCounts()
    with pytest.raises(ImportFault, match="cannot be read"):
        nppes.import_file(service, broken, counts)
    assert counts.added == 1
