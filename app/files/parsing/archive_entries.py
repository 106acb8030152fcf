"""Entries of an archive, each checked before any is read: its name, and that its two descriptions say the same.

Programs that read an archive from its beginning go by the header before each entry, others by the list at its end.
Where the two differ, somebody means different readers to see different things.
"""

from __future__ import annotations

import re
import struct
import zipfile
from typing import BinaryIO

from app.files.parsing.faults import DAMAGED, SAVE_AGAIN, unreadable

_HEADER = struct.Struct("<4s2xHHxxxxLLLHH")
"""Signature, flags, method, checksum, packed size, size, and the lengths of name and extra fields."""
_ENCRYPTED, _SIZES_BEHIND, _UTF8, _MASKED = 0x1, 0x8, 0x800, 0x2000
_ELSEWHERE = 0xFFFF_FFFF
"""A size that stands in an extra field, as in archives beyond 4 GiB."""
_LARGE_SIZES = 1
_PATH = re.compile(r"[/\\]|[A-Za-z]:|.*(?:\A|[/\\])\.{1,2}(?:[/\\]|\Z)|.*[\\\x00-\x1f\x7f]", re.DOTALL)
"""Names that lead out of their folder, or that programs take for different ones."""
_ARCHIVE_NAME = re.compile(
    r".*\.(?:zip|xls[xmb]|doc[xm]|ppt[xm]|od[stp]|jar|7z|rar|t?gz|tar|bz2|xz|zst|cab)\Z", re.I | re.DOTALL
)
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")


def check_entry(file: BinaryIO, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Raise a fault for an entry that is encrypted, packed in an unknown way, named as a path, or lies about itself."""
    if info.flag_bits & (_ENCRYPTED | _MASKED):
        raise unreadable("The workbook is protected by a password. Save it without one.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise unreadable(DAMAGED)
    if _PATH.match(info.orig_filename):
        raise unreadable(
            f"A part of the workbook is named as a path to another folder, which no program does. {SAVE_AGAIN}"
        )
    _check_header(file, info)
    if info.is_dir():
        return
    with archive.open(info) as part:
        if _ARCHIVE_NAME.match(info.filename) or part.read(8).startswith(_ARCHIVES):
            raise unreadable(
                "The workbook has another archive within it, such as an embedded workbook. Remove it, and upload the "
                "sheet with the records alone."
            )


def beginning_of(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of an entry that was checked begin: behind its header."""
    file.seek(info.header_offset)
    *_, name_length, extra_length = _HEADER.unpack(file.read(_HEADER.size))
    return int(info.header_offset + _HEADER.size + name_length + extra_length)


def _check_header(file: BinaryIO, info: zipfile.ZipInfo) -> None:
    file.seek(info.header_offset)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise unreadable(DAMAGED)
    mark, flags, method, checksum, packed, size, name_length, extra_length = _HEADER.unpack(header)
    name = file.read(name_length)
    extra = file.read(extra_length)
    if mark != b"PK\x03\x04" or name.decode("utf-8" if flags & _UTF8 else "cp437", "replace") != info.orig_filename:
        raise unreadable(DAMAGED)
    if _ELSEWHERE in (packed, size):
        size, packed = _large_sizes(extra, size, packed)
    said, known = (checksum, packed, size), (info.CRC, info.compress_size, info.file_size)
    # Programs that write a stream know neither sizes nor checksum yet: they stand behind the part.
    behind = bool(flags & _SIZES_BEHIND)
    if method != info.compress_type or any(
        one != other and not (behind and one in (0, _ELSEWHERE)) for one, other in zip(said, known, strict=True)
    ):
        raise unreadable(f"The workbook says two sizes of one of its parts, which no program does. {SAVE_AGAIN}")


def _large_sizes(extra: bytes, size: int, packed: int) -> tuple[int, int]:
    """Return size and packed size, of which those that did not fit stand in an extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _LARGE_SIZES:
            held = iter(struct.unpack_from(f"<{min(length, 16) // 8}Q", extra, at + 4))
            size = next(held, size) if size == _ELSEWHERE else size
            packed = next(held, packed) if packed == _ELSEWHERE else packed
            break
        at += 4 + length
    return size, packed
