"""Compact templates: the page that a browser reads stays the same, with fewer bytes."""

from __future__ import annotations

import pytest
from lxml import html

from app.console.compact import compact


@pytest.mark.parametrize(
    ("written", "compiled"),
    [
        ('<tr role="row"><td role="cell" data-h="">1</td>\n</tr>', "<tr role=row><td role=cell data-h>1\n"),
        (
            '<td role="cell" data-h="Learner\'s id" class="id soft">',
            '<td role=cell data-h="Learner\'s id" class="id soft">',
        ),
        # What is put in may hold anything, and keeps its quotes.
        ('<a class="{{ kind }}" href="{{ at }}">', '<a class="{{ kind }}" href="{{ at }}">'),
        # The engine's own words are no markup.
        ('{% call table(x, class="cards") %}{# class="old" #}', '{% call table(x, class="cards") %}{# class="old" #}'),
        ('<use class="i"/>', '<use class="i"/>'),
        ("<p>a</p><li>b</li>", "<p>a</p><li>b"),
    ],
)
def test_only_what_html_may_leave_out_is_left_out(written: str, compiled: str) -> None:
    assert compact(written) == compiled


def test_a_page_is_read_as_it_was_written() -> None:
    page = (
        '<!doctype html><title>x</title><table class="cards"><thead><tr role="row"><th scope="col">A</th></tr></thead>'
        '<tbody><tr role="row"><td role="cell" data-h="">1</td><td class="num">2</td></tr><tr><td>3</td></tr></tbody>'
        '</table><dl><dt>a</dt><dd>b</dd></dl><ul><li><a href="/x">c</a></li></ul>'
        '<select><option value="">d</option></select>'
    )
    small = compact(page)
    assert len(small) < len(page)
    read, written = (html.tostring(html.fromstring(text), method="xml") for text in (small, page))
    assert read == written
