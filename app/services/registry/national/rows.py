"""Rows of the national provider file: whose they are, and what of them is a physician's.

The numbers are self-reported, and nobody's birth date is in the file. Of its 330 columns names, suffix, NPI, its dates
and the licences are kept; addresses, telephones and all else are read by nobody.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter

from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import full_name_key, id_key
from app.domain.identity.learners import Holding, NameKind, NpiListing, OtherName, RegistryRow
from app.domain.parsing import Unparsed, is_error_or_lost, is_npi, read_written_day, text_or_none
from app.domain.states import find_state
from app.matching.joining import suffix_key
from app.services.registry.national import layout
from app.services.registry.national.layout import NppesLayout
from app.services.registry.national.npi_ends import NpiEnd
from app.services.registry.placing import ImportFault
from app.services.registry.row_reading import refuse_damaged_names

INDIVIDUAL = "1"
PHYSICIANS = "20"
"""Begins every code of the group "Allopathic & Osteopathic Physicians" of the taxonomy code set, and no other code."""
ONLY_WITH_DEGREE = frozenset({"204E00000X", "390200000X"})
"""Codes that others have as well: oral surgeons, who may be dentists; residents among students of all professions."""
_CODE = re.compile(r"[0-9A-Z]{9}X")
_MEDICAL = frozenset({"MD", "MBBS", "MBBCH", "MBCHB", "BMBS", "MBBCHBAO"})
_OSTEOPATHIC = frozenset({"DO"})
_OTHER_PROFESSIONS = frozenset(
    {"NP", "FNP", "FNPC", "FNPBC", "ARNP", "APRN", "APN", "CRNA", "CRNP", "CNM", "CNS", "RN", "DNP", "PA", "PAC", "DDS",
     "DMD", "DPM", "OD", "DC", "ND", "PHARMD", "RPH", "LAC", "PT", "DPT", "LCSW"}
)  # fmt: skip
_KINDS = {"1": NameKind.FORMER, "2": NameKind.PROFESSIONAL}
_OF_ORGANISATIONS = frozenset({"3", "4"})
"""Kinds of other names that are a business's."""
_LONGEST = 1_000
_DIGIT = re.compile(r"\d")


class PassedOver(enum.StrEnum):
    """Why nobody is imported from a row."""

    ORGANISATION = "organisations"
    """The NPI is an organisation's."""
    OTHER_PROFESSION = "other professions"
    """No taxonomy of the row is a physician's."""


class LeftAside(enum.StrEnum):
    """What of a physician's row is not imported."""

    NO_NUMBER = "without a number"
    """No licence number stands there, but a word or nothing that has a digit."""
    NO_STATE = "without a state"
    """No state, or none that licenses physicians."""
    NO_BOARD = "of no known board"
    """The catalogue has no board of that state for the degree."""
    TWO_BOARDS = "of one of two boards"
    """The state has two boards, and the row does not tell which degree."""
    OTHER_DEGREE = "of another profession"
    """The degrees are not a physician's: the number is not either."""
    HELD = "held by others"
    """Somebody else on file holds the number, and names tell them apart."""


