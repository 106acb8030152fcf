"""Logs: one line an event, with ids as fields; never a name, a birth date or a licence number.

Lines are JSON, or words and colours for somebody who sits at a terminal. Logging neither raises nor waits: lines go
through the queues of `log_queue`, whatever their reader or disk does. The library that renders them is imported with
the first line: most commands log none.
"""

from __future__ import annotations

import atexit
import enum
import json
import logging
import os
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec

from app.core import progress
from app.core.log_queue import QueuedStream

_CONFIGURED = threading.Event()
"""Set once lines go to standard error as configured; before, and in tests, they go where structlog sends them."""
_PEOPLE_READ = threading.Event()
"""Set once the lines of requests are for people."""
Fields = MutableMapping[str, Any]
"""An event on its way through structlog's chain."""


class LogFormat(enum.StrEnum):
    """The form of log lines."""

    AUTO = "auto"
    """For people where standard error is a terminal, JSON anywhere else."""
    HUMAN = "human"
    """For people: time of day, level, words, fields."""
    JSON = "json"
    """One JSON object a line."""


def human_logs() -> bool:
    """Whether log lines are for people: as `PARS_LOG_FORMAT` says, else where standard error is a terminal.

    The variable is read by itself: faults of the settings are told in lines, too.
    """
    asked = os.environ.get("PARS_LOG_FORMAT", "").lower()
    return asked == LogFormat.HUMAN or (asked != LogFormat.JSON and _ERRORS.isatty())


def with_colours() -> bool:
    """Whether lines for people may have colours: on a terminal that has them, unless `NO_COLOR` is set."""
    return _ERRORS.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _loss_notice(lost: int) -> str:
    """Return the log line about lines that were lost, so many since the process began."""
    if _PEOPLE_READ.is_set():
        return f"{datetime.now().astimezone():%H:%M:%S} log lines were lost: {lost}"
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"event": "log lines were lost", "lost": lost, "level": "warning", "timestamp": moment})


_ERRORS = QueuedStream(2, _loss_notice)
_OUTPUT = QueuedStream(1)
_STREAMS = {"stderr": _ERRORS, "stdout": _OUTPUT}


def count_lost_lines() -> Mapping[str, int]:
    """Return how many lines were not written, by stream, since the process began."""
    return {name: stream.lost for name, stream in _STREAMS.items()}


class _QueueLogger:
    """The end of structlog's chain: a rendered line goes into the queue."""

    def _write(self, line: str) -> None:
        _ERRORS.write(f"{_over_progress()}{line}\n")

    debug = info = warning = error = critical = exception = msg = _write


def _over_progress() -> str:
    """Return what takes a bar away that stands where the line is to be; it is drawn again below."""
    return "\r\x1b[2K" if progress.is_shown() else ""


class _Log:
    """Structlog's logger, imported when something is first logged."""

    def __getattr__(self, name: str) -> Any:
        import structlog

        if _CONFIGURED.is_set() and not structlog.is_configured():
            _configure_structlog()
        return getattr(structlog.get_logger(), name)


log: Any = _Log()


def _bound_logger(level: int) -> type[Any]:
    import structlog

    filtering: type[Any] = structlog.make_filtering_bound_logger(level)

    class _BoundLogger(filtering):  # type: ignore[misc]
        """A bound logger that never raises: what cannot be rendered is counted as lost."""

        def _proxy_to_logger(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return super()._proxy_to_logger(*args, **kwargs)
            except Exception:
                _ERRORS.lose(1)

    return _BoundLogger


def _renderer() -> Callable[..., Any]:
    """Return what makes a line of an event."""
    import structlog

    if not human_logs():
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=with_colours(), pad_event_to=0)


def _stamp() -> Callable[..., Any]:
    """Return what adds the time: of the day here for people, of UTC for programs."""
    import structlog

    if human_logs():
        return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    return structlog.processors.TimeStamper(fmt="iso", utc=True)


def _configure_structlog() -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _stamp(),
            _renderer(),
        ],
        wrapper_class=_bound_logger(logging.INFO),
        logger_factory=lambda *_: _QueueLogger(),
        cache_logger_on_first_use=True,
    )


