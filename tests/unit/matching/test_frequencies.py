from __future__ import annotations

from importlib.resources import files

import pytest

from app.matching.frequencies import given_share, surname_share


@pytest.mark.parametrize("name", ["surnames.tsv", "given_names.tsv"])
def test_a_list_has_each_form_once_the_commonest_first(name: str):
    lines = [line.split("\t") for line in files("app.matching").joinpath("data", name).read_text("ascii").splitlines()]
    forms, shares = [form for form, _ in lines], [float(share) for _, share in lines]
    assert len(set(forms)) == len(forms) > 9_000
    assert all(form.isalpha() and form.islower() for form in forms)
    assert shares == sorted(shares, reverse=True)
    assert 70_000 < sum(shares) < 100_000


def test_a_share_tells_how_many_of_a_population_bear_a_name():
    population = 2**20
    assert 8_000 < population * surname_share("smith") < 8_700
    assert 1_800 < population * surname_share("nguyen") < 1_900
    assert 10_000 < population * given_share("john") < 11_500
    assert population * given_share("michael") > population * given_share("ivan") > 400


@pytest.mark.parametrize("form", ["", "zzyzx", "Smith", "o'brien", "#", "nul l"])
def test_a_name_that_is_not_listed_has_no_share(form: str):
    assert surname_share(form) == 0.0
    assert given_share(form) == 0.0