class NppesReader:
    """Reads the rows of one file."""

    def __init__(self, found: NppesLayout, catalogue: Catalogue, *, credited: bool = False) -> None:
        self._width = found.width
        self._taxonomies = itemgetter(*found.taxonomies)
        self._licenses, self._states = itemgetter(*found.licenses), itemgetter(*found.states)
        self._catalogue = catalogue
        self._self_reported = not credited
        self._place = found.places
        self._entity = found.places[layout.ENTITY]
        self._boards: dict[tuple[str, str], tuple[Board, ...]] = {}
        self.left_aside: Counter[LeftAside] = Counter()

    def read(self, values: Sequence[str]) -> RegistryRow | NpiEnd | PassedOver:
        """Read one row; raises `ImportFault` for one that cannot be read."""
        if len(values) != self._width:
            raise ImportFault(f"the row has {len(values)} cells, and the first line {self._width}")
        entity = values[self._entity].strip()
        if entity == INDIVIDUAL:
            return self._individual(values)
        if entity:
            return PassedOver.ORGANISATION
        return end_of(self._text(values, layout.NPI), self._text(values, layout.DEACTIVATED), layout.DEACTIVATED)

    def _individual(self, values: Sequence[str]) -> RegistryRow | PassedOver:
        codes = self._taxonomies(values)
        degrees = degrees_of(values[self._place[layout.CREDENTIAL]])
        of_physicians = [place for place, code in enumerate(codes) if code and is_physicians(code, degrees)]
        if not of_physicians:
            return PassedOver.OTHER_PROFESSION
        first, last = self._name(values, layout.FIRST_NAME), self._name(values, layout.LAST_NAME)
        middle = self._name(values, layout.MIDDLE_NAME)
        if full_name_key(first, last) == ("", ""):
            raise ImportFault("the name is missing")
        refuse_damaged_names({"first_name": first, "middle_name": middle, "last_name": last}, ())
        suffix = self._storable(values, layout.SUFFIX)
        return RegistryRow(
            first_name=first or "",
            last_name=last or "",
            middle_name=middle,
            suffix=suffix if suffix_key(suffix) else None,
            other_names=self._other_names(values),
            npi=_npi(self._text(values, layout.NPI)),
            licenses=self._holdings(values, of_physicians, degrees),
            listing=self._listing(values),
        )

    def _text(self, values: Sequence[str], heading: str) -> str | None:
        return values[self._place[heading]].strip() or None

    def _name(self, values: Sequence[str], heading: str) -> str | None:
        return text_or_none(self._storable(values, heading))

    def _storable(self, values: Sequence[str], heading: str) -> str | None:
        text = values[self._place[heading]]
        if not text:
            return None
        if "\x00" in text or "\n" in text or len(text) > _LONGEST:
            raise _not_storable(heading)
        return text.strip() or None

    def _other_names(self, values: Sequence[str]) -> tuple[OtherName, ...]:
        last = self._name(values, layout.OTHER_LAST_NAME)
        kind = values[self._place[layout.OTHER_KIND]].strip()
        if last is None or kind in _OF_ORGANISATIONS:
            return ()
        first, middle = self._name(values, layout.OTHER_FIRST_NAME), self._name(values, layout.OTHER_MIDDLE_NAME)
        refuse_damaged_names({}, [part for part in (last, first, middle) if part], "the other name")
        suffix = self._storable(values, layout.OTHER_SUFFIX)
        return (
            OtherName(
                kind=_KINDS.get(kind, NameKind.OTHER),
                last_name=last,
                first_name=first,
                middle_name=middle,
                suffix=suffix if suffix_key(suffix) else None,
            ),
        )

    def _listing(self, values: Sequence[str]) -> NpiListing:
        ended = _day(self._text(values, layout.DEACTIVATED), layout.DEACTIVATED)
        again = _day(self._text(values, layout.REACTIVATED), layout.REACTIVATED)
        if ended is not None and (again is None or again < ended):
            return NpiListing(ended_on=ended)
        return NpiListing(active_on=again or _day(self._text(values, layout.UPDATED), layout.UPDATED))

    def _holdings(self, values: Sequence[str], places: Sequence[int], degrees: Degrees) -> tuple[Holding, ...]:
        """Return the licences beside a physician's taxonomy, each once; the others are those of a former profession."""
        numbers, states = self._licenses(values), self._states(values)
        held: dict[tuple[str, str], Holding] = {}
        for place in places:
            number, state = numbers[place].strip(), states[place].strip()
            if not number and not state:
                continue
            if "\x00" in number or "\n" in number:
                raise _not_storable(f"{layout.LICENSE}_{place + 1}")
            board = self._board(number, state, degrees)
            if isinstance(board, LeftAside):
                self.left_aside[board] += 1
                continue
            key = id_key(number)
            if (board.code, key) not in held:
                held[board.code, key] = Holding(
                    board=board.code, number=number, known_key=key, self_reported=self._self_reported
                )
        return tuple(held.values())

    def _board(self, number: str, state: str, degrees: Degrees) -> Board | LeftAside:
        if not _DIGIT.search(number) or is_error_or_lost(number) or len(number) > _LONGEST:
            return LeftAside.NO_NUMBER
        if degrees is Degrees.OTHER:
            return LeftAside.OTHER_DEGREE
        found = self._boards.get((state, degrees.name))
        if found is None:
            found = self._boards[state, degrees.name] = boards_of(state, degrees, self._catalogue)
        if len(found) == 1:
            return found[0]
        if found:
            return LeftAside.TWO_BOARDS
        return LeftAside.NO_BOARD if find_state(state) else LeftAside.NO_STATE


