"""Bounds on what parsing a file may take. Real files stay far below them, hostile ones do not."""

from __future__ import annotations

import msgspec

MEBIBYTE = 1_048_576


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one file."""

    file: int = 512 * MEBIBYTE
    """Bytes of the file itself: 1,000,000 rows of text are 100 to 250 MiB."""
    inflated: int = 1_536 * MEBIBYTE
    """Bytes that all parts of a workbook may unpack to: about what a full sheet of thirty columns needs."""
    ratio: int = 250
    """How many times its packed size a large part may unpack to: sheets reach 10 to 60, zip bombs 1,000."""
    small_part: int = 16 * MEBIBYTE
    """Bytes that any other part may unpack to, which is held in memory; bloated styles reach 10 MiB."""
    entries: int = 2_000
    """Parts of a workbook; real ones have a few dozen."""
    strings: int = 384 * MEBIBYTE
    """Bytes of the table of shared strings: it is held in memory."""
    merged: int = 500_000
    """Merged areas of a sheet: two for each of 250,000 rows; sheets that people merge by hand have hundreds."""
    rows: int = 2_000_000
    """Records; a sheet has 1,048,576 rows at most, and text may have a million."""
    columns: int = 1_000
    """Columns; our own templates have about thirty, those of four boards with five types each sixty."""
    beyond: int = 100
    """Columns with cells beyond the last heading: room for remarks, not for far-away cells in a million rows."""
    cell: int = 32_767
    """Characters of a cell, as in Excel."""
    record: int = 4 * MEBIBYTE
    """Characters of a line of text, bytes of one XML element or row of a sheet: a row of 1,000 cells has 60,000."""
    piece: int = 32 * MEBIBYTE
    """Characters of the records of one message, as JSON: 250 rows of thirty columns have 100,000."""
    head: int = MEBIBYTE // 4
    """Characters of the head as JSON, which is kept with the batch: a template has 4,000."""
    depth: int = 64
    """Levels of elements; the deepest documents known have 12."""
    seconds: int = 20
    """CPU seconds for a small file; a large one has `seconds_a_mebibyte` more."""
    seconds_a_mebibyte: float = 4.0
    """100,000 rows of thirty columns are 14 MiB and take 5 to 10 seconds on a slow machine."""
    most_seconds: int = 900
    """CPU seconds for any file."""
    patience: float = 6.0
    """Seconds to wait for each CPU second: the machine may be busy."""
    address_space: int = 1_024 * MEBIBYTE
    """Bytes of memory of the parsing process: it needs 50 MiB, and the strings of the largest workbooks."""

    def processor_seconds(self, size: int) -> int:
        """Return the CPU seconds that a file of so many bytes may take."""
        return min(self.most_seconds, int(self.seconds + size / MEBIBYTE * self.seconds_a_mebibyte))


LIMITS = Limits()
