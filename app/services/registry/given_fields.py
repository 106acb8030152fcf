"""Fields of physicians as an operator sends them, read as an import reads its columns: every fault at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from app.core.errors import ErrorItem, InvalidRequest, fault_at
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import damage_of, id_key, name_key
from app.domain.identity.learners import NameKind
from app.domain.identity.merges import Split
from app.domain.identity.physicians import FiledName, FiledNumber, Given, Physician, PhysicianSearch
from app.domain.parsing import (
    MonthDay,
    Unparsed,
    describe_month_day,
    is_error_or_lost,
    is_npi,
    read_date,
    read_month_day,
    read_npi,
    text_or_none,
)
from app.services.registry.physicians import Edit

Fields = Mapping[str, Any]
"""The members of a body that were sent."""
_PARTS_OF_NAME = ("first_name", "middle_name", "last_name", "suffix")


class _Reader:
    """Reads fields, and collects what is wrong with them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.errors: list[ErrorItem] = []

    def fault(self, pointer: str, detail: str, hint: str) -> None:
        self.errors.append(fault_at(pointer, detail, hint))

    def finish(self) -> None:
        """Raise `InvalidRequest` with everything that is wrong."""
        if self.errors:
            raise InvalidRequest(errors=self.errors)

    def text(self, pointer: str, given: Any) -> str | None:
        text = text_or_none(given)
        if text is not None and "\n" in text:
            self.fault(pointer, "Has a line break.", "Write it on one line.")
        return text

    def name(self, pointer: str, fields: Fields) -> FiledName:
        """Read a name; a single one counts as the last name."""
        parts: dict[str, str | None] = {}
        for part in _PARTS_OF_NAME:
            parts[part] = self.text(f"{pointer}/{part}", fields.get(part))
            damage = damage_of(parts[part])
            if damage is not None:
                self.fault(f"{pointer}/{part}", f"{damage.detail[:1].upper()}{damage.detail[1:]}.", damage.hint)
        kind = fields.get("kind")
        named = FiledName(
            first_name=parts["first_name"] or "",
            last_name=parts["last_name"] or "",
            middle_name=parts["middle_name"],
            suffix=parts["suffix"],
            kind=NameKind(kind) if kind is not None else None,
        )
        if named.key == ("", ""):
            self.fault(f"{pointer}/last_name", "The name is missing.", "Give the last name; of one name, that one.")
        return named

    def names(self, given: Sequence[Fields]) -> tuple[FiledName, ...]:
        named = [self.name(f"/other_names/{index}", fields) for index, fields in enumerate(given)]
        return tuple({name.key: name for name in reversed(named)}.values())[::-1]

    def birth_date(self, given: Any, pointer: str = "/date_of_birth") -> MonthDay | None:
        read = read_month_day(given)
        if isinstance(read, Unparsed):
            self.fault(pointer, describe_month_day(given), "Write it as MM/DD.")
            return None
        return read

    def npi(self, given: Any, pointer: str = "/npi") -> str | None:
        npi = read_npi(given)
        if npi is not None and not is_npi(npi):
            self.fault(pointer, "Not an NPI: its check digit is wrong.", "Compare all ten digits with the source.")
        return npi

    def numbers(self, part: str, given: Sequence[Fields], kind: BoardKind) -> tuple[FiledNumber, ...]:
        found: dict[tuple[str, str], FiledNumber] = {}
        for index, fields in enumerate(given):
            number = self.number(f"/{part}/{index}", fields, kind)
            if number is None:
                continue
            if number.key in found:
                detail = "This number stands twice."
                self.fault(f"/{part}/{index}", detail, "Give it once, from its first day to its last.")
            found[number.key] = number
        return tuple(found.values())

    def number(self, pointer: str, fields: Fields, kind: BoardKind) -> FiledNumber | None:
        member = "license_id" if kind is BoardKind.LICENSING else "board_id"
        code = self.board(f"{pointer}/board", fields.get("board"), kind)
        written = self.text(f"{pointer}/{member}", fields.get(member))
        if not id_key(written) or is_error_or_lost(written):
            hint = "Give the number as its board writes it."
            self.fault(f"{pointer}/{member}", "Not a number of a board.", hint)
            return None
        since, until = (self.day(f"{pointer}/{name}", fields.get(name)) for name in ("starts_on", "ends_on"))
        if since and until and since > until:
            self.fault(
                f"{pointer}/ends_on", "It ends before it begins.", "Give the first day, and a last day after it."
            )
        if code is None or written is None:
            return None
        told = bool(fields.get("self_reported"))
        return FiledNumber(board=code, number=written, starts_on=since, ends_on=until, self_reported=told)

    def board(self, pointer: str, given: Any, kind: BoardKind | None) -> str | None:
        board = self._catalogue.board(given) if given else None
        if board is None or (kind is not None and board.kind is not kind):
            which = "licensing or certifying" if kind is None else kind.value
            self.fault(pointer, f"Not the code of a {which} board.", "Use a code that GET /v1/boards lists.")
            return None
        return board.code

    def day(self, pointer: str, given: Any) -> date | None:
        read = read_date(given)
        if isinstance(read, Unparsed):
            self.fault(pointer, "Not a date.", "Write it as YYYY-MM-DD.")
            return None
        return read


