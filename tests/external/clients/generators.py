"""Every generator of the check: how its client is generated and compiled, without switches, and which story it tells.

To add a generator: a function that generates and compiles in a folder and returns the command of its story, an entry of
`CLIENTS`, a story in `examples/clients`, a line of the table in `docs/integrators.md`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.external.clients.commands import NODE, PYTHON, ROOT, TOOLS, run

STORIES = ROOT / "examples" / "clients"
NULLABLE = Path(__file__).parent / "nullable"
DEBIAN_JARS = Path("/usr/share/java")
JARS = {
    "geronimo-annotation-1.3-spec": "libgeronimo-annotation-1.3-spec-java",
    "httpmime": "libhttpmime-java",
    "httpclient": "libhttpclient-java",
    "httpcore": "libhttpcore-java",
    "commons-logging": "libcommons-logging-java",
}
"""Libraries that a generated client in Java needs, and their packages in Debian. Jackson is in the generator's jar."""
TOLD = ("create", "correct", "page", "events", "validate", "upload", "problem")
"""What every story tells. `grow` besides: an answer with a field that the client does not know is read."""
Command = list[str | Path]


@dataclass(frozen=True)
class Client:
    """A generator with its options, and how its client is made."""

    generator: str
    package: str
    """Name of the package whose locked version counts."""
    options: str
    prepare: Callable[[Path], Command]
    """Generates and compiles in a folder with `pars.json` and `webhooks.json`; returns the command of the story."""
    needs: dict[str, str]
    """Commands without which it cannot be made, and their packages in Debian."""
    told: tuple[str, ...] = TOLD

    @property
    def version(self) -> str:
        """The version that is locked."""
        return locked()[self.package]

    def missing(self) -> Iterator[str]:
        """Yield what it needs and this machine does not have."""
        for command, package in self.needs.items():
            if shutil.which(command) is None and not (DEBIAN_JARS / f"{command}.jar").exists():
                yield f"{command} ({package})"


