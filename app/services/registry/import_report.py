"""What an import tells its operator: counts, lines refused, pairs kept. Ids of physicians, never their values."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from app.core.private_files import write_private
from app.services.registry.imports import ImportCounts, LineConflict, LinePair

COLUMNS = ("line", "kind", "identifiers", "reason", "names", "birth_date", "physician_ids")


def totals(counts: ImportCounts) -> dict[str, int]:
    """Return the counts by name; conflicts are among the lines refused."""
    return {
        "added": counts.added,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "refused": len(counts.refused),
        "conflicts": len(counts.conflicts),
        "pairs": len(counts.pairs),
    }


def summary(counts: ImportCounts) -> str:
    """Return the counts in one line, and in others what a file of another system has beside them."""
    lines = [_numbers(totals(counts))]
    if counts.npis:
        lines.append(f"NPIs deactivated: {_numbers(counts.npis)}")
    if counts.not_imported:
        lines.append(f"not imported: {_numbers(dict(counts.not_imported.most_common()))}")
    return "\n".join(lines)


def _numbers(counted: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counted.items())


def listed(name: str, counts: ImportCounts, most: int) -> Iterator[str]:
    """Yield a sentence for each of the first lines refused and pairs of a file, and what was left out."""
    for notice in counts.notices:
        yield f"{name}: {notice}"
    for line, reason in sorted(counts.refused)[:most]:
        yield f"{name}:{line}: {reason}"
    for pair in counts.pairs[:most]:
        yield f"{name}:{pair.line}: kept beside a physician on file whom it seems to describe ({_compared(pair)})"
    for claim in counts.left_aside[:most]:
        yield f"{name}:{claim.line}: imported, a licence left aside: {claim.reason}"
    if most < max(len(counts.refused), len(counts.pairs), len(counts.left_aside)):
        yield f"The first {most} lines refused and pairs are listed; --report FILE writes all of them."


def _compared(pair: LinePair) -> str:
    shared = pair.evidence.replace(" ", ", ").replace("_", " ")
    return f"in common: {shared}; names {pair.names}, birth date {pair.birth_date}"


def items(counts: ImportCounts) -> Iterator[dict[str, Any]]:
    """Yield every line refused, every pair and every number that was left aside, in the order of lines."""
    conflicts = {conflict.line: conflict for conflict in counts.conflicts}
    refused = [_refused(line, reason, conflicts.get(line)) for line, reason in counts.refused]
    aside = [_refused(claim.line, claim.reason, claim) | {"kind": "left aside"} for claim in counts.left_aside]
    yield from sorted([*refused, *aside, *map(_pair, counts.pairs)], key=lambda item: (item["line"], item["kind"]))


def _refused(line: int, reason: str, conflict: LineConflict | None) -> dict[str, Any]:
    found: dict[str, Any] = {"line": line, "kind": "refused" if conflict is None else "conflict", "reason": reason}
    if conflict is not None:
        found |= {"identifiers": list(conflict.kinds), "physician_ids": list(conflict.physician_ids)}
    return found


def _pair(pair: LinePair) -> dict[str, Any]:
    return {
        "line": pair.line,
        "kind": "pair",
        "identifiers": pair.evidence.split(),
        "names": pair.names,
        "birth_date": pair.birth_date,
        "physician_ids": list(pair.physician_ids),
    }


def as_json(counts: ImportCounts, most: int) -> str:
    """Return the counts and the first lines refused and pairs as JSON."""
    told: dict[str, Any] = {"counts": totals(counts)}
    if counts.npis or counts.not_imported or counts.notices:
        told |= {"npis": counts.npis, "not_imported": counts.not_imported, "notices": counts.notices}
    return json.dumps(told | {"items": list(islice(items(counts), most))})


def write(path: Path, counts: ImportCounts) -> None:
    """Write every line refused and every pair to a file that only its owner can read: NDJSON by its name, else CSV."""
    if path.suffix == ".ndjson":
        write_private(path, "".join(json.dumps(item) + "\n" for item in items(counts)))
        return
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for item in items(counts):
        table.writerow({name: " ".join(value) if isinstance(value, list) else value for name, value in item.items()})
    write_private(path, text.getvalue())