def read_given(fields: Fields, catalogue: Catalogue) -> Given:
    """Read a physician who is to be added; raises `InvalidRequest` with every fault."""
    reader = _Reader(catalogue)
    given = Given(
        shown=reader.name("", fields),
        other_names=reader.names(fields.get("other_names") or ()),
        birth_date=reader.birth_date(fields.get("date_of_birth")),
        npi=reader.npi(fields.get("npi")),
        medical_school=reader.text("/medical_school", fields.get("medical_school")),
        licenses=reader.numbers("licenses", fields.get("licenses") or (), BoardKind.LICENSING),
        certifications=reader.numbers("certifications", fields.get("certifications") or (), BoardKind.CERTIFYING),
    )
    reader.finish()
    return given


def read_edit(fields: Fields, catalogue: Catalogue) -> Edit:
    """Read the fields of a merge patch: those left out stay, null clears, lists replace.

    Raises `InvalidRequest` with every fault.
    """
    reader = _Reader(catalogue)
    changed: dict[str, Any] = {}
    if "other_names" in fields:
        changed["other_names"] = reader.names(fields["other_names"] or ())
    if "date_of_birth" in fields:
        read = reader.birth_date(fields["date_of_birth"])
        changed["birth_date"] = str(read) if read is not None else None
    if "npi" in fields:
        changed["npi"] = reader.npi(fields["npi"])
    if "medical_school" in fields:
        changed["medical_school"] = reader.text("/medical_school", fields["medical_school"])
    for part, kind in (("licenses", BoardKind.LICENSING), ("certifications", BoardKind.CERTIFYING)):
        if part in fields:
            changed[part] = reader.numbers(part, fields[part] or (), kind)
    named = {part: fields[part] for part in _PARTS_OF_NAME if part in fields}
    if named:
        # What is wrong with a name is found before anything is read; the rest of it is on file.
        stand_in = {"last_name": "x"} if "last_name" not in named else {}
        reader.name("", {**stand_in, **named})
    reader.finish()

    def edit(before: Physician) -> Physician:
        shown = before.shown
        if named:
            on_file = {part: getattr(shown, part) for part in _PARTS_OF_NAME}
            renamed = _Reader(catalogue)
            shown = renamed.name("", on_file | named)
            renamed.finish()
        given = dict(changed)
        for part in ("licenses", "certifications"):
            if part in given:
                given[part] = _since_when(given[part], getattr(before, part))
        if given.get("npi", before.npi) != before.npi:
            given |= {"npi_disputed_at": None, "npi_listed": False, "npi_ended_on": None}
        elif fields.get("npi_disputed") is False:
            given["npi_disputed_at"] = None
        return replace(before, shown=shown, **given)

    return edit


def _since_when(given: Sequence[FiledNumber], on_file: Sequence[FiledNumber]) -> tuple[FiledNumber, ...]:
    """Return numbers with the moment since when they are on file."""
    known = {number.key: number.first_seen_at for number in on_file}
    return tuple(replace(number, first_seen_at=known.get(number.key)) for number in given)


def read_search(fields: Fields, catalogue: Catalogue) -> PhysicianSearch:
    """Read what is looked for; raises `InvalidRequest` with every fault, and where nothing is given."""
    reader = _Reader(catalogue)
    names = {part: name_key(reader.text(f"/{part}", fields.get(part))) for part in ("first_name", "last_name")}
    for part, key in names.items():
        if fields.get(part) and not key:
            reader.fault(f"/{part}", "Nothing of it can be compared.", "Give at least one letter of the name.")
    birth_date = reader.birth_date(fields.get("date_of_birth"))
    held: dict[str, tuple[str, str]] = {}
    for part, kind in (("license", BoardKind.LICENSING), ("certification", BoardKind.CERTIFYING)):
        if fields.get(part) and (number := reader.number(f"/{part}", fields[part], kind)) is not None:
            held[part] = number.key
    wanted = PhysicianSearch(
        first_name=names["first_name"] or None,
        last_name=names["last_name"] or None,
        birth_date=str(birth_date) if birth_date is not None else None,
        npi=reader.npi(fields.get("npi")),
        license=held.get("license"),
        certification=held.get("certification"),
        board=reader.board("/board", fields["board"], None) if fields.get("board") else None,
    )
    if not reader.errors and wanted == PhysicianSearch():
        reader.fault("", "Nothing is looked for.", "Give a name, an NPI, a licence or a certification.")
    reader.finish()
    return wanted


def read_split(fields: Fields, catalogue: Catalogue) -> Split:
    """Read who leaves, and with what; raises `InvalidRequest` with every fault."""
    reader = _Reader(catalogue)
    person: Fields = fields["physician"]
    shown = reader.name("/physician", person)
    wanted = Split(
        shown=shown,
        birth_date=reader.birth_date(person.get("date_of_birth"), "/physician/date_of_birth"),
        medical_school=reader.text("/physician/medical_school", person.get("medical_school")),
        names=tuple(reader.name(f"/names/{index}", name) for index, name in enumerate(fields.get("names") or ())),
        npi=bool(fields.get("npi")),
        licenses=tuple(
            number.key for number in reader.numbers("licenses", fields.get("licenses") or (), BoardKind.LICENSING)
        ),
        certifications=tuple(
            number.key
            for number in reader.numbers("certifications", fields.get("certifications") or (), BoardKind.CERTIFYING)
        ),
        goes=frozenset(fields.get("goes") or ()),
        stays=frozenset(fields.get("stays") or ()),
    )
    reader.finish()
    return wanted
