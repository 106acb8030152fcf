"""Shared by all commands: a service that is open while the command runs, and one way to fail."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer
from typer.core import TyperCommand, TyperOption

from app.cli.output import drop_output
from app.core.errors import NotFound, OperatorFault, Problem

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.core.config import Settings
    from app.services.context import Service

T = TypeVar("T")
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as shells have it."""


def fail(sentence: str) -> NoReturn:
    """End the command with one sentence on standard error and exit code 1."""
    typer.echo(f"pars: {sentence}", err=True)
    sys.exit(1)


@contextmanager
def fail_on_faults() -> Iterator[None]:
    """Turn a fault that the operator can mend into its sentence and exit code 1; a fault of ours stays a traceback."""
    try:
        yield
    except (OperatorFault, Problem) as error:
        # What a request is told of its address makes no sense at a terminal, where an id was given.
        unnamed = isinstance(error, NotFound) and error.detail == NotFound.explanation()
        fail("Nothing has this id: see whether it was copied whole." if unnamed else str(error))
    except OSError as error:
        # Without a file it is about the output, or a fault of ours.
        if error.filename is None:
            raise
        fail(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}.")


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """End a command without a stack when Ctrl-C stops it, or when its output can no longer be written."""
    try:
        try:
            yield
        finally:
            _flush()
    except KeyboardInterrupt as interrupt:
        _say_interrupted(interrupt)
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.filename is not None or error.errno not in _OUTPUT_ERRORS:
            raise
        drop_output()
        if error.errno != errno.EPIPE:
            fail(f"The output cannot be written: {os.strerror(error.errno)}.")
        sys.exit(1)


_OUTPUT_ERRORS = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)
"""A reader that has gone, as `head` does; a full disk, a broken one, a file at its limit, a quota."""


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _say_interrupted(interrupt: KeyboardInterrupt) -> None:
    """Say that the command was stopped, and what the interrupt knows of its work."""
    with suppress(OSError):
        typer.echo(" ".join(("pars: stopped.", *map(str, interrupt.args))), err=True)


@contextmanager
def use_service(
    *, migrate: bool = True, any_schema: bool = False, settings: Settings | None = None
) -> Iterator[Service]:
    """Open the installation of the environment's settings, and close its database at the end.

    Without `migrate` nothing is made or changed: there must be a database, with this version's schema unless it may be
    any.
    """
    from app.core.config import Settings
    from app.services.operations.refusals import faults_explained, refuse_missing, refuse_outdated
    from app.services.operations.startup import open_service

    given = settings or Settings.read()
    with faults_explained(given):
        if not migrate:
            refuse_missing(given)
        service = open_service(given, migrate=migrate)
        try:
            if not migrate and not any_schema:
                service.database.read(refuse_outdated)
            yield service
        except KeyboardInterrupt:
            # What was begun is finished now; whoever cannot wait for that presses it again.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            raise
        finally:
            service.database.close()


def read_database(verb: Callable[[Connection], T], *, any_schema: bool = False, settings: Settings | None = None) -> T:
    """Return what a verb reads from the database, which must be there, with this version's schema unless it may be any.

    Nothing else of the installation is opened: a list is printed in the time that the database's library takes.
    """
    from app.core.config import Settings
    from app.core.database.transactions import Database
    from app.services.operations.refusals import faults_explained, refuse_misplaced, refuse_missing, refuse_outdated

    given = settings or Settings.read()
    with faults_explained(given):
        refuse_misplaced(given)
        refuse_missing(given)
        database = Database(given.sqlalchemy_url, pool_size=1, stall_limit=given.stall_limit)
        try:
            # The first connection: what the database cannot do is raised as it is, and told once.
            with database.read_engine.connect() as connection, connection.begin():
                if not any_schema:
                    refuse_outdated(connection)
                return verb(connection)
        finally:
            database.close()


def _in_own_words(fault: typer.BadParameter) -> str:
    """Return what is wrong with a value of the command line, without the words of the library that found it."""
    from pydantic import ValidationError

    from app.core.http.sentences import sentence_of

    if not isinstance(fault.__cause__, ValidationError):
        return fault.message
    return " ".join(sentence_of(error)[0] for error in fault.__cause__.errors(include_url=False))


class StrictCommand(TyperCommand):
    """A command that refuses an option which stands twice and has one value: the last would win without a word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; exits with the usage for an option that stands twice."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            single = isinstance(option, TyperOption) and not option.multiple and not option.is_flag
            if single and given.count(option) > 1:
                ctx.fail(f"The option {option.opts[0]} stands twice; give it once.")
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _in_own_words(error)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command, once the process is prepared by what it was given as the context's object, if any."""
        if ctx.obj is not None:
            ctx.obj()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            _say_interrupted(interrupt)
            raise
