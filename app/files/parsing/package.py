"""The package of a workbook: a zip archive whose parts refer to each other. No name of a part is used as a path."""

from __future__ import annotations

import posixpath
import struct
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, BinaryIO

from lxml import etree

from app.files.parsing.faults import too_large, unreadable
from app.files.parsing.limits import MEBIBYTE, Limits
from app.files.parsing.xml import SAFELY

_PIECE = 65_536
_END = b"PK\x05\x06"
_LARGE = 32 * MEBIBYTE
"""Bytes. Smaller parts may be packed as tightly as they are."""
_DIRECTORY = 4 * MEBIBYTE
"""Bytes of the list of parts, at most."""
DAMAGED = "The workbook is damaged. Open it, save it again as .xlsx, and upload that."
_NO_WORKBOOK = "This archive is not a workbook. Save the sheet as .xlsx, and upload that."
_OTHERS = {
    "mimetype": "This is an OpenDocument file. Save it as .xlsx, and upload that.",
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
        self._most = min(most, max(_LARGE, info.compress_size * package.limits.ratio))
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
        _check_directory(file, limits)
        self.archive = zipfile.ZipFile(file)
        infos = self.archive.infolist()
        if len(infos) > limits.entries:
            raise too_large("The file has more parts than a workbook has. Save it again as .xlsx.")
        if sum(info.file_size for info in infos) > limits.inflated:
            raise too_large("The workbook unpacks to more than is taken. Split its rows into several files.")
        self._infos = {_key(info.filename): info for info in infos}
        if len(self._infos) < len(infos):
            raise unreadable(DAMAGED)
        by_place = sorted(infos, key=lambda info: info.header_offset)
        if any(one.header_offset + one.compress_size > two.header_offset for one, two in pairwise(by_place)):
            raise unreadable(DAMAGED)

    def no_workbook(self) -> str:
        """Return what an archive is that has no workbook, and what to do."""
        return next((detail for name, detail in _OTHERS.items() if name in self._infos), _NO_WORKBOOK)

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return _key(name) in self._infos

    def stream(self, name: str, *, large: bool = False) -> PackagePart:
        """Return a part as a stream; a large one is read record by record, others are held."""
        info = self._infos[_key(name)]
        if info.flag_bits & 1:
            raise unreadable("The workbook is protected by a password. Save it without one.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise unreadable(DAMAGED)
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


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Refuse an archive whose list of parts is too long, before the list is read."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 65_557))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise unreadable("The workbook is incomplete. Save it again as .xlsx, and upload all of it.")
    entries, size = struct.unpack_from("<HL", tail, at + 10)
    if entries > limits.entries or size > _DIRECTORY:
        raise too_large("The file has more parts than a workbook has. Save it again as .xlsx.")
    file.seek(0)
