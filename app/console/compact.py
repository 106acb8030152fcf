"""Templates made compact as they are compiled: what HTML may leave out is left out of every page, at no cost later.

Templates are written whole, with every quote and end tag. Pages are not compressed, and a list repeats its row.
"""

from __future__ import annotations

import re

from jinja2.ext import Extension

_TAGS = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
"""What is the template engine's: its own quotes and words stay."""
_ENDS = re.compile(r"</(?:td|th|tr|li|option|dt|dd)>")
"""End tags that HTML has by itself where the next one of their kind begins, or their parent ends."""
_QUOTED = re.compile(r"""(?<=\s)(role|class|type|scope|data-h|aria-hidden|autocomplete|tabindex)="([\w-]+)"(?=[\s>])""")
"""Values that are a word, written whole in the template: they need no quotes. What is put in keeps its own."""
_EMPTY = re.compile(r'(?<=\s)(data-h|value)=""(?=[\s>])')


class Compact(Extension):
    """Makes each template compact before it is compiled; its lines stay where they are, for tracebacks."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the template's text as it is compiled."""
        return compact(source)


def compact(source: str) -> str:
    """Return a template, or a page, without what HTML may leave out."""
    pieces = _TAGS.split(source)
    pieces[::2] = [_EMPTY.sub(r"\1", _QUOTED.sub(r"\1=\2", _ENDS.sub("", text))) for text in pieces[::2]]
    return "".join(pieces)
