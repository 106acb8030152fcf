"""How a row of an import file is read: names, birth date, NPI, and what boards have given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.boards import BoardKind, Span
from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import damage_of, full_name_key, id_key
from app.domain.identity.learners import Holding, NameKind, OtherName, RegistryRow
from app.domain.parsing import (
    Unparsed,
    is_damaged_number,
    is_npi,
    plain_or_none,
    plain_text,
    read_date,
    read_month_day,
    read_npi,
    text_or_none,
)
from app.matching.joining import suffix_key
from app.services.registry.placing import ImportFault

COLUMNS = (
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "other_last_names",
    "other_names",
    "date_of_birth",
    "npi",
    "medical_school",
    "licenses",
    "certifications",
)
LISTS = ("other_last_names", "other_names", "licenses", "certifications")


def read_or_fault(fields: Any, catalogue: Catalogue) -> RegistryRow | ImportFault:
    """Read one row, or return why it cannot be read."""
    try:
        return read_row(fields, catalogue)
    except ImportFault as fault:
        return fault


def read_row(fields: Any, catalogue: Catalogue) -> RegistryRow:
    """Read the import columns of one physician; raises `ImportFault`."""
    if isinstance(fields, ImportFault):
        raise fields
    if not isinstance(fields, dict):
        raise ImportFault("the line is not a JSON object")
    unknown = [name for name in fields if name not in COLUMNS]
    if unknown:
        raise ImportFault(f"unknown columns; known: {', '.join(COLUMNS)}")
    text = {name: _text(name, fields.get(name)) for name in COLUMNS if name not in LISTS}
    if full_name_key(text["first_name"], text["last_name"]) == ("", ""):
        raise ImportFault("the name is missing")
    other_last_names = _list("other_last_names", fields)
    refuse_damaged_names(text | {"other_last_names": fields.get("other_last_names")}, other_last_names)
    if text["suffix"] and not suffix_key(text["suffix"]):
        raise ImportFault("suffix is none of Jr, Sr, II, III, IV: leave degrees and titles out")
    birth_date = read_month_day(text["date_of_birth"])
    if isinstance(birth_date, Unparsed):
        raise ImportFault("date_of_birth is not MM/DD")
    npi = read_npi(text["npi"])
    if npi and not is_npi(npi):
        raise ImportFault("npi is not an NPI: its check digit is wrong")
    return RegistryRow(
        first_name=text["first_name"] or "",
        middle_name=text["middle_name"],
        last_name=text["last_name"] or "",
        suffix=text["suffix"],
        other_last_names=other_last_names,
        other_names=_other_names(fields) if fields.get("other_names") else (),
        birth_date=birth_date,
        npi=npi,
        medical_school=text["medical_school"],
        licenses=_holdings("licenses", fields, catalogue, BoardKind.LICENSING),
        certifications=_holdings("certifications", fields, catalogue, BoardKind.CERTIFYING),
    )


def refuse_damaged_names(
    text: Mapping[str, Any], others: Iterable[str], others_column: str = "other_last_names"
) -> None:
    """Refuse names of which keys would be made that are somebody else's.

    Other last names are looked at as they are written, too: an entity of a web page ends in the semicolon that parts
    them.
    """
    names = ((column, text.get(column)) for column in ("first_name", "middle_name", "last_name", "other_last_names"))
    for column, name in (*names, *((others_column, other) for other in others)):
        damage = damage_of(name) if isinstance(name, str) else None
        if damage is not None:
            raise ImportFault(f"{column} {damage.detail}")


_PARTS_OF_A_NAME = 4
_OTHER_NAMES = "other_names has an entry that is not KIND:LAST, FIRST, MIDDLE, SUFFIX"


def _other_names(fields: Mapping[str, Any]) -> tuple[OtherName, ...]:
    """Read names that are written `KIND:LAST, FIRST, MIDDLE, SUFFIX`; what is left out is that of the row."""
    names = []
    for entry in _list("other_names", fields):
        kind, colon, name = entry.partition(":")
        parts = [text_or_none(part) for part in name.split(",")]
        known = plain_text(kind).lower() if colon else ""
        if known not in _KINDS or parts[0] is None or len(parts) > _PARTS_OF_A_NAME:
            raise ImportFault(f"{_OTHER_NAMES}; kinds: {', '.join(_KINDS)}")
        last, first, middle, suffix = (*parts, None, None, None)[:_PARTS_OF_A_NAME]
        refuse_damaged_names({}, [part for part in (last, first, middle) if part], "other_names")
        if full_name_key(first or "", last)[0] == "":
            raise ImportFault(_OTHER_NAMES)
        names.append(
            OtherName(kind=_KINDS[known], last_name=last or "", first_name=first, middle_name=middle, suffix=suffix)
        )
    return tuple(names)


_KINDS = {kind.value: kind for kind in NameKind}


_LONGEST = 1_000


def _text(name: str, value: Any) -> str | None:
    if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= _LONGEST:
        return value.strip() or None
    if value is not None and not isinstance(value, str):
        raise ImportFault(f"{name} must be text")
    if value is not None and ("\x00" in value or len(value) > _LONGEST):
        raise ImportFault(f"{name} cannot be stored: it has a NUL character or more than 1,000 characters")
    text = text_or_none(value)
    if text is not None and "\n" in text:
        raise ImportFault(f"{name} has a line break: a quote that is not closed may have swallowed the lines after it")
    return text


def _list(name: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    value = fields.get(name)
    if not value:
        return ()
    parts = value if isinstance(value, list) else (_text(name, value) or "").split(";")
    return tuple(text for part in parts if (text := _text(name, part)) is not None)


_PLAIN = re.compile(r"([A-Za-z-]+):([A-Za-z0-9]+)", re.ASCII)
"""An entry as nearly all are: nothing in it that has to be looked at."""
_DATES = re.compile(r"@(?P<since>[^@]*)\.\.(?P<until>[^@]*)\Z")


def _holdings(name: str, fields: dict[str, Any], catalogue: Catalogue, kind: BoardKind) -> tuple[Holding, ...]:
    held = []
    for entry in _list(name, fields):
        if (plain := _PLAIN.fullmatch(entry)) and (board := catalogue.board(plain[1])) and board.kind is kind:
            held.append(Holding(board=board.code, number=plain[2], known_key=plain[2].upper()))
            continue
        code, colon, number = (plain_or_none(entry) or "").partition(":")
        board = catalogue.board(code)
        number, dates = _split_dates(name, number)
        key = id_key(number)
        if not colon or board is None or board.kind is not kind or not key:
            raise ImportFault(f"{name} has an entry that is not BOARD:ID with a {kind.value} board")
        if is_damaged_number(number):
            raise ImportFault(f"{name} has a number that is an error of a spreadsheet, or has lost letters or digits")
        held.append(Holding(board=board.code, number=number.strip(), known_key=key, dates=dates))
    if any(holding.dates for holding in held) and len({(holding.board, holding.key) for holding in held}) < len(held):
        raise ImportFault(f"{name} has one number twice: write it once, from its first day to its last")
    return tuple(held)


def _split_dates(name: str, number: str) -> tuple[str, Span | None]:
    """Return a number without the days behind it, `@YYYY-MM-DD..YYYY-MM-DD` of which either may be left out."""
    if "@" not in number:
        return number, None
    given = _DATES.search(number)
    since, until = (read_date(given["since"]), read_date(given["until"])) if given else (None, None)
    if given is None or isinstance(since, Unparsed) or isinstance(until, Unparsed) or since is until is None:
        raise ImportFault(f"{name} has dates that are not written as BOARD:ID@YYYY-MM-DD..YYYY-MM-DD")
    if since and until and since > until:
        raise ImportFault(f"{name} has dates that end before they begin")
    return number[: given.start()], Span(since=since, until=until)
