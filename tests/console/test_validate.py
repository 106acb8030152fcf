"""The validation tool: its three results, what comes back, what is kept, and whom it serves."""

from __future__ import annotations

import pytest

from app.services.context import Service
from tests.builders.people import import_people
from tests.harness.api import settle
from tests.harness.console.windows import Window, sign_in
from tests.harness.held import NORA

DATABASES = ["sqlite"]
PAGE = "/p/0008001/validate"
NORA_ASKED = {"/first_name": "Nora", "/last_name": "Quillfeather", "/date_of_birth": "07/09"}
REBECCA = {
    "/first_name": "Rebecca",
    "/last_name": "Test",
    "/date_of_birth": "02/01",
    "/state": "TN",
    "/license_id": "444444",
}


def test_a_learner_who_fits_is_matched_with_boards_and_an_id_to_copy(window: Window, service: Service) -> None:
    sign_in(window, service)
    window.open(PAGE).submit(PAGE, **REBECCA)
    assert window.status == 200
    assert "Learner matched" in window.text
    assert "On file with" in window.text
    assert "Tennessee" in window.text
    (learner_id,) = window.tree.xpath("//*[@id='learner-id']/text()")
    assert learner_id.startswith("lrn_")
    assert window.tree.xpath("//a[contains(@href, '/p/0008001/activities')]")
    settle(service)


def test_checking_another_keeps_nothing(window: Window, service: Service) -> None:
    sign_in(window, service)
    window.open(PAGE).submit(PAGE, **REBECCA)
    assert window.fields(PAGE)["/first_name"] == ["Rebecca"]
    assert window.tree.xpath(f"//a[@href='{PAGE}'][contains(., 'Check another')]")
    assert window.open(PAGE).fields(PAGE)["/first_name"] == [""]
    assert "Rebecca" not in window.text
    settle(service)


def test_nobody_who_fits_is_told_without_saying_which_field_is_wrong(window: Window, service: Service) -> None:
    sign_in(window, service)
    import_people(service, NORA)
    said = set()
    for wrong in ({"/date_of_birth": "03/02"}, {"/npi": "1234567893"}, {"/last_name": "Nobodyhere"}):
        window.open(PAGE).submit(PAGE, **NORA_ASKED | wrong)
        assert "No learner matched" in window.text
        assert "Choose an activity" not in window.text
        said.add(window.tree.xpath("string(//section[@id='result'])"))
    assert len(said) == 1
    settle(service)


def test_both_names_are_required_and_everything_comes_back(window: Window, service: Service) -> None:
    sign_in(window, service)
    window.open(PAGE).submit(
        PAGE, **{"/first_name": "Rebecca", "/medical_school": "Meharry", "/date_of_birth": "13/45"}
    )
    assert window.status == 422
    assert "Nobody was looked for" in window.text
    fields = window.fields(PAGE)
    assert (fields["/first_name"], fields["/medical_school"], fields["/date_of_birth"]) == (
        ["Rebecca"], ["Meharry"], ["13/45"],
    )  # fmt: skip
    assert window.tree.xpath("//input[@name='/last_name'][@aria-invalid='true']")
    assert window.tree.xpath("//input[@name='/date_of_birth'][@aria-invalid='true']")
    settle(service)


def test_it_has_the_nine_fields_of_the_slides_and_a_way_to_a_file(window: Window, service: Service) -> None:
    sign_in(window, service)
    fields = window.open(PAGE).tree.xpath("//form[@id='validate']//*[@name][not(@type='hidden')]/@name")
    assert sorted(fields) == sorted(
        ["/first_name", "/last_name", "/date_of_birth", "/state", "/license_id", "/board", "/board_id", "/npi",
         "/medical_school"]
    )  # fmt: skip
    assert window.tree.xpath("//a[@href='/p/0008001/uploads/new']")
    assert window.shown is not None
    assert "no-store" in window.shown.headers["cache-control"]


def test_it_spends_the_budget_of_the_api(window: Window, service: Service) -> None:
    sign_in(window, service)
    import_people(service, NORA)
    for day in range(3, 9):
        window.open(PAGE).submit(PAGE, **NORA_ASKED | {"/date_of_birth": f"05/{day:02}"})
    # Five wrong dates were tried: the right one is a miss as well, as by any other door.
    window.open(PAGE).submit(PAGE, **NORA_ASKED)
    assert "No learner matched" in window.text
    settle(service)


@pytest.mark.parametrize("path", [PAGE, "/p/0008001/held"])
def test_a_reader_is_refused(window: Window, service: Service, path: str) -> None:
    sign_in(window, service, role="reader")
    assert window.open(path).status == 403
    settle(service)
