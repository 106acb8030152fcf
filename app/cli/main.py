"""The commands of the service."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer

from app.core.config import Settings
from app.core.errors import ConfigurationError, Problem
from app.core.logging import configure_logging
from app.domain.batches import Batch, BatchKind
from app.rules.catalogue import CatalogueError
from app.rules.examples import failed
from app.sandbox import fixtures
from app.sandbox import page as sandbox_page
from app.schemas.batches import BatchOut
from app.schemas.board_reports import table
from app.services.access import clients
from app.services.batches import command
from app.services.boards import reports
from app.services.context import Service, operator, transact
from app.services.demo import world
from app.services.operations import checks
from app.services.operations.startup import catalogue_of, kept_files, open_service
from app.services.registry import imports
from app.services.sandbox import providers as sandbox
from app.simulator import reading
from app.simulator.deciding import ROSTER, RosterFault, roster_of
from app.simulator.view import FeedFault
from app.store import schema

commands = typer.Typer(no_args_is_help=True, add_completion=False, help="Reporting of learner credit.")
db = typer.Typer(no_args_is_help=True, help="The database's schema.")
demo_commands = typer.Typer(no_args_is_help=True, help="The demo world.")
provider = typer.Typer(no_args_is_help=True, help="Accredited providers.")
client = typer.Typer(no_args_is_help=True, help="Clients and their keys.")
catalogue_commands = typer.Typer(no_args_is_help=True, help="The boards' files.")
registry_commands = typer.Typer(no_args_is_help=True, help="The registry of physicians.")
for name, group in (
    ("db", db),
    ("demo", demo_commands),
    ("provider", provider),
    ("client", client),
    ("registry", registry_commands),
    ("catalogue", catalogue_commands),
):
    commands.add_typer(group, name=name)


def main() -> None:
    """Run a command; a fault the operator can mend is one sentence and exit code 1."""
    configure_logging()
    try:
        commands()
    except (
        ConfigurationError,
        CatalogueError,
        clients.Refused,
        imports.ImportFault,
        world.DemoFault,
        sandbox.Taken,
        reading.Ended,
        RosterFault,
        FeedFault,
        Problem,
    ) as error:
        _fail(str(error))


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"pars: {sentence}", err=True)
    sys.exit(1)


@contextmanager
def _service(*, migrate: bool = True, settings: Settings | None = None) -> Iterator[Service]:
    service = open_service(settings or Settings(), migrate=migrate)
    try:
        yield service
    finally:
        service.database.close()


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    demo_world: Annotated[bool, typer.Option("--demo", help="Load the demo world first, and print a key.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Serving processes; more than one on PostgreSQL only.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Serve only; on PostgreSQL only.")] = False,
) -> None:
    """Serve HTTP, with an embedded worker."""
    from app import server

    server.serve(Settings(), host=host, port=port, demo_world=demo_world, workers=workers, with_worker=not no_worker)


@commands.command()
def worker(
    threads: Annotated[int, typer.Option(min=1, max=64, help="Files whose records take effect at once.")] = 1,
) -> None:
    """Work on what is due, beside any number of others on any number of machines; on PostgreSQL only."""
    from app import server

    server.work(Settings(), threads=threads)


@commands.command("batch")
def batch_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook, tab-delimited text, XML or NDJSON.")],
    provider_id: Annotated[str, typer.Option("--provider", help="Provider whose records they are.")],
    permission_attested: Annotated[
        bool, typer.Option("--permission-attested", help="The learners have permitted the reporting.")
    ] = False,
    kind: Annotated[BatchKind, typer.Option(help="What the records are.")] = BatchKind.LEARNER_COMPLETIONS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge the records, and store none of them.")] = False,
) -> None:
    """Take a file through the pipeline, and print what became of its records; exit 1 when any was refused."""
    if kind is BatchKind.LEARNER_COMPLETIONS and not permission_attested:
        _fail("Say --permission-attested once the learners have agreed to the reporting.")
    with _service() as service, typer.progressbar(length=1_000, label=file.name, file=sys.stderr) as bar:

        def told(batch: Batch) -> None:
            bar.update(int(1_000 * batch.applied / batch.records) - bar.pos if batch.records else 0)

        done = command.run(service, file, provider_id, kind, dry_run=dry_run, told=told)
    shown = BatchOut.of(done)
    typer.echo(shown.model_dump_json(indent=1, include={"batch_id", "status", "counts", "warnings", "file_error"}))
    if done.file_error is not None or done.counts.get("rejected"):
        raise typer.Exit(1)


@catalogue_commands.command("check")
def catalogue_check() -> None:
    """Read the boards' files, those in the data folder's catalogue/ included, and run their examples."""
    settings = Settings()
    catalogue = catalogue_of(settings)
    faults = list(failed(catalogue))
    for each in faults:
        expected, found = ", ".join(each.expected) or "no refusal", ", ".join(each.found) or "no refusal"
        typer.echo(f"{each.board}: {each.says}: expected {expected}, found {found}")
    if faults:
        raise typer.Exit(1)
    examples = sum(len(each) for each in catalogue.examples.values())
    typer.echo(f"{len(catalogue.boards)} boards, {examples} examples hold; digest {catalogue.digest}")


@catalogue_commands.command("show")
def catalogue_show(
    digest: Annotated[str, typer.Argument(help="Digest kept with a decision.")],
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")],
) -> None:
    """Write the board files by which records were judged once."""
    with _service(migrate=False) as service:
        files = service.database.read(lambda connection: kept_files(connection, digest))
    if files is None:
        _fail("No record was judged by a catalogue of this digest.")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    typer.echo(f"{len(files)} files in {folder}")


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to the newest revision."""
    with _service() as service:
        typer.echo(service.database.read(schema.current))


