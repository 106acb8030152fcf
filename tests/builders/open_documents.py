"""OpenDocument sheets, made part by part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

_NAMESPACES = "".join(
    f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"), ("number", "datastyle"),
    )
) + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'  # fmt: skip
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def cell(kind: str | None = None, seen: str = "", **attributes: object) -> str:
    """Return a cell: its kind of value, what its program showed, and attributes such as `office_value`."""
    given = {"office:value-type": kind} if kind is not None else {}
    given |= {name.replace("_", ":", 1).replace("_", "-"): str(value) for name, value in attributes.items()}
    written = "".join(f" {name}={quoteattr(value)}" for name, value in given.items() if value is not None)
    paragraphs = "".join(
        f"<text:p>{line if line.startswith('<') else escape(line)}</text:p>" for line in seen.split("\n")
    )
    return f"<table:table-cell{written}>{paragraphs if seen else ''}</table:table-cell>"


def text_cell(text: str, **attributes: object) -> str:
    """Return a cell of text."""
    return cell("string", text, **attributes) if text else "<table:table-cell/>"


def number_cell(number: float, seen: str = "", kind: str = "float", **attributes: object) -> str:
    """Return a cell of a number."""
    return cell(kind, seen or str(number), office_value=number, **attributes)


def row(cells: Iterable[str], **attributes: object) -> str:
    """Return a row."""
    written = "".join(f' table:{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<table:table-row{written}>{''.join(cells)}</table:table-row>"


def table(rows: Iterable[str], name: str = "Learners", style: str = "", columns: str = "") -> str:
    """Return a sheet."""
    return (
        f'<table:table table:name={quoteattr(name)} table:style-name="{style}">{columns}{"".join(rows)}</table:table>'
    )


def number_style(name: str, content: str, kind: str = "number", attributes: str = "") -> str:
    """Return a number style, and a cell style of the same name with `ce` before it."""
    return (
        f'<number:{kind}-style style:name="{name}"{attributes}>{content}</number:{kind}-style>'
        f'<style:style style:name="ce{name}" style:family="table-cell" style:data-style-name="{name}"/>'
    )


def document(
    rows: Sequence[Sequence[str]] = (),
    *,
    tables: str = "",
    styles: str = "",
    settings: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    mimetype: str = MIMETYPE,
) -> bytes:
    """Return a document of one sheet with these cells, or of these tables."""
    body = tables or table(map(row, rows))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_NAMESPACES}><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:spreadsheet>{settings}{body}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("mimetype", mimetype, compress_type=zipfile.ZIP_STORED)
        for name, part in ({"content.xml": content, "META-INF/manifest.xml": _MANIFEST} | dict(parts or {})).items():
            made.writestr(name, part)
    return out.getvalue()
