"""Files and folders that only their owner can read, whatever the umask: a database holds names and birth dates."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing; one that is there keeps its mode."""
    for folder in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            # The umask of a careless process may even take the owner's own rights.
            if not folder.is_dir():
                folder.mkdir(FOLDER_MODE)
                folder.chmod(FOLDER_MODE)


def make_file(path: Path) -> None:
    """Make an empty file unless there is one; one that is there keeps its content and mode."""
    make_folder(path.parent)
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
        os.close(descriptor)


def readable_by_others(paths: Iterable[Path]) -> list[Path]:
    """Return those of some files and folders that exist and that others than their owner may read or enter."""
    found = []
    for path in paths:
        with suppress(OSError):
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                found.append(path)
    return found


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a UTF-8 file that only its owner can read, atomically; without `replace`, an existing file stays."""
    write_private_pieces(path, [text.encode()], replace=replace)


def write_private_pieces(path: Path, pieces: Iterable[bytes], *, replace: bool = True) -> None:
    """Write a file that only its owner can read, as its pieces come, atomically: half of one is never at its place."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.draft")
    with _open_locked(draft) as file:
        # A killed process may have left its own draft.
        file.truncate()
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        if replace or not path.exists():
            draft.replace(path)
        else:
            # Two first starts at once: the earlier one decides for both.
            draft.unlink()


@contextmanager
def _open_locked(draft: Path) -> Iterator[BufferedWriter]:
    """Open a draft under an exclusive lock; it may have content.

    Raises `OSError` for a link, or a file of somebody else: in a folder of many, they would read what is written.
    """
    while True:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE), "wb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "it belongs to another user", str(draft))
            os.fchmod(file.fileno(), FILE_MODE)
            fcntl.flock(file, fcntl.LOCK_EX)
            # The process that held the lock may have moved the draft to its place: then this is no longer the draft.
            if _is_at(draft, file):
                yield file
                return


def _is_at(path: Path, file: BufferedWriter) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
