"""A board's staff look a licensee up: the transcript on the page, the signed PDF, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable

from app.services.context import Service
from tests.harness.api import settle
from tests.harness.console.windows import Window, sign_in
from tests.harness.inbox import stored

HERE = "/b/ABA/licensees"
TINA = {"/first_name": "Tina", "/last_name": "Karacme", "/board_id": "35867909"}


def look_up(board: Window, **given: str) -> Window:
    return board.open(HERE).submit(HERE, **(TINA | given))


def test_a_licensee_is_found_and_the_transcript_taken_as_a_signed_pdf(board: Window, service: Service) -> None:
    look_up(board)
    assert board.status == 200
    assert board.tree.xpath("string(//*[@id='found']//h2)") == "Tina Karacme"
    for said in ("American Board of Anesthesiology", "35867909", "Grand Rounds Anesthesia", "12/01/2021"):
        assert said in board.text, said
    assert "11/24" not in board.text, "the birth date is told to nobody"
    assert board.shown is not None
    assert str(board.shown.url).endswith(HERE)
    assert "no-store" in board.shown.headers["cache-control"]
    form = board.fields(f"{HERE}/pdf")
    board.send(f"{HERE}/pdf", form)
    pdf = board.shown.content
    assert board.shown.headers["content-type"] == "application/pdf"
    assert b"/ETSI.CAdES.detached" in pdf
    board.send(f"{HERE}/pdf", form)
    assert board.shown.content == pdf
    assert stored(service, "SELECT count(*) FROM transcripts") == [(1,)]
    settle(service)


def test_a_period_narrows_what_is_shown(board: Window) -> None:
    assert "12/01/2021" in look_up(board, **{"/completed_from": "12/01/2021"}).tree.xpath("string(//*[@id='found'])")
    look_up(board, **{"/completed_from": "12/02/2021", "/completed_to": "12/31/2021"})
    assert "No credit was reported for these dates." in board.text
    assert board.fields(HERE)["/completed_from"] == ["12/02/2021"]


def test_who_is_another_boards_is_told_as_who_is_not_there(board: Window, service: Service) -> None:
    others = {"/first_name": "Vincent", "/last_name": "Van Gogh", "/board_id": "", "/npi": "", "/state": "CA"}
    nobody = {"/first_name": "Nobody", "/last_name": "Atall"}

    def told(**given: str) -> str:
        look_up(board, **given)
        assert board.status == 200
        return str(board.tree.xpath("string(//*[@id='found'])"))

    missed = told(**others, **{"/license_id": "54916519"})
    assert "Nobody was found" in missed
    assert told(**others | nobody, **{"/license_id": "54916519"}) == missed
    assert told(**others, **{"/date_of_birth": "03/30"}) == missed
    assert told(**{"/board_id": "35867908"}) == missed
    assert told(**{"/last_name": "Karakme"}) == missed


def test_what_is_missing_is_said_at_its_field(board: Window) -> None:
    look_up(board, **{"/board_id": ""})
    assert board.status == 422
    assert "Names alone tell nobody from others of the name." in board.text
    for wrong in (
        {"/first_name": "", "/date_of_birth": "13/41"},
        {"/completed_from": "never", "/completed_to": "02/30/2021"},
        {"/completed_from": "12/31/2021", "/completed_to": "12/01/2021"},
    ):
        look_up(board, **wrong)
        assert board.status == 422
        assert board.heading == "Transcripts"
        marked = board.tree.xpath("//input[@aria-invalid='true']/@name")
        assert set(marked) == wrong.keys() - ({"/completed_from"} if "12/31/2021" in wrong.values() else set())


def test_an_id_of_another_board_leads_nowhere_and_others_have_no_such_page(
    board: Window, service: Service, open_window: Callable[[], Window]
) -> None:
    form = look_up(board).fields(f"{HERE}/pdf")
    board.send(f"{HERE}/pdf", form | {"transcript_id": ["x"]})
    assert board.status == 404
    window = open_window()
    sign_in(window, service)
    assert window.open(HERE).status == 404
    assert stored(service, "SELECT count(*) FROM transcripts") == [(0,)]


def test_a_look_up_stands_in_the_log_with_nobodys_name(board: Window, service: Service) -> None:
    look_up(board)
    look_up(board, **{"/last_name": "Nobody"})
    rows = stored(service, "SELECT verb, subject_id, fields FROM audit WHERE noun = 'licensee-search'")
    assert sorted(verb for verb, _, _ in rows) == ["look-at", "search"]
    assert not any(word in str(rows) for word in ("Tina", "Karacme", "Nobody", "35867909"))