class _LibraryLine(logging.Formatter):
    """Makes a line of what a library logs, as of our own events."""

    _inner: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        if self._inner is None:
            import structlog

            self._inner = structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[structlog.processors.add_log_level, _without_messages, _stamp()],
                processor=_renderer(),
            )
        return self._inner.format(record)


def configure_logging() -> None:
    """Send every log line, our own and the libraries', to standard error, and flush at the end."""
    _open_standard_descriptors()
    _CONFIGURED.set()
    if human_logs():
        _PEOPLE_READ.set()
    handler = logging.StreamHandler(cast("TextIO", _ERRORS))
    handler.setFormatter(_LibraryLine())
    # A line that cannot be formatted is nobody's fault but ours: its traceback would hold what it was about.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    atexit.register(drain_logs)


def queue_standard_streams() -> None:
    """Queue all that this process prints, so that no reader of its output can hold it up or end it.

    That is for processes that keep running. What Python itself reports (an error in a thread or finaliser, a warning)
    becomes a log line without its message.
    """
    sys.stdout, sys.stderr = cast("TextIO", _OUTPUT), cast("TextIO", _ERRORS)
    threading.excepthook = lambda args: log.error(
        "thread failed", thread=args.thread.name if args.thread else None, **_fields_of(args.exc_value)
    )
    sys.unraisablehook = lambda args: log.error("error ignored", **_fields_of(args.exc_value))

    warnings.showwarning = _log_warning


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("warning", category=category.__name__, at=f"{Path(filename).name}:{lineno}")


def drain_logs() -> None:
    """Wait until what was logged and printed is written, for a moment at most: the end of a process never hangs."""
    for stream in (_OUTPUT, _ERRORS):
        stream.drain()


class _RequestLine(msgspec.Struct):
    """The log line of a request: its values are kept as they are, until the thread that writes it makes a text."""

    method: str
    route: str
    status: int
    ms: float
    request_id: str
    client_id: str | None
    event: str
    level: str
    timestamp: Any

    def __str__(self) -> str:
        """Return the line."""
        self.ms = round(self.ms, 2)
        if _PEOPLE_READ.is_set():
            time_of_day = datetime.fromtimestamp(self.timestamp).astimezone()
            return (
                f"{time_of_day:%H:%M:%S} {self.method} {self.route} {self.status} in {self.ms:.1f} ms "
                f"client_id={self.client_id or '-'} request_id={self.request_id}\n"
            )
        self.timestamp = datetime.fromtimestamp(self.timestamp, UTC)
        return _encode(self).decode() + "\n"


_encode = msgspec.json.Encoder().encode


def log_request(method: str, route: str, status: int, seconds: float, request_id: str, client_id: str | None) -> None:
    """Log one request, in a third of a microsecond: there is a line for each."""
    if _CONFIGURED.is_set():
        _ERRORS.put(
            _RequestLine(method, route, status, seconds * 1000, request_id, client_id, "request", "info", time.time())
        )
        return
    log.info(
        "request", method=method, route=route, status=status, ms=round(seconds * 1000, 2), request_id=request_id,
        client_id=client_id,
    )  # fmt: skip


def error_fields(error: BaseException) -> dict[str, object]:
    """Return what may be logged about an error: its class and its innermost stack frames.

    Its message stays out: libraries put statements, parameters and input there, and those hold personal data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "at": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-12:]]}


def _fields_of(error: BaseException | None) -> dict[str, object]:
    return error_fields(error) if error is not None else {}


def _without_messages(_logger: object, _method: str, entry: Fields) -> Fields:
    """Log only class and stack frames where a library logged an error with its message."""
    error = entry.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if not isinstance(error, BaseException):
        return entry
    # asyncio adds lines about what failed, with the error's message in them.
    event = str(entry.get("event", "")).partition("\n")[0]
    return {**entry, "event": event, **error_fields(error)}


def _open_standard_descriptors() -> None:
    """Open those of the three standard descriptors that are closed: else a file opened later would get their number.

    What is logged would then be written into that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
