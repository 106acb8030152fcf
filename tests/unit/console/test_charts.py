"""Charts as numbers: every name within the drawing, and a sentence where there is nothing to draw."""

from __future__ import annotations

from app.console.charts import Chart, Measured, Series, draw_bars


def chart(*values: float, name: str = "12/08", top: float | None = None) -> Chart:
    measured = [Measured(name, (value,)) for value in values]
    return draw_bars("x", "X?", "So.", across="X", series=[Series("Y")], measured=measured, top=top)


def test_no_name_of_a_bar_is_cut_off_at_the_edge() -> None:
    for number in range(5, 27):
        for name in ("1", "12/08", "November 24"):
            drawn = chart(*[1] * number, name=name)
            last = drawn.bars[-1]
            half = len(name) * 9 / 2
            ends = last.text_at if last.anchor == "end" else last.text_at + half
            assert ends <= drawn.width, (number, name)
            assert last.text == name
    assert chart(*[1] * 5).bars[-1].anchor == "middle"


def test_nothing_but_zero_is_a_sentence_unless_the_scale_has_its_own_end() -> None:
    assert chart(0, 0, 0, 0, 0).sentence == "So."
    assert chart(0, 0, 0, 0, 0, top=100).sentence == ""
    assert chart(0, 0, 0, 0, 1).sentence == ""
    assert chart(1, 1, 1, 1).sentence == "So."
