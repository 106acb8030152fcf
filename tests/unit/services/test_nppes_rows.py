"""How rows of the national provider file are read: whose they are, their licences, names and dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity.learners import NameKind, NpiListing, OtherName, RegistryRow
from app.services.registry.national.layout import HEADINGS, layout_of
from app.services.registry.national.npi_ends import NpiEnd
from app.services.registry.national.rows import Degrees, LeftAside, NppesReader, PassedOver, degrees_of
from app.services.registry.placing import ImportFault
from tests.builders.judging import CATALOGUE
from tests.builders.nppes import ALMA, INTERNAL_MEDICINE, NURSE, ORAL_SURGERY, RESIDENT, TN, a_row, cells, ended


def reader() -> NppesReader:
    return NppesReader(layout_of(HEADINGS), CATALOGUE)


def read(row: dict[str, str]) -> RegistryRow:
    found = reader().read(cells(row))
    assert isinstance(found, RegistryRow)
    return found


def held(row: dict[str, str]) -> list[tuple[str, str]]:
    return [(licence.board, licence.number) for licence in read(row).licenses]


def test_the_layout_has_330_columns() -> None:
    assert (len(HEADINGS), len(set(HEADINGS))) == (330, 330)


def test_a_physician_is_read_with_a_licence_of_their_own_word() -> None:
    row = read(a_row())
    assert (row.first_name, row.last_name, row.npi, row.birth_date) == ("ALMA", "CASTELLAN", ALMA, None)
    (licence,) = row.licenses
    assert (licence.board, licence.number, licence.self_reported) == ("TN-M", "910011", True)
    assert row.listing == NpiListing(active_on=date(2024, 3, 1))


def test_the_operator_may_credit_the_licences() -> None:
    row = NppesReader(layout_of(HEADINGS), CATALOGUE, credited=True).read(cells(a_row()))
    assert isinstance(row, RegistryRow)
    assert [licence.self_reported for licence in row.licenses] == [False]


@pytest.mark.parametrize(
    ("taxonomy", "credentials", "kept"),
    [
        ("207Q00000X", "", True),
        ("2084P0800X", "M.D.", True),
        ("204D00000X", "D.O.", True),
        ("202K00000X", "MD", True),
        ("209800000X", "MD, JD", True),
        (NURSE, "M.D.", False),
        ("213E00000X", "DPM", False),
        ("261QP2300X", "", False),
        ("20", "M.D.", False),
        ("", "M.D.", False),
        (RESIDENT, "MD", True),
        (RESIDENT, "", False),
        (RESIDENT, "BSN, RN", False),
        (ORAL_SURGERY, "DDS, MD", True),
        (ORAL_SURGERY, "DDS", False),
    ],
)
def test_physicians_are_told_by_their_taxonomy(taxonomy: str, credentials: str, kept: bool) -> None:
    row = a_row(ALMA, (taxonomy, "1", "TN"), Provider_Credential_Text=credentials)
    assert isinstance(reader().read(cells(row)), RegistryRow) is kept
    if not kept:
        assert reader().read(cells(row)) is PassedOver.OTHER_PROFESSION


def test_organisations_are_passed_over() -> None:
    assert reader().read(cells({"NPI": "2000000002", "Entity Type Code": "2"})) is PassedOver.ORGANISATION


@pytest.mark.parametrize(
    ("credentials", "degrees"),
    [
        ("M.D.", Degrees.MEDICAL),
        ("MD", Degrees.MEDICAL),
        ("m.d., ph.d.", Degrees.MEDICAL),
        ("M D", Degrees.MEDICAL),
        ("M.D./M.P.H.", Degrees.MEDICAL),
        ("MBBS", Degrees.MEDICAL),
        ("D.O.", Degrees.OSTEOPATHIC),
        ("DO, FACOI", Degrees.OSTEOPATHIC),
        ("MD, DO", Degrees.BOTH),
        ("", Degrees.UNTOLD),
        ("PHD", Degrees.UNTOLD),
        ("MDS", Degrees.UNTOLD),
        ("FNP-C", Degrees.OTHER),
        ("PA-C", Degrees.OTHER),
        ("R.N.", Degrees.OTHER),
    ],
)
def test_degrees_are_read_as_people_write_them(credentials: str, degrees: Degrees) -> None:
    assert degrees_of(credentials) is degrees


@pytest.mark.parametrize(
    ("state", "credentials", "board"),
    [
        ("TN", "M.D.", "TN-M"),
        ("TN", "D.O.", "TN-O"),
        ("TX", "D.O.", "TX-M"),
        ("TX", "", "TX-M"),
        ("NC", "MD", "ZZNC"),
        ("PR", "MD", "PR-M"),
    ],
)
def test_state_and_degree_lead_to_the_board(state: str, credentials: str, board: str) -> None:
    row = a_row(ALMA, (INTERNAL_MEDICINE, "910011", state), Provider_Credential_Text=credentials)
    assert held(row) == [(board, "910011")]


@pytest.mark.parametrize(
    ("number", "state", "credentials", "why"),
    [
        ("910011", "TN", "", LeftAside.TWO_BOARDS),
        ("910011", "TN", "MD, DO", LeftAside.TWO_BOARDS),
        ("910011", "TX", "NP", LeftAside.OTHER_DEGREE),
        ("910011", "ON", "MD", LeftAside.NO_STATE),
        ("910011", "", "MD", LeftAside.NO_STATE),
        ("NONE", "TN", "MD", LeftAside.NO_NUMBER),
        ("<UNAVAIL>", "TN", "MD", LeftAside.NO_NUMBER),
        ("", "TN", "MD", LeftAside.NO_NUMBER),
        ("#REF!", "TN", "MD", LeftAside.NO_NUMBER),
    ],
)
def test_a_licence_of_no_board_that_can_be_told_is_left_aside_and_its_holder_is_not(
    number: str, state: str, credentials: str, why: LeftAside
) -> None:
    one = reader()
    row = one.read(cells(a_row(ALMA, (INTERNAL_MEDICINE, number, state), Provider_Credential_Text=credentials)))
    assert isinstance(row, RegistryRow)
    assert row.licenses == ()
    assert one.left_aside == {why: 1}


def test_a_licence_counts_beside_a_physicians_taxonomy_only_and_once() -> None:
    row = a_row(ALMA, TN, (NURSE, "RN77", "TN"), ("207Q00000X", "910011", "TN"), ("207Q00000X", "ME5", "FL"))
    assert held(row) == [("TN-M", "910011"), ("FL-M", "ME5")]


def test_all_fifteen_licences_are_read() -> None:
    licenses = [(INTERNAL_MEDICINE, str(1_000 + place), "TX") for place in range(15)]
    assert held(a_row(ALMA, *licenses)) == [("TX-M", str(1_000 + place)) for place in range(15)]


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("1", [NameKind.FORMER]),
        ("2", [NameKind.PROFESSIONAL]),
        ("5", [NameKind.OTHER]),
        ("", [NameKind.OTHER]),
        ("3", []),
    ],
)
def test_other_names_have_their_kind(code: str, kinds: list[NameKind]) -> None:
    row = a_row(Provider_Other_Last_Name="REYES", Provider_Other_Middle_Name="B")
    row["Provider Other Last Name Type Code"] = code
    expected = [OtherName(kind=kind, last_name="REYES", middle_name="B") for kind in kinds]
    assert list(read(row).other_names) == expected


def test_suffixes_are_kept_apart_and_degrees_among_them_are_none() -> None:
    assert read(a_row(Provider_Name_Suffix_Text="JR.")).suffix == "JR."
    assert read(a_row(Provider_Name_Suffix_Text="M.D.")).suffix is None


@pytest.mark.parametrize(
    ("ended_on", "again", "listing"),
    [
        ("05/06/2024", "", NpiListing(ended_on=date(2024, 5, 6))),
        ("05/06/2024", "07/01/2024", NpiListing(active_on=date(2024, 7, 1))),
        ("07/01/2024", "05/06/2024", NpiListing(ended_on=date(2024, 7, 1))),
    ],
)
def test_an_npi_ends_and_begins_again(ended_on: str, again: str, listing: NpiListing) -> None:
    assert read(a_row(NPI_Deactivation_Date=ended_on, NPI_Reactivation_Date=again)).listing == listing


def test_of_an_npi_that_has_ended_the_day_alone_is_read() -> None:
    assert reader().read(cells(ended())) == NpiEnd(npi=ALMA, ended_on=date(2024, 5, 6))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (a_row("1000000005"), "check digit"),
        (a_row(Provider_First_Name="", **{"Provider_Last_Name_(Legal_Name)": ""}), "the name is missing"),
        (a_row(Provider_First_Name="AL\ufffdA"), "first_name has lost a letter"),
        (a_row(Provider_Other_Last_Name="RE\ufffdES"), "the other name has lost a letter"),
        (a_row(NPI_Deactivation_Date="2024-99-01"), "not MM/DD/YYYY"),
        ({"NPI": ALMA}, "neither"),
        (ended("1000000005"), "check digit"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_without_its_values(row: dict[str, str], why: str) -> None:
    with pytest.raises(ImportFault, match=why) as fault:
        reader().read(cells(row))
    assert not any(value in str(fault.value) for value in ("100000000", "CASTELLAN", "910011", "99-01"))


def test_a_row_with_other_cells_than_headings_is_refused() -> None:
    with pytest.raises(ImportFault, match="329 cells"):
        reader().read(cells(a_row())[:-1])


ROWS = st.builds(
    lambda licenses, credentials, suffix: a_row(
        ALMA, *licenses, Provider_Credential_Text=credentials, Provider_Name_Suffix_Text=suffix
    ),
    st.lists(
        st.tuples(
            st.sampled_from([INTERNAL_MEDICINE, "2084P0800X", NURSE, RESIDENT, ""]),
            st.sampled_from(["910011", "ME5", "0077", "NONE", ""]),
            st.sampled_from(["TN", "TX", "FL", "ON", ""]),
        ),
        min_size=1,
        max_size=15,
    ),
    st.sampled_from(["M.D.", "DO", "", "RN", "MD, DO"]),
    st.sampled_from(["JR", "", "MD"]),
)


@given(ROWS, st.randoms(use_true_random=False))
def test_columns_are_found_by_their_heading_wherever_they_stand(row: dict[str, str], chance: object) -> None:
    headings = [*HEADINGS, "A new column"]
    chance.shuffle(headings)  # type: ignore[attr-defined]
    moved = NppesReader(layout_of(headings), CATALOGUE).read(cells(row, headings))
    assert moved == reader().read(cells(row))


@given(ROWS)
def test_every_licence_is_held_or_left_aside_and_none_is_a_nurses(row: dict[str, str]) -> None:
    one = reader()
    found = one.read(cells(row))
    if isinstance(found, RegistryRow):
        given_numbers = {text for name, text in row.items() if name.startswith("Provider License Number_")}
        assert {licence.number for licence in found.licenses} <= given_numbers - {"NONE", ""}
        assert len({(licence.board, licence.key) for licence in found.licenses}) == len(found.licenses)
        assert all(licence.self_reported for licence in found.licenses)
    else:
        assert not one.left_aside


def test_a_column_that_is_read_and_missing_refuses_the_file_by_its_name() -> None:
    for missing in ("NPI Deactivation Date", "Provider License Number_15", "Provider Last Name (Legal Name)"):
        with pytest.raises(ImportFault, match="another layout") as fault:
            layout_of([name for name in HEADINGS if name != missing])
        assert f'"{missing}"' in str(fault.value)


def test_a_file_of_others_is_refused() -> None:
    with pytest.raises(ImportFault, match="not the national provider file"):
        layout_of(["first_name", "last_name"])


def test_a_column_that_stands_twice_refuses_the_file() -> None:
    with pytest.raises(ImportFault, match="twice"):
        layout_of([*HEADINGS, "NPI"])


def test_changes_of_columns_that_are_not_read_are_told() -> None:
    changed = [name for name in HEADINGS if name != "Certification Date"] + ["Provider Pronouns"]
    assert layout_of(changed).changes == (
        'The layout has changed: "Certification Date" is missing, which the import does not read.',
        'The layout has changed: "Provider Pronouns" is new, which the import does not read.',
    )
    assert layout_of([name.replace("Sex", "Gender") for name in HEADINGS]).changes == ()
