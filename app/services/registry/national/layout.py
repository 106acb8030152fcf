"""The headings of the national provider file, by name: which are read, which are known, and what a file has instead.

The layout is the one that the file is published with: one line of 330 headings. Only columns that are read have to be
there; of the others it is told which are missing and which are new, so that a change of the file is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from app.domain.parsing import plain_text
from app.services.registry.placing import ImportFault

TAXONOMIES = 15
IDENTIFIERS = 50
NPI = "NPI"
ENTITY = "Entity Type Code"
LAST_NAME, FIRST_NAME = "Provider Last Name (Legal Name)", "Provider First Name"
MIDDLE_NAME, SUFFIX, CREDENTIAL = "Provider Middle Name", "Provider Name Suffix Text", "Provider Credential Text"
OTHER_LAST_NAME, OTHER_FIRST_NAME = "Provider Other Last Name", "Provider Other First Name"
OTHER_MIDDLE_NAME, OTHER_SUFFIX = "Provider Other Middle Name", "Provider Other Name Suffix Text"
OTHER_KIND = "Provider Other Last Name Type Code"
UPDATED, DEACTIVATED, REACTIVATED = "Last Update Date", "NPI Deactivation Date", "NPI Reactivation Date"
TAXONOMY, LICENSE, STATE = (
    "Healthcare Provider Taxonomy Code", "Provider License Number", "Provider License Number State Code",
)  # fmt: skip
SEX = ("Provider Sex Code", "Provider Gender Code")
"""One column under its new and its old heading."""
REPORT_DEACTIVATED = "NPPES Deactivation Date"
"""The heading beside `NPI` in the report of deactivated NPIs."""

_SINGLE = (
    NPI, ENTITY, LAST_NAME, FIRST_NAME, MIDDLE_NAME, SUFFIX, CREDENTIAL, OTHER_LAST_NAME, OTHER_FIRST_NAME,
    OTHER_MIDDLE_NAME, OTHER_SUFFIX, OTHER_KIND, UPDATED, DEACTIVATED, REACTIVATED,
)  # fmt: skip
_MOST_NAMED = 5


def _address(kind: str) -> Iterator[str]:
    country = "Country Code (If outside U.S.)"
    for part in ("First Line", "Second Line"):
        yield f"Provider {part} Business {kind} Address"
    for part in ("City Name", "State Name", "Postal Code", country, "Telephone Number", "Fax Number"):
        yield f"Provider Business {kind} Address {part}"


def _numbered(count: int, names: Sequence[str]) -> Iterator[str]:
    return (f"{name}_{number}" for number in range(1, count + 1) for name in names)


def _known() -> Iterator[str]:
    yield from (NPI, ENTITY, "Replacement NPI", "Employer Identification Number (EIN)")
    yield "Provider Organization Name (Legal Business Name)"
    yield from (LAST_NAME, FIRST_NAME, MIDDLE_NAME, "Provider Name Prefix Text", SUFFIX, CREDENTIAL)
    yield from ("Provider Other Organization Name", "Provider Other Organization Name Type Code")
    yield from (OTHER_LAST_NAME, OTHER_FIRST_NAME, OTHER_MIDDLE_NAME, "Provider Other Name Prefix Text", OTHER_SUFFIX)
    yield from ("Provider Other Credential Text", OTHER_KIND)
    yield from (*_address("Mailing"), *_address("Practice Location"))
    yield from ("Provider Enumeration Date", UPDATED, "NPI Deactivation Reason Code", DEACTIVATED, REACTIVATED, SEX[0])
    yield from (f"Authorized Official {part}" for part in ("Last Name", "First Name", "Middle Name"))
    yield from ("Authorized Official Title or Position", "Authorized Official Telephone Number")
    yield from _numbered(TAXONOMIES, (TAXONOMY, LICENSE, STATE, "Healthcare Provider Primary Taxonomy Switch"))
    identifier = "Other Provider Identifier"
    yield from _numbered(
        IDENTIFIERS, (identifier, f"{identifier} Type Code", f"{identifier} State", f"{identifier} Issuer")
    )
    yield from ("Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN", "Parent Organization TIN")
    yield from (f"Authorized Official {part} Text" for part in ("Name Prefix", "Name Suffix", "Credential"))
    yield from _numbered(TAXONOMIES, ("Healthcare Provider Taxonomy Group",))
    yield "Certification Date"


HEADINGS = tuple(_known())
"""The headings as published, in their order."""
_READ = (*_SINGLE, *_numbered(TAXONOMIES, (TAXONOMY, LICENSE, STATE)))


class NppesLayout(msgspec.Struct, frozen=True, kw_only=True):
    """Where the columns that are read stand in a file, and what is new in it."""

    width: int
    places: dict[str, int]
    """By heading."""
    taxonomies: tuple[int, ...]
    licenses: tuple[int, ...]
    states: tuple[int, ...]
    changes: tuple[str, ...]
    """Sentences: which headings are missing, and which nobody knows."""


def layout_of(heading: Sequence[str]) -> NppesLayout:
    """Return the layout of a file by its first line; raises `ImportFault` where a column that is read is missing."""
    names = [plain_text(name) for name in heading]
    places = {name: place for place, name in enumerate(names)}
    if NPI not in places or (ENTITY not in places and LAST_NAME not in places):
        raise ImportFault(
            "this is not the national provider file: its first line does not name NPI and Entity Type Code. "
            "Give npidata_pfile_….csv, plain, as .gz, or in the .zip that it is published in"
        )
    if missing := [name for name in _READ if name not in places]:
        raise ImportFault(
            f"the national provider file has another layout: {_named(missing)} missing from its first line. "
            "Headings are compared letter by letter; give the file as published"
        )
    if repeated := [name for name in _READ if names.count(name) > 1]:
        raise ImportFault(f"the first line names a column twice: {_named(repeated)}")
    return NppesLayout(
        width=len(names),
        places={name: places[name] for name in _SINGLE},
        taxonomies=tuple(places[f"{TAXONOMY}_{number}"] for number in range(1, TAXONOMIES + 1)),
        licenses=tuple(places[f"{LICENSE}_{number}"] for number in range(1, TAXONOMIES + 1)),
        states=tuple(places[f"{STATE}_{number}"] for number in range(1, TAXONOMIES + 1)),
        changes=tuple(_changes(names)),
    )


def _changes(names: Sequence[str]) -> Iterator[str]:
    given = {SEX[0] if name in SEX else name for name in names}
    if missing := [name for name in HEADINGS if name not in given]:
        yield f"The layout has changed: {_named(missing)} missing, which the import does not read."
    if new := [name for name in names if SEX[0] != name and name not in SEX and name not in HEADINGS]:
        yield f"The layout has changed: {_named(new)} new, which the import does not read."


def _named(names: Sequence[str]) -> str:
    """Return the first of some headings with a verb, and how many more there are."""
    shown = ", ".join(f'"{name}"' for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"
