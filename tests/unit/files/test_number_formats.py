"""Number formats of workbooks: which show a day, and which day a number stands for."""

from __future__ import annotations

import pytest

from app.files.number_formats import day_of, shows_a_date


@pytest.mark.parametrize(
    "code",
    ["mm/dd/yyyy", "mmm-yy", "d-mmm", "[$-409]mmmm d, yyyy;@", "[$-F800]dddd\\,\\ mmmm\\ dd", "mm\\/dd", "mm-dd;@",
     "[$-411]ge.m.d", "yyyy-mm-dd hh:mm:ss.000", "m", "YYYY/MM/DD", '"am "dd/mm', "m/d/yy h:mm AM/PM"],
)  # fmt: skip
def test_formats_that_show_a_day(code: str) -> None:
    assert shows_a_date(code)


@pytest.mark.parametrize(
    "code",
    ["General", "Standard", "0.00", "#,##0", "h:mm AM/PM", "[h]:mm:ss", "mm:ss", "mmss.0", "@", '0 "days"',
     "#,##0.00\\ [$€-407]", "[Red]0.00", "00000", "000\\-00\\-0000", "_($* #,##0.00_)", "# ?/?", "0.00E+00", ""],
)  # fmt: skip
def test_formats_that_show_none(code: str) -> None:
    assert not shows_a_date(code)


@pytest.mark.parametrize(
    ("serial", "from_1904", "day"),
    [
        (44241, False, "2021-02-14"),
        (44241.395833333336, False, "2021-02-14T09:30:00"),
        (44241.9999999, False, "2021-02-14"),
        (1, False, "1900-01-01"),
        (59, False, "1900-02-28"),
        (60, False, "1900-02-29"),
        (61, False, "1900-03-01"),
        (2958465, False, "9999-12-31"),
        (42779, True, "2021-02-14"),
        (0, True, "1904-01-01"),
        (2957003, True, "9999-12-31"),
        (0.5, False, None),
        (-1, False, None),
        (2958466, False, None),
        (2957004, True, None),
        (float("inf"), False, None),
    ],
)
def test_a_number_stands_for_a_day(serial: float, from_1904: bool, day: str | None) -> None:
    assert day_of(serial, from_1904=from_1904) == day