@db.command("current")
def db_current() -> None:
    """Print the revision of the database."""
    with _service(migrate=False) as service:
        typer.echo(service.database.read(schema.current) or "empty")


@demo_commands.command("load")
def demo_load() -> None:
    """Load the demo world, and keep a fresh key of the client `demo` in the data folder."""
    with _service() as service:
        typer.echo(world.load(service))


@demo_commands.command("board")
def demo_board(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The board's code or name.")],
    url: Annotated[str, typer.Option(help="Where the service runs.")] = "http://127.0.0.1:8000",
    once: Annotated[bool, typer.Option("--once", help="End when nothing is new.")] = False,
    slow: Annotated[float, typer.Option(min=0, help="Seconds between hearing something and noting it.")] = 0.0,
    flaky: Annotated[float, typer.Option(min=0, max=1, help="The share of answers that get lost.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Which answers get lost.")] = 1,
    seconds: Annotated[float | None, typer.Option("--for", min=0, help="Seconds after which it ends.")] = None,
    roster: Annotated[Path, typer.Option(help="Whom the boards know otherwise than told.")] = ROSTER,
) -> None:
    """Be a board: read its feed from a running service and decide, until stopped; go on there when started again."""
    settings = Settings()
    with _service() as service:
        code, key = world.board(service, code)
    line: httpx.BaseTransport = httpx.HTTPTransport()
    board = reading.opened(
        code,
        key,
        line=reading.LosingAnswers(line, flaky, seed) if flaky else line,
        url=url,
        file=settings.data_dir / f"demo-board-{code}.json",
        roster=roster_of(code, roster),
        manner=reading.Manner(once=once, slow=slow, seconds=seconds),
        say=typer.echo,
    )
    with board.http, suppress(KeyboardInterrupt):
        board.work()