def locked() -> dict[str, str]:
    """Return the locked version of every generator, by package."""
    pinned = re.findall(r"^([a-z-]+)==(\S+)", (ROOT / "requirements/clients.txt").read_text(encoding="utf-8"), re.M)
    node = json.loads((TOOLS / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    return {**dict(pinned), **node}


def _openapi_generator(folder: Path, language: str, *options: str, document: str = "pars.json") -> Path:
    made = folder / "made"
    command = ("generate", "-i", document, "-g", language, *options, "-o", made)
    told = run(PYTHON / "openapi-generator-cli", *command, cwd=folder)
    assert "FILEPATH_COLLISION" not in told, told
    return made


def _java(folder: Path) -> Command:
    made = _openapi_generator(folder, "java", "--library", "native")
    jars = [*PYTHON.parent.glob("lib/*/site-packages/openapi_generator_cli/openapi-generator.jar")]
    jars += [DEBIAN_JARS / f"{name}.jar" for name in JARS]
    path, built = ":".join(map(str, jars)), folder / "built"
    sources = sorted((made / "src" / "main" / "java").rglob("*.java"))
    run("javac", "-nowarn", "-cp", path, "-d", built, *sources, *sorted(NULLABLE.glob("*.java")),
        STORIES / "Stories.java", cwd=folder)  # fmt: skip
    return ["java", "-cp", f"{built}:{path}", "Stories"]


def _go(folder: Path) -> Command:
    made = _openapi_generator(folder, "go")
    (made / "stories").mkdir()
    shutil.copy(STORIES / "stories.go", made / "stories" / "main.go")
    # It needs nothing but the standard library: nothing is asked of a proxy.
    run("go", "vet", ".", "./stories", cwd=made, GOPROXY="off")
    run("go", "build", "-o", folder / "told", "./stories", cwd=made, GOPROXY="off")
    return [folder / "told"]


def _python(folder: Path) -> Command:
    return _python_story(_openapi_generator(folder, "python"), "stories_openapi_generator.py")


def _python_webhooks(folder: Path) -> Command:
    return _python_story(_openapi_generator(folder, "python", document="webhooks.json"), "webhook_events.py")


def _python_story(made: Path, story: str) -> Command:
    shutil.copy(STORIES / story, made)
    # The client's own code is not typed throughout; what it offers is.
    run(PYTHON / "mypy", "--strict", "--follow-imports=silent", story, cwd=made)
    return [PYTHON / "python", made / story]


def _generated(language: str) -> Callable[[Path], Command]:
    def generate(folder: Path) -> Command:
        made = _openapi_generator(folder, language)
        assert len(list(made.rglob("*CompletionIn.*"))) > 0
        return []

    return generate


def _openapi_fetch(folder: Path) -> Command:
    run(NODE / "openapi-typescript", "pars.json", "-o", "pars.d.ts", cwd=folder)
    (folder / "node_modules").symlink_to(TOOLS / "node_modules")
    return _typescript(folder, "stories_openapi_fetch.ts", "nodenext", "nodenext")


def _openapi_ts(folder: Path) -> Command:
    run(NODE / "openapi-ts", "-i", "pars.json", "-o", "pars", cwd=folder)
    return _typescript(folder, "stories.ts", "commonjs", "node10")


def _typescript(folder: Path, story: str, module: str, resolution: str) -> Command:
    """Compile a story with its client, as strictly as the language can."""
    shutil.copy(STORIES / story, folder)
    run(
        NODE / "tsc", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", module,
        "--moduleResolution", resolution, "--esModuleInterop", "--types", "node",
        "--typeRoots", TOOLS / "node_modules" / "@types", "--outDir", "built", story, cwd=folder,
    )  # fmt: skip
    return ["node", folder / "built" / Path(story).with_suffix(".js").name]


def _openapi_python_client(story: str, *options: str | Path) -> Callable[[Path], Command]:
    def prepare(folder: Path) -> Command:
        run(PYTHON / "openapi-python-client", "generate", "--path", "pars.json", *options, cwd=folder)
        made = folder / "pars-client"
        shutil.copy(STORIES / story, made)
        run(PYTHON / "mypy", "--strict", story, cwd=made)
        return [PYTHON / "python", made / story]

    return prepare


_JAVA = {"java": "default-jdk-headless"}
_NODE = {"node": "nodejs"}
CLIENTS = (
    Client(
        "openapi-generator", "openapi-generator-cli", "`-g java --library native`", _java,
        {"javac": "default-jdk-headless"} | _JAVA | JARS, (*TOLD, "grow"),
    ),
    Client("openapi-generator", "openapi-generator-cli", "`-g go`", _go, _JAVA | {"go": "golang-go"}, (*TOLD, "grow")),
    Client("openapi-generator", "openapi-generator-cli", "`-g python`", _python, _JAVA, (*TOLD, "grow")),
    *(
        Client("openapi-generator", "openapi-generator-cli", f"`-g {language}`", _generated(language), _JAVA, ())
        for language in ("csharp", "php", "spring")
    ),
    Client(
        "openapi-generator", "openapi-generator-cli", "`-i webhooks.json -g python`", _python_webhooks, _JAVA,
        ("webhooks", "grow"),
    ),
    Client("openapi-typescript, openapi-fetch", "openapi-typescript", "none", _openapi_fetch, _NODE),
    Client("@hey-api/openapi-ts", "@hey-api/openapi-ts", "none", _openapi_ts, _NODE),
    Client("openapi-python-client", "openapi-python-client", "none", _openapi_python_client("stories.py"), {}),
    Client(
        "openapi-python-client", "openapi-python-client", "`--custom-template-path python-templates`",
        _openapi_python_client("later_values.py", "--custom-template-path", STORIES / "python-templates"), {},
        ("later", "values"),
    ),
)  # fmt: skip
