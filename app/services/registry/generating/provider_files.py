"""Synthetic rows in the shape of the national provider file: its 330 columns, its mixture of rows, its slips.

Physicians are those of `physicians.py` as they would list themselves: without a birth date, in capitals, a licence
beside each taxonomy. Around them are organisations, other professions and NPIs that have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from anyascii import anyascii

from app.domain.catalogue import Catalogue
from app.domain.identity.learners import NameKind, RegistryRow
from app.domain.parsing import luhn_sum
from app.services.registry.national import layout
from app.services.registry.national.layout import HEADINGS

PHYSICIANS = 0.14
"""The share of physicians among all rows, roughly that of the published file."""
_ORGANISATIONS, _ENDED = 0.22, 0.04
_CODES = (
    "207R00000X", "207Q00000X", "208000000X", "207P00000X", "2084P0800X", "207L00000X", "207V00000X", "208600000X",
    "2085R0202X", "207RC0000X", "207X00000X", "208M00000X", "207ZP0102X", "204C00000X", "202K00000X",
)  # fmt: skip
_OTHERS = (
    "163W00000X",
    "363LF0000X",
    "1041C0700X",
    "225100000X",
    "183500000X",
    "122300000X",
    "363A00000X",
    "101YM0800X",
)
_NURSE = "163W00000X"
_RESIDENT = "390200000X"
_SPECIALTIES, _SAME_NUMBER_AGAIN, _FORMER_NURSE, _NO_NUMBER, _NO_DEGREE, _RESIDENTS = 0.25, 0.3, 0.02, 0.02, 0.04, 0.03
_REACTIVATED = 0.002
_KIND_CODES = {NameKind.FORMER: "1", NameKind.PROFESSIONAL: "2", NameKind.OTHER: "5", NameKind.LEGAL: "5"}
_PLACE = {name: place for place, name in enumerate(HEADINGS)}
_FIRST_DAY = date(2006, 1, 1)
_DAYS = 7_000


class NppesRows:
    """Makes rows for people in their order; the same for the same seed."""

    def __init__(self, seed: int, catalogue: Catalogue) -> None:
        self._rng = Random(f"nppes {seed}")
        self._chance = self._rng.random
        self._boards = catalogue.boards
        self._others = 0

    def mixed(self, people: Iterator[RegistryRow], count: int) -> Iterator[list[str]]:
        """Yield so many rows, about one in seven a physician's."""
        for _ in range(count):
            chance = self._chance()
            if chance < PHYSICIANS:
                yield self.physician(next(people))
            elif chance < PHYSICIANS + _ORGANISATIONS:
                yield self._organisation()
            elif chance < PHYSICIANS + _ORGANISATIONS + _ENDED:
                yield self.ended(self._npi(), self._day())
            else:
                yield self._of_another_profession()

    def physicians(self, people: Iterable[RegistryRow]) -> Iterator[list[str]]:
        """Yield a row for each physician."""
        return map(self.physician, people)

    def physician(self, person: RegistryRow) -> list[str]:
        """Return the row of a physician as the provider file would have it."""
        row = self._individual(person.npi or "", person.first_name, person.middle_name, person.last_name)
        osteopathic = any(self._boards[held.board].profession == "osteopathic" for held in person.licenses)
        degree = self._rng.choice(("D.O.", "DO") if osteopathic else ("M.D.", "MD", "MD, PHD", "M.D., M.P.H."))
        _put(row, layout.CREDENTIAL, "" if self._chance() < _NO_DEGREE else degree)
        _put(row, layout.SUFFIX, f"{person.suffix.upper()}." if person.suffix in ("Jr", "Sr") else person.suffix or "")
        for name in person.other_names[:1]:
            _put(row, layout.OTHER_LAST_NAME, _capitals(name.last_name))
            _put(row, layout.OTHER_FIRST_NAME, _capitals(name.first_name or person.first_name))
            _put(row, layout.OTHER_KIND, _KIND_CODES[name.kind])
        if self._chance() < _REACTIVATED:
            again = self._day()
            _put(row, layout.DEACTIVATED, _written(again - timedelta(days=90)))
            _put(row, layout.REACTIVATED, _written(again))
        self._list_licenses(row, person)
        return row

    def _list_licenses(self, row: list[str], person: RegistryRow) -> None:
        listed: list[tuple[str, str, str]] = []
        for held in person.licenses:
            state = self._boards[held.board].state or ""
            number = "NONE" if self._chance() < _NO_NUMBER else held.number
            code = _RESIDENT if self._chance() < _RESIDENTS else self._rng.choice(_CODES)
            listed.append((code, number, state))
            if self._chance() < _SAME_NUMBER_AGAIN:
                listed.append((self._rng.choice(_CODES), number, state))
        if not listed:
            listed.append((self._rng.choice(_CODES), "", ""))
        if self._chance() < _SPECIALTIES:
            listed.append((self._rng.choice(_CODES), "", ""))
        if self._chance() < _FORMER_NURSE:
            listed.append((_NURSE, f"RN{self._rng.randrange(10_000, 99_999)}", listed[0][2]))
        for place, (code, number, state) in enumerate(listed[: layout.TAXONOMIES], 1):
            _put(row, f"{layout.TAXONOMY}_{place}", code)
            _put(row, f"{layout.LICENSE}_{place}", number)
            _put(row, f"{layout.STATE}_{place}", state)
            _put(row, f"Healthcare Provider Primary Taxonomy Switch_{place}", "Y" if place == 1 else "N")

    def _individual(self, npi: str, first: str, middle: str | None, last: str) -> list[str]:
        row = [""] * len(HEADINGS)
        _put(row, layout.NPI, npi)
        _put(row, layout.ENTITY, "1")
        _put(row, layout.LAST_NAME, _capitals(last))
        _put(row, layout.FIRST_NAME, _capitals(first))
        _put(row, layout.MIDDLE_NAME, _capitals(middle or ""))
        self._fill(row)
        _put(row, layout.SEX[0], self._rng.choice("MF"))
        _put(row, "Is Sole Proprietor", "N")
        return row

    def _fill(self, row: list[str]) -> None:
        """Fill in what every active NPI has beside the names: addresses and dates."""
        for kind in ("Mailing", "Practice Location"):
            _put(row, f"Provider First Line Business {kind} Address", f"{self._rng.randrange(1, 9_999)} MAIN ST")
            _put(row, f"Provider Business {kind} Address City Name", "SPRINGFIELD")
            _put(row, f"Provider Business {kind} Address State Name", "OH")
            _put(row, f"Provider Business {kind} Address Postal Code", f"{self._rng.randrange(10_000, 99_999)}")
            _put(row, f"Provider Business {kind} Address Country Code (If outside U.S.)", "US")
            _put(row, f"Provider Business {kind} Address Telephone Number", f"555{self._rng.randrange(10**7):07d}")
        day = self._day()
        _put(row, "Provider Enumeration Date", _written(_FIRST_DAY))
        _put(row, layout.UPDATED, _written(day))
        _put(row, "Certification Date", _written(day))

    def _organisation(self) -> list[str]:
        row = [""] * len(HEADINGS)
        _put(row, layout.NPI, self._npi())
        _put(row, layout.ENTITY, "2")
        _put(row, "Provider Organization Name (Legal Business Name)", 'SPRINGFIELD MEDICAL GROUP, "P.C."')
        self._fill(row)
        _put(row, f"{layout.TAXONOMY}_1", "261QP2300X")
        return row

    def _of_another_profession(self) -> list[str]:
        row = self._individual(self._npi(), "PAT", None, "EXAMPLE")
        _put(row, f"{layout.TAXONOMY}_1", self._rng.choice(_OTHERS))
        _put(row, f"{layout.LICENSE}_1", f"{self._rng.randrange(10_000, 999_999)}")
        _put(row, f"{layout.STATE}_1", "OH")
        return row

    def ended(self, npi: str, day: date) -> list[str]:
        """Return the row of an NPI that was deactivated: nothing else of it is told."""
        row = [""] * len(HEADINGS)
        _put(row, layout.NPI, npi)
        _put(row, layout.DEACTIVATED, _written(day))
        return row

    def _npi(self) -> str:
        """Return an NPI of nobody among the physicians: these begin with 1."""
        self._others += 1
        digits = f"2{self._others:08d}"
        return f"{digits}{-luhn_sum(f'80840{digits}0') % 10}"

    def _day(self) -> date:
        return _FIRST_DAY + timedelta(days=self._rng.randrange(_DAYS))


def _put(row: list[str], heading: str, text: str) -> None:
    row[_PLACE[heading]] = text


@lru_cache(maxsize=65_536)
def _capitals(name: str) -> str:
    return anyascii(name).upper()


@lru_cache(maxsize=16_384)
def _written(day: date) -> str:
    return f"{day:%m/%d/%Y}"
