"""Why an installation cannot be used, each in one sentence that says what to do, and without a password.

It imports little: every command begins with it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from app import __version__
from app.core.config import Settings
from app.core.database.failures import find_cause
from app.core.errors import InstallationFault, OperatorFault
from app.store import schema


@contextmanager
def faults_explained(settings: Settings) -> Iterator[None]:
    """Turn an error of the database or a file system into an `InstallationFault`, one sentence on what to do."""
    try:
        yield
    except OperatorFault:
        raise
    except Exception as error:
        cause = find_cause(error)
        if cause is not None:
            raise InstallationFault(f"The database {name_of(settings)} cannot be used: {cause}") from error
        if isinstance(error, OSError) and error.filename is not None:
            advice = _PLACE_ADVICE if error.errno in _FORBIDDEN else ""
            raise InstallationFault(f"{error.filename} cannot be used: {error.strerror}.{advice}") from error
        raise


_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_PLACE_ADVICE = (
    " Let the user that runs PARS write there, or name another place (PARS_DATA_DIR, PARS_DATABASE_URL for SQLite)."
)


def refuse_missing(settings: Settings) -> None:
    """Raise `InstallationFault` where there is no SQLite file: who only looks makes none."""
    file = settings.sqlite_file
    try:
        if file is not None:
            file.stat()
    except FileNotFoundError:
        raise InstallationFault(
            f"There is no database {file}. Run `pars db upgrade` to make it, or check PARS_DATABASE_URL."
        ) from None


def refuse_outdated(connection: Connection) -> None:
    """Raise `InstallationFault` for a schema that is not this version's."""
    refuse_newer(connection)
    revision = schema.current(connection)
    if revision != schema.head():
        found = "is empty" if revision is None else f"has the schema {revision}, and this version needs {schema.head()}"
        raise InstallationFault(f"The database {found}: run `pars db upgrade`.")


def refuse_misplaced(settings: Settings) -> None:
    """Raise `InstallationFault` for a folder where a file is meant, and the other way round."""
    file = settings.sqlite_file
    if file is not None and file.is_dir():
        raise InstallationFault(
            f"{file} is a folder, and PARS_DATABASE_URL has to name a file, as sqlite:///{file}/pars.db."
        )
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        raise InstallationFault(f"{settings.data_dir} is a file, and PARS_DATA_DIR has to name a folder.")


def name_of(settings: Settings) -> str:
    """Return what an operator calls the database: its file, or its server and name; never a password."""
    return str(settings.sqlite_file or settings.database_url.rpartition("@")[2].partition("?")[0])


def refuse_newer(connection: Connection) -> None:
    """Raise `InstallationFault` for a schema that this version does not know."""
    revision = schema.current(connection)
    if revision not in (None, schema.head()) and not schema.is_known(revision):
        raise InstallationFault(
            f"The database is newer than this version of pars ({__version__}), which does not know its schema "
            f"({revision}): run the newer version, or restore a backup made before the upgrade."
        )
