"""Tags as clients and proxies write them: a version that is meant is taken, a refusal says what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import PreconditionFailed
from app.services.preconditions import is_known, must_match
from tests.harness.properties import examples

MARKS = st.sampled_from(["", "-gzip", "--gzip", ";br", "-zstd", ":deflate"])


def refusal_of(if_match: str, version: int) -> str:
    with pytest.raises(PreconditionFailed) as refused:
        must_match(if_match, version)
    (item,) = refused.value.errors
    assert item.header == "If-Match" and item.detail == refused.value.detail and item.hint
    assert "changed" not in f"{refused.value.title()} {item.detail} {item.hint}"
    return f"{item.detail} {item.hint}"


@given(st.integers(1, 10**6), MARKS, st.booleans())
@examples(100)
def test_a_version_is_taken_with_or_without_quotes_and_with_the_mark_of_a_proxy(
    version: int, mark: str, quoted: bool
) -> None:
    tag = f'"{version}{mark}"' if quoted else f"{version}{mark}"
    for header in (tag, f' "{version + 1}" , {tag}', f'W/"{version + 2}", {tag}'):
        must_match(header, version)
        assert is_known(header, version)


@given(st.integers(1, 10**6), MARKS, st.booleans())
@examples(100)
def test_a_weak_tag_of_the_version_that_stands_is_told_to_be_weak(version: int, mark: str, quoted: bool) -> None:
    tag = f'W/"{version}{mark}"' if quoted else f"W/{version}{mark}"
    told = refusal_of(tag, version)
    assert "weak" in told and f'Send If-Match: "{version}"' in told
    assert is_known(tag, version)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.booleans())
@examples(100)
def test_another_version_is_refused_with_the_one_that_stands(named: int, version: int, weak: bool) -> None:
    if named == version:
        return
    tag = f'{"W/" if weak else ""}"{named}"'
    assert f"The resource has version {version} now." in refusal_of(tag, version)
    assert not is_known(tag, version)


@pytest.mark.parametrize(
    "header", ["", " ", '"', "abc", '"abc"', '"01"', "'1'", '\\"1\\"', '"1" "1"', 'w/"1"', ",,", '"1', "\u0661", '"-1"']
)
def test_what_is_no_tag_of_ours_is_told_to_be_none(header: str) -> None:
    assert "no ETag that can be read" in refusal_of(header, 1)
    assert not is_known(header, 1)


@given(st.text(st.sampled_from('W/"123,* -gzip\t'), max_size=20))
@examples(300)
def test_whatever_the_header_holds_it_is_taken_or_refused(header: str) -> None:
    try:
        must_match(header, 1)
    except PreconditionFailed:
        return
    assert "1" in header or "*" in header