class Degrees(enum.Enum):
    """Which degrees a physician has, as far as the credentials tell."""

    MEDICAL = enum.auto()
    """MD, or the degree of another country that stands for it."""
    OSTEOPATHIC = enum.auto()
    """DO."""
    BOTH = enum.auto()
    """MD and DO."""
    UNTOLD = enum.auto()
    """No degree that tells."""
    OTHER = enum.auto()
    """Degrees of other professions only."""


@lru_cache(maxsize=16_384)
def degrees_of(credentials: str) -> Degrees:
    """Read the degrees of a credential text: `M.D.`, `MD, PhD`, `D.O./MPH`, `M D`."""
    words = {word for word in re.split(r"[^A-Z]+", credentials.upper().replace(".", "").replace("M D", "MD")) if word}
    medical, osteopathic = bool(words & _MEDICAL), bool(words & _OSTEOPATHIC or "D O" in credentials.upper())
    if medical and osteopathic:
        return Degrees.BOTH
    if medical or osteopathic:
        return Degrees.MEDICAL if medical else Degrees.OSTEOPATHIC
    return Degrees.OTHER if words & _OTHER_PROFESSIONS else Degrees.UNTOLD


def is_physicians(code: str, degrees: Degrees) -> bool:
    """Return True if a taxonomy code is a physician's, beside these degrees."""
    if code in ONLY_WITH_DEGREE:
        return degrees in (Degrees.MEDICAL, Degrees.OSTEOPATHIC, Degrees.BOTH)
    return code.startswith(PHYSICIANS) and _CODE.fullmatch(code) is not None


def boards_of(state: str, degrees: Degrees, catalogue: Catalogue) -> tuple[Board, ...]:
    """Return the boards that may have given somebody of these degrees a licence of a state; more than one if untold."""
    boards = catalogue.licensing(state) if find_state(state) else ()
    if degrees is Degrees.OSTEOPATHIC:
        # Where there is one board, it licenses both.
        return tuple([board for board in boards if board.profession == "osteopathic"]) or boards
    if degrees is Degrees.MEDICAL:
        return tuple([board for board in boards if board.profession != "osteopathic"])
    return boards


def end_of(npi: str | None, day: str | None, heading: str) -> NpiEnd:
    """Return the end of an NPI as a file tells it; raises `ImportFault`."""
    ended_on = _day(day, heading)
    if ended_on is None:
        raise ImportFault(f'the row has neither "{layout.ENTITY}" nor "{heading}"')
    return NpiEnd(npi=_npi(npi), ended_on=ended_on)


def _not_storable(heading: str) -> ImportFault:
    return ImportFault(
        f'"{heading}" cannot be stored: it has a NUL character, a line break, or more than {_LONGEST} characters'
    )


def _npi(text: str | None) -> str:
    if text is None or not is_npi(text):
        raise ImportFault("npi is not an NPI: its check digit is wrong")
    return text


def _day(text: str | None, heading: str) -> date | None:
    day = None if text is None else _read_day(text)
    if isinstance(day, Unparsed):
        raise ImportFault(f'"{heading}" is not MM/DD/YYYY')
    return day


_read_day = lru_cache(maxsize=16_384)(read_written_day)
