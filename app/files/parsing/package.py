"""The package of a workbook: a zip archive whose parts refer to each other. No name of a part is used as a path."""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from lxml import etree

from app.files.parsing.archive_entries import beginning_of, check_entry
from app.files.parsing.faults import DAMAGED, SAVE_AGAIN, too_large, unreadable
from app.files.parsing.limits import MEBIBYTE, Limits
from app.files.parsing.xml import SAFELY

_PIECE = 65_536
_END = b"PK\x05\x06"
_END_SIZE, _LOCATOR_SIZE, _LARGE_END_SIZE = 22, 20, 56
_IN_64 = 0xFFFF, 0xFFFF_FFFF
"""Entries and sizes that stand elsewhere, as in archives beyond 4 GiB."""
_LARGE = 32 * MEBIBYTE
"""Bytes. Smaller parts may be packed as tightly as they are."""
_DIRECTORY = 4 * MEBIBYTE
"""Bytes of the list of parts, at most."""
_MORE_AROUND = f"Something stands before or behind the workbook in its file, which no program writes. {SAVE_AGAIN}"
_SHEET_NAME = re.compile(r"\.(?:xls[xm]?|ods|csv|tsv|tab|txt|xml|ndjson|jsonl)\Z")
"""Files within an archive, in lower case, that can be sent by themselves."""
_LONGEST_NAME = 80
_SIGNS_OF_A_PACKAGE = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "content.xml", "mimetype")
_NO_WORKBOOK = "This archive is not a workbook. Save the sheet as .xlsx, and upload that."
_OTHERS = {
    "mimetype": "This is an OpenDocument file without a sheet. Save the sheet as .xlsx, and upload that.",
    "word/document.xml": "This is a text document. Put its table into a sheet, and save that as .xlsx.",
    "ppt/presentation.xml": "This is a presentation. Put its table into a sheet, and save that as .xlsx.",
    "xl/workbook.bin": "This is a binary workbook (.xlsb). Save it as .xlsx, and upload that.",
    "index/document.iwa": "This is a Numbers file. Export it as .xlsx, and upload that.",
}


class PackagePart:
    """One part of a package, as a stream that counts the bytes that it unpacks to."""

    def __init__(self, package: Package, info: zipfile.ZipInfo, most: int, between: int) -> None:
        self._package = package
        self._file = package.archive.open(info)
        self._most = min(most, package.most_bytes(info.filename))
        self._between = between
        self._seen = 0
        self._since = 0

    def read(self, size: int = _PIECE) -> bytes:
        """Return the next bytes; raises `FileFault` when there are too many."""
        piece = self._file.read(_PIECE)
        if not self._seen and b"<!DOCTYPE" in piece.replace(b"\x00", b""):
            raise unreadable("The workbook has a document type, which no workbook has.")
        self._seen += len(piece)
        self._since += len(piece)
        self._package.inflated += len(piece)
        if self._seen > self._most or self._package.inflated > self._package.limits.inflated:
            raise too_large("The workbook unpacks to more than is taken. Split its rows into several files.")
        if self._since > self._between:
            raise too_large("A row or a text of the workbook is too long.")
        return piece

    def record(self) -> None:
        """Note the end of an element: the limit of bytes applies to each."""
        self._since = 0

    def drain(self) -> None:
        """Read the rest, so that the checksum is verified."""
        while self.read():
            self._since = 0


