"""Finding routes by method and path: the literal before the parameter, and exactly where one fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.http.route_table import RouteTable

PATHS = (
    "/a", "/a/{one}", "/a/b", "/a/{one}/b", "/a/b/{two}", "/a/{one}/{two}", "/c/{rest:path}", "/c/d", "/", "/a:b",
    "/a/{one}.pdf", "/b/{one}.pdf", "/b/{one}.csv",
)  # fmt: skip
SEGMENT = st.sampled_from(
    ["", "a", "b", "c", "d", "x", "a:b", "{one}", "é", "%2F", "x.pdf", ".pdf", "x.csv.pdf", "pdf"]
)
ADDRESS = st.lists(SEGMENT, max_size=4).map(lambda segments: "/" + "/".join(segments))


def a_table() -> RouteTable[str]:
    table: RouteTable[str] = RouteTable()
    for path in PATHS:
        table.add(["GET"], path, path)
    table.add(["POST"], "/a/b", "post")
    return table


def pattern(path: str) -> re.Pattern[str]:
    """Return the expression for what a path takes: a parameter takes one segment, which is not empty."""
    parts = re.split(r"\{(\w+)(:path)?\}", path)
    text = "".join(
        re.escape(literal) + ("" if name is None else f"(?P<{name}>{'.*' if whole else '[^/]+'})")
        for literal, name, whole in zip(parts[::3], [*parts[1::3], None], [*parts[2::3], None], strict=True)
    )
    return re.compile(text, re.DOTALL)


@given(address=ADDRESS)
def test_a_route_is_found_exactly_where_one_fits(address: str) -> None:
    fitting = {path: found.groupdict() for path in PATHS if (found := pattern(path).fullmatch(address))}
    found = a_table().find("GET", address)
    assert (found is None) is (fitting == {})
    if found is not None:
        path, values = found
        assert fitting[path] == values


@pytest.mark.parametrize(
    ("address", "path"), [("/a/b", "/a/b"), ("/a/b/x", "/a/b/{two}"), ("/a/x/b", "/a/{one}/b"), ("/c/d", "/c/d"),
     ("/a/x.pdf", "/a/{one}.pdf"), ("/a/.pdf", "/a/{one}"), ("/a/x.PDF", "/a/{one}")],
)  # fmt: skip
def test_a_literal_segment_goes_before_a_parameter_and_an_ending_before_none(address: str, path: str) -> None:
    found = a_table().find("GET", address)
    assert found is not None
    assert found[0] == path


def test_another_method_does_not_hide_a_route_behind_a_parameter() -> None:
    found = a_table().find("POST", "/a/b")
    assert found == ("post", {})
    assert a_table().find("DELETE", "/a/b") is None
    assert a_table().methods_at("/a/b") == ["GET", "HEAD", "POST"]
    assert a_table().methods_at("/nowhere") == []


@pytest.mark.parametrize("path", ["/a/x{one}", "/a/{one}x", "/a/{one}.{two}", "/a/{one:int}", "/c/{rest:path}.pdf"])
def test_a_parameter_is_a_whole_segment_but_for_an_ending(path: str) -> None:
    with pytest.raises(ValueError, match="neither a literal nor a parameter"):
        a_table().add(["GET"], path, "x")


@pytest.mark.parametrize("path", ["/a/{other}", "/a/{other}.pdf"])
def test_a_path_is_taken_once(path: str) -> None:
    with pytest.raises(ValueError, match="is there already"):
        a_table().add(["GET"], path, "x")
