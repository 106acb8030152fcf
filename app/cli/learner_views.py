"""Physicians as `pars learner` shows them: two side by side, field by field."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

from app.cli.output import on_terminal
from app.domain.amounts import format_quarters
from app.domain.identity.erasure import Erasure, RemsErasure
from app.domain.identity.merges import MergePlan, MergeReason
from app.domain.identity.pairs import PairSide, ReviewedPair
from app.domain.identity.physicians import FiledName, FiledNumber, Physician

_WHY = {
    MergeReason.ALREADY_REPORTED: "the same credit stands in",
    MergeReason.ONE_RECORD_PER_DAY: "its board takes one record a day, and gets the sum in",
    MergeReason.SAME_COMPLETION: "CME of one completion is one amount, and is reported anew in",
}
_FIELD, _LEVEL = 16, 11
_PIPED = 120


def pair_lines(pair: ReviewedPair, title: str) -> Iterator[str]:
    """Yield the lines that show a pair: both sides, and how each field compares."""
    one, other = pair.sides
    width = max((_width() - _FIELD - _LEVEL - 2) // 2, 20)
    yield ""
    common = pair.pair.evidence.replace(" ", ", ").replace("_", " ")
    yield f"{title}: in common {common}; from {pair.pair.source or '-'}"
    yield ""
    rows = [("", "", one.physician.physician_id, other.physician.physician_id)]
    for label, level in (
        ("name", "names"), ("suffix", "suffix"), ("other names", ""), ("birth date", "date_of_birth"), ("NPI", "npi"),
        ("licences", "licenses"), ("certifications", "certifications"), ("medical school", "medical_school"),
    ):  # fmt: skip
        rows.append(
            (
                label,
                pair.levels[level].value if level else "",
                _shown(one.physician, label),
                _shown(other.physician, label),
            )
        )
    rows.append(("credited", "", _credited(one), _credited(other)))
    for label, level, left, right in rows:
        if left == right == "-":
            continue
        yield from _row(label, level, left, right, width)
    yield ""


def _width() -> int:
    return min(shutil.get_terminal_size((_PIPED, 24)).columns, 160) if on_terminal() else _PIPED


def _row(label: str, level: str, left: str, right: str, width: int) -> Iterator[str]:
    """Yield the lines of one field, each side wrapped in its own column."""
    lines = [_wrapped(left, width), _wrapped(right, width)]
    for number in range(max(map(len, lines))):
        cells = [some[number] if number < len(some) else "" for some in lines]
        first = (label, level) if number == 0 else ("", "")
        yield f"{first[0]:{_FIELD}}{first[1]:{_LEVEL}}{cells[0]:{width}}  {cells[1]}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return [line for part in text.split("\n") for line in textwrap.wrap(part, width) or [""]]


def _shown(one: Physician, label: str) -> str:
    match label:
        case "name":
            return full_name(one.shown)
        case "suffix":
            return one.shown.suffix or "-"
        case "other names":
            return "\n".join(map(full_name, one.other_names)) or "-"
        case "birth date":
            return one.birth_date or "-"
        case "NPI":
            return (one.npi or "-") + (" (disputed)" if one.npi_disputed_at else "")
        case "licences":
            return "\n".join(map(full_number, one.licenses)) or "-"
        case "certifications":
            return "\n".join(map(full_number, one.certifications)) or "-"
        case _:
            return one.medical_school or "-"


def full_name(name: FiledName) -> str:
    """Return a name in one line, its kind behind it."""
    kind = f" ({name.kind.value})" if name.kind is not None else ""
    return name.in_full + kind


def full_number(number: FiledNumber) -> str:
    """Return a number with its board and dates."""
    dates = f" {number.starts_on or ''}..{number.ends_on or ''}" if number.starts_on or number.ends_on else ""
    return f"{number.board} {number.number}{dates}{' (self-reported)' if number.self_reported else ''}"


def _credited(side: PairSide) -> str:
    boards = "\n".join(f"{one.board}: {format_quarters(one.quarters)} in {one.credits}" for one in side.credited)
    return boards or ("nothing" if not side.completions else f"{side.completions} without credit that holds")


def merge_lines(plan: MergePlan) -> Iterator[str]:
    """Yield what a merge does, or would do."""
    yield f"{plan.one.physician_id}  {full_name(plan.one.shown)}"
    yield f"  becomes an alias of {plan.into.physician_id}  {full_name(plan.into.shown)}"
    names = [full_name(name) for name in plan.after.other_names if name not in plan.into.other_names]
    numbers = [
        full_number(number)
        for after, before in (
            (plan.after.licenses, plan.into.licenses),
            (plan.after.certifications, plan.into.certifications),
        )
        for number in after
        if number not in before
    ]
    for label, brought in (("names", names), ("numbers", numbers), ("fields", list(plan.document.gave))):
        if brought:
            yield f"  which gets the {label}: {', '.join(brought)}"
    yield f"  {len(plan.document.moved)} completions move, with their ids and their credit"
    for lost in plan.document.superseded:
        yield f"  credit {lost.credit_id} is withdrawn: {_WHY[lost.reason]} completion {lost.kept_in}"


def erasure_lines(erasure: Erasure) -> list[str]:
    """Return what an erasure takes out, and what stays, in lines."""
    went = "would go" if erasure.dry_run else "goes"
    aliases = f" (and {len(erasure.aliases)} merged into them)" if erasure.aliases else ""
    providers = f" of {len(erasure.providers)} providers" if erasure.providers else ""
    unsearchable = len(erasure.unsearchable_files)
    return [
        f"Physician {erasure.physician_id}{aliases}. What {went}:",
        "  names, birth date, NPI, licences and certifications on file, and what they are found by",
        f"  names and numbers in {erasure.completions} completions{providers}, in every version",
        f"  names and numbers in {erasure.held_records} held records",
        f"  {erasure.rows} rows of files as they were sent, and {len(erasure.originals)} files as they were uploaded",
        f"  {unsearchable} files, of any provider, that were never read or whose rows are gone: they may name anybody",
        f"  {erasure.abandoned_uploads} uploads, of any provider, that never became a batch",
        f"  {erasure.answers} answers kept under idempotency keys",
        f"What stays: ids, dates, amounts and statuses of {erasure.credits} credits that count, and the audit log.",
    ]


def rems_erasure_lines(erasure: RemsErasure) -> list[str]:
    """Return what the erasure of a learner of REMS education takes out, and what stays, in lines."""
    went = "would go" if erasure.dry_run else "goes"
    return [
        f"A learner of provider {erasure.provider_id} who is no physician. What {went}:",
        f"  the id, names and numbers in {erasure.completions} completions, in every version",
        f"  {erasure.rows} rows of files as they were sent, and {len(erasure.originals)} files as they were uploaded",
        f"  {erasure.answers} answers kept under idempotency keys",
        "What stays: ids and dates of the completions, answers that name nobody, and the audit log.",
    ]