class Package:
    """The parts of a workbook, found by their relations."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self.limits = limits
        self.inflated = 0
        self._file = file
        directory = _check_directory(file, limits)
        self.archive = zipfile.ZipFile(file)
        infos = self.archive.infolist()
        if self.archive.start_dir != directory:
            raise unreadable(_MORE_AROUND)
        if len(infos) > limits.entries:
            raise too_large("The file has more parts than a workbook has. Save it again as .xlsx.")
        if sum(info.file_size for info in infos) > limits.inflated:
            raise too_large("The workbook unpacks to more than is taken. Split its rows into several files.")
        self._infos = {_key(info.filename): info for info in infos}
        if len(self._infos) < len(infos):
            raise unreadable("The workbook has two parts of one name, which no program writes. " + SAVE_AGAIN)
        by_place = sorted(infos, key=lambda info: info.header_offset)
        if by_place and by_place[0].header_offset:
            raise unreadable(_MORE_AROUND)
        ends = [*(info.header_offset for info in by_place[1:]), directory]
        if any(info.header_offset + info.compress_size > end for info, end in zip(by_place, ends, strict=False)):
            raise unreadable(DAMAGED)
        if not any(map(self.has, _SIGNS_OF_A_PACKAGE)):
            self._check_files_within()
        for info in infos:
            check_entry(file, self.archive, info)

    def no_workbook(self) -> str:
        """Return what an archive is that has no workbook, and what to do."""
        return next((detail for name, detail in _OTHERS.items() if name in self._infos), _NO_WORKBOOK)

    def _check_files_within(self) -> None:
        """Raise a fault that names the file to send, where the archive is no workbook but holds one."""
        names = [posixpath.basename(key) for key in self._infos if not key.startswith("__macosx/")]
        sheets = [name for name in names if _SHEET_NAME.search(name) and not name.startswith((".", "~$"))]
        if not sheets:
            return
        first = self._infos[next(key for key in self._infos if posixpath.basename(key) == sheets[0])].filename
        shown = "".join(filter(str.isprintable, posixpath.basename(first.replace("\\", "/"))))[:_LONGEST_NAME]
        others = len(sheets) - 1
        if not others:
            raise unreadable(f"This is a zip that holds “{shown}”: unpack it, and send the file.")
        more = f"{others} more {'file' if others == 1 else 'files'}"
        raise unreadable(f"This is a zip that holds “{shown}” and {more}: unpack it, and send each file by itself.")

    def info(self, name: str) -> zipfile.ZipInfo:
        """Return the entry of a part; raises `KeyError`."""
        return self._infos[_key(name)]

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return _key(name) in self._infos

    def most_bytes(self, name: str) -> int:
        """Return how many bytes a part may unpack to."""
        return min(self.limits.inflated, max(_LARGE, self._infos[_key(name)].compress_size * self.limits.ratio))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield what a part unpacks to, unchecked and in large pieces: a fast look, before it is read as a stream."""
        info = self._infos[_key(name)]
        if info.compress_type == zipfile.ZIP_STORED:
            yield from iter(partial(self.archive.open(info).read, MEBIBYTE), b"")
            return
        at = beginning_of(self._file, info)
        end = at + info.compress_size
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
        most, seen = self.most_bytes(name), 0
        while at < end and not unpacking.eof:
            self._file.seek(at)
            packed = self._file.read(min(_PIECE, end - at))
            if not packed:
                return
            at += len(packed)
            while packed:
                piece = unpacking.decompress(packed, MEBIBYTE)
                packed = unpacking.unconsumed_tail
                seen += len(piece)
                if seen > most:
                    raise too_large("The workbook unpacks to more than is taken. Split its rows into several files.")
                yield piece
        yield unpacking.flush()

    def stream(self, name: str, *, large: bool = False) -> PackagePart:
        """Return a part as a stream; a large one is read record by record, others are held."""
        info = self._infos[_key(name)]
        if large:
            return PackagePart(self, info, self.limits.inflated, self.limits.record)
        return PackagePart(self, info, self.limits.small_part, self.limits.small_part)

    def elements(self, part: PackagePart, *tags: str) -> Iterator[Any]:
        """Yield the elements of a part with these local names; each is dropped when the next is asked for."""
        parsed = etree.iterparse(part, events=("end",), tag=[f"{{*}}{tag}" for tag in tags], **SAFELY)
        first = True
        for _, element in parsed:
            if first and element.getroottree().docinfo.doctype:
                raise unreadable("The workbook has a document type, which no workbook has.")
            first = False
            part.record()
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: its type and the part's name, by id."""
        folder, last = posixpath.split(name)
        relations = posixpath.join(folder, "_rels", f"{last}.rels")
        if not self.has(relations):
            return {}
        found = {}
        for relation in self.elements(self.stream(relations), "Relationship"):
            if relation.get("TargetMode") == "External":
                continue
            target = (relation.get("Target") or "").replace("\\", "/")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[relation.get("Id") or ""] = ((relation.get("Type") or "").rpartition("/")[2], full)
        return found


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _check_directory(file: BinaryIO, limits: Limits) -> int:
    """Refuse an archive whose list of parts is too long, before the list is read; return where the list begins."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 65_557))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise unreadable("The workbook is incomplete. Save it again as .xlsx, and upload all of it.")
    entries, size, begin, comment = struct.unpack_from("<HLLH", tail, at + 10)
    if at + _END_SIZE + comment != len(tail):
        raise unreadable(_MORE_AROUND)
    if entries == _IN_64[0] or _IN_64[1] in (size, begin):
        entries, size, begin = _large_directory(file, end - len(tail) + at)
    if entries > limits.entries or size > _DIRECTORY:
        raise too_large("The file has more parts than a workbook has. Save it again as .xlsx.")
    file.seek(0)
    return int(begin)


def _large_directory(file: BinaryIO, at: int) -> tuple[int, int, int]:
    """Return the number of parts, the bytes of their list and its beginning, as archives beyond 4 GiB have them."""
    file.seek(max(0, at - _LOCATOR_SIZE))
    mark, where = struct.unpack_from("<4s4xQ", file.read(_LOCATOR_SIZE))
    if mark != b"PK\x06\x07" or where > at:
        raise unreadable(DAMAGED)
    file.seek(where)
    mark, entries, size, begin = struct.unpack_from("<4s28xQQQ", file.read(_LARGE_END_SIZE))
    if mark != b"PK\x06\x06":
        raise unreadable(DAMAGED)
    return entries, size, begin
