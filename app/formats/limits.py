"""How much a file may ask of whoever reads it. A real file stays far below; one that is made to hurt does not."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one file."""

    inflated: int = 1_536 * MEBIBYTE
    """Bytes that all parts of a workbook may unpack to: a million rows of thirty columns need about so many."""
    ratio: int = 250
    """How many times its packed size a large part may unpack to: sheets reach 10 to 60, bombs 1,000."""
    entries: int = 2_000
    """Parts of a workbook; real ones have some dozens."""
    strings: int = 384 * MEBIBYTE
    """Bytes of the table of shared strings, unpacked: it is held in memory."""
    rows: int = 2_000_000
    """Records; a sheet has 1,048,576 rows at most."""
    columns: int = 1_000
    """Columns; our own templates have about thirty."""
    cell: int = 32_767
    """Characters of a cell: as many as Excel allows. Longer ones are cut off by the length of their field anyway."""
    line: int = 4 * MEBIBYTE
    """Characters of a line of text, or of one record as it is handed on."""
    processor_seconds: int = 20
    """For a small file; a large one has `seconds_a_mebibyte` more."""
    seconds_a_mebibyte: float = 3.0
    """100,000 rows of thirty columns are 10 MiB and take 5 to 10 seconds."""
    address_space: int = 1_536 * MEBIBYTE
    """Memory of the reading process."""

    def seconds(self, size: int) -> int:
        """Return the processor seconds that a file of so many bytes may take."""
        return int(self.processor_seconds + size / MEBIBYTE * self.seconds_a_mebibyte)


LIMITS = Limits()
