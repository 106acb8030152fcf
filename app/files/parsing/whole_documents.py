"""XML documents that are read whole, as requests have them: bounded by their size before they come here."""

from __future__ import annotations

import codecs
from typing import Any

from lxml import etree

from app.domain.batches import Element
from app.files.parsing.faults import unreadable
from app.files.parsing.xml import SAFELY, WEB, element_of, encoding_of, fault_of, root_name, without_blanks

_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)
_ONE_BYTE = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "windows-1252"})
"""Charsets that may be named beside a document. What names UTF-16 there is found in the document itself."""


def read_whole(body: bytes, depth: int, charset: str = "") -> Element:
    """Return the root of a document; raises `FileFault`.

    A charset that was named beside it goes before that of its own declaration (RFC 7303), a mark of order before both.
    """
    first = without_blanks(body)
    encoding = encoding_of(first)
    if encoding is None and charset in _ONE_BYTE and not body.startswith(_BOMS) and first[:1] == b"<" and first[1:2]:
        encoding = charset if first[1] else None
    if WEB.match(first):
        raise unreadable(
            "The body is a web page: what was to make the document has failed, or a sign-in stood before it."
        )
    root_name(first, encoding)
    try:
        root: Any = etree.fromstring(first, etree.XMLParser(encoding=encoding, **SAFELY))
    except (etree.XMLSyntaxError, LookupError) as error:
        raise fault_of(error) from None
    if root is None:
        raise unreadable("The document has no element.")
    return element_of(root, depth, 1)
