"""`pars listen` beside a service that is killed and started again, and stopped itself: each event is printed once."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx

from tests.builders.bodies import a_completion
from tests.harness.processes import Installation, Process, eventually, free_port, installation

COMPLETIONS = "/v1/learner-completions"


def report(port: int, key: str, day: str) -> str:
    answer = httpx.post(
        f"http://127.0.0.1:{port}{COMPLETIONS}",
        headers={"Authorization": f"Bearer {key}"},
        json=a_completion(completed_on=day),
    )
    assert answer.status_code == 201, answer.text
    completion_id: str = answer.json()["completion_id"]
    return completion_id


def printed(process: Process) -> list[str]:
    return re.findall(r"completion\.reported .* completion (\S+)", process.printed)


def listen(installed: Installation, port: int, *arguments: str) -> Process:
    return installed.start("listen", "--url", f"http://127.0.0.1:{port}", *arguments, until="Ctrl-C ends it.")


def test_a_service_that_is_killed_and_comes_back_is_listened_to_on(tmp_path: Path) -> None:
    port = free_port()
    with installation(f"sqlite:///{tmp_path}/pars.db", tmp_path / "data") as installed:
        server = installed.serve(port, "--demo")
        key = (installed.folder / "demo-key").read_text(encoding="ascii").strip()
        installed.settings["PARS_API_KEY"] = key
        listener = listen(installed, port)
        ids = [report(port, key, "2021-11-01")]
        eventually(lambda: printed(listener) == ids)
        server.running.kill()
        server.ended()
        eventually(lambda: "cannot be reached" in listener.printed)
        installed.serve(port)
        eventually(lambda: "The service answers again." in listener.printed)
        ids.append(report(port, key, "2021-11-02"))
        eventually(lambda: printed(listener) == ids)
        listener.signal(signal.SIGINT)
        assert listener.ended() == 0
        assert printed(listener) == ids
        assert "Traceback" not in listener.printed
        (cursor,) = re.findall(r"Stopped\. To go on from here: pars listen --after (\S+)", listener.printed)
        ids = [report(port, key, "2021-11-03")]
        again = listen(installed, port, "--after", cursor)
        eventually(lambda: printed(again) == ids)
        again.signal(signal.SIGINT)
        assert again.ended() == 0