@provider.command("add")
def provider_add(
    provider_id: Annotated[str, typer.Argument(metavar="ID", help="Seven digits.")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    joint: Annotated[bool, typer.Option("--joint", help="Jointly accredited.")] = False,
    city: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Add an accredited provider."""
    with _service() as service:
        transact(operator(service), clients.add_provider, provider_id, name, joint=joint, city=city, state=state)


@client.command("create")
def client_create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Attests the permission of what the client reports.")],
    providers: Annotated[list[str] | None, typer.Option("--provider", help="Provider it acts for.")] = None,
    vendor: Annotated[bool, typer.Option("--vendor", help="Acts for providers that grant it the right.")] = False,
    board: Annotated[str | None, typer.Option("--board", help="A board's own client.")] = None,
    as_operator: Annotated[bool, typer.Option("--operator", help="May do everything.")] = False,
    scopes: Annotated[list[str] | None, typer.Option("--scope", help="Instead of every scope of its role.")] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A key for the sandbox; without a provider, for the shared one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create a client, and print its key this once."""
    roles = [
        role
        for role, chosen in (("provider", providers), ("vendor", vendor), ("board", board), ("operator", as_operator))
        if chosen
    ]
    if not roles and test:
        roles = ["provider"]
    if len(roles) != 1:
        _fail("Say one of --provider ID, --vendor, --board CODE, --operator.")
    with _service() as service:
        created = transact(
            operator(service),
            clients.create,
            name,
            role=roles[0],
            provider_ids=providers or (),
            board=board,
            scopes=scopes or (),
            test=test,
        )
    shown: dict[str, Any] = {
        "client_id": created.client_id,
        "api_key": created.api_key,
        "client_secret": created.client_secret,
    }
    typer.echo(json.dumps(shown) if as_json else "\n".join(f"{field}: {value}" for field, value in shown.items()))


@commands.command()
def grant(vendor_client: str, provider_id: str) -> None:
    """Let a vendor act for a provider."""
    with _service() as service:
        transact(operator(service), clients.grant, vendor_client, provider_id)


@commands.command()
def revoke(vendor_client: str, provider_id: str) -> None:
    """Take back a vendor's right to act for a provider."""
    with _service() as service:
        transact(operator(service), clients.revoke, vendor_client, provider_id)


@registry_commands.command("import")
def registry_import(file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON, plain or .gz.")]) -> None:
    """Import physicians, as often as you like; absence removes nobody."""
    with _service() as service:
        counts = imports.import_file(service, file)
    typer.echo(
        f"added {counts.added}, updated {counts.updated}, unchanged {counts.unchanged}, refused {len(counts.refused)}"
    )
    for line, reason in sorted(counts.refused):
        typer.echo(f"{file.name}:{line}: {reason}", err=True)
    if counts.refused:
        raise typer.Exit(1)


@commands.command("sandbox")
def show_sandbox(
    page: Annotated[Path | None, typer.Option(help="Write the tables into this page, between its marks.")] = None,
) -> None:
    """Print what test clients can rely on: magic learners, magic activities, and what is answered when."""
    tables = sandbox_page.tables_of(fixtures.sandbox())
    if page is None:
        typer.echo(tables)
        return
    try:
        sandbox_page.write_into(page, tables)
    except ValueError as error:
        _fail(str(error))
    typer.echo(page)


@commands.command()
def check() -> None:
    """Prove the invariants of the database; exit 1 with a list when one is broken."""
    # Holding no lock, it may think for as long as it takes between two statements.
    with _service(migrate=False, settings=Settings().model_copy(update={"stall_limit": 0})) as service:
        found = checks.faults(service)
    for fault in found:
        typer.echo(fault)
    if found:
        raise typer.Exit(1)
    typer.echo("every invariant holds")


@commands.command("boards")
def show_boards(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only boards that owe an answer for 24 hours.")] = False,
) -> None:
    """Print how every board with a feed reads and answers."""
    with _service(migrate=False) as service:
        found = service.database.read(
            lambda connection: reports.report_boards(connection, operator(service), overdue=overdue or None)
        )
    typer.echo(table(found))


@commands.command()
def openapi(
    path: Annotated[Path, typer.Option(help="Where to write it.")] = Path("openapi/openapi.json"),
) -> None:
    """Write the description of the API, and beside it the names that clients rely on: that list only grows."""
    from app.main import described
    from app.routers.openapi import names_of

    text, names = described(), path.with_name("names.txt")
    kept = set(names.read_text(encoding="utf-8").splitlines()) if names.exists() else set()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    names.write_text("\n".join(sorted(kept | names_of(json.loads(text)))) + "\n", encoding="utf-8")
    typer.echo(path)
