"""What a file is, found from its first bytes, never from its name; and its text, decoded."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO

from app.domain.batches import FileFault, FileFaultCode, FileFormat

LOOKED_AT = 65_536
"""Bytes from which a file is recognised."""
_SAVE_AS = "Save it as .xlsx or as tab-delimited text, and upload that."
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNS = (
    (b"\xd0\xcf\x11\xe0", f"This is an old or a password-protected workbook. {_SAVE_AS}"),
    (b"%PDF", f"This is a PDF. {_SAVE_AS}"),
    (b"{\\rtf", f"This is a text document. {_SAVE_AS}"),
    (b"\x1f\x8b", "This is a compressed file. Unpack it, and upload what is in it."),
    (b"Rar!", "This is a compressed file. Unpack it, and upload what is in it."),
    (b"7z\xbc\xaf", "This is a compressed file. Unpack it, and upload what is in it."),
    (b"\x89PNG", f"This is a picture. {_SAVE_AS}"),
    (b"\xff\xd8\xff", f"This is a picture. {_SAVE_AS}"),
)


def unreadable(detail: str, *, row: int | None = None) -> FileFault:
    """Return the fault of a file that is damaged, encrypted, or none of the formats."""
    return FileFault(FileFaultCode.UNREADABLE, detail, row=row)


def recognise(file: BinaryIO) -> tuple[FileFormat, str]:
    """Return what a file is and how its text is encoded; raises `FileFault` for what is none of the formats."""
    file.seek(0)
    first = file.read(LOOKED_AT)
    file.seek(0)
    if not first.strip(b"\x00\t\r\n "):
        raise unreadable("The file is empty.")
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return FileFormat.XLSX, ""
    for sign, detail in _SIGNS:
        if first.startswith(sign):
            raise unreadable(detail)
    encoding = _encoding(file, first)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(first).lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return FileFormat.XML, encoding
    if text.startswith("{"):
        return FileFormat.NDJSON, encoding
    if text.startswith("["):
        detail = "This is a JSON list. Write one object a line (NDJSON), without brackets and commas around them."
        raise FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    if any(character < " " and character not in "\t\r\n\f\v" for character in text[:4096]):
        raise unreadable(f"This is no text. {_SAVE_AS}")
    return FileFormat.TAB, encoding


def _encoding(file: BinaryIO, first: bytes) -> str:
    """Return how a text is encoded: as it says itself, else UTF-8 where all of it is, else as Windows writes it."""
    for bom, name in _BOMS:
        if first.startswith(bom):
            return name
    sample = first[:4_096]
    if sample.count(0) > len(sample) // 8:
        return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def text_of(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Return a file's text, line ends as they are written anywhere read as one."""
    file.seek(0)
    # Five bytes of cp1252 stand for nothing: they are shown as such rather than refused.
    return io.TextIOWrapper(file, encoding, errors="replace" if encoding == "cp1252" else "strict", newline=None)
