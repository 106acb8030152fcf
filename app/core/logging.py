"""Logs: one JSON line an event, with ids as fields; never a name, a birth date or a licence number.

Logging neither raises nor waits: lines go through the queues of `log_queue`, whatever their reader or disk does.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec
import structlog
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector
from structlog.typing import EventDict

from app.core.log_queue import QueuedStream

_CONFIGURED = threading.Event()
"""Set once lines are JSON and go to standard error; before, and in tests, they go where structlog sends them."""
_RENDERER = structlog.processors.JSONRenderer()


def _loss_notice(lost: int) -> str:
    """Return the log line about lines that were lost, so many since the process began."""
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"event": "log lines were lost", "lost": lost, "level": "warning", "timestamp": moment})


_ERRORS = QueuedStream(2, _loss_notice)
_OUTPUT = QueuedStream(1)
_STREAMS = {"stderr": _ERRORS, "stdout": _OUTPUT}


class _LostLines(Collector):
    """The metric of lines that were not written."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counts of both streams."""
        metric = CounterMetricFamily(
            "pars_log_lines_lost", "Lines that could not be written, or did not fit.", labels=["stream"]
        )
        for name, stream in _STREAMS.items():
            metric.add_metric([name], stream.lost)
        yield metric


REGISTRY.register(_LostLines())


class _QueueLogger:
    """The end of structlog's chain: a rendered line goes into the queue."""

    def _write(self, line: str) -> None:
        _ERRORS.write(f"{line}\n")

    debug = info = warning = error = critical = exception = msg = _write


def _bound_logger(level: int) -> type[Any]:
    filtering: type[Any] = structlog.make_filtering_bound_logger(level)

    class _BoundLogger(filtering):  # type: ignore[misc]
        """A bound logger that never raises: what cannot be rendered is counted as lost."""

        def _proxy_to_logger(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return super()._proxy_to_logger(*args, **kwargs)
            except Exception:
                _ERRORS.lose(1)

    return _BoundLogger


def configure_logging() -> None:
    """Send every log line, our own and the libraries', to standard error as JSON, and flush at the end."""
    _open_standard_descriptors()
    _CONFIGURED.set()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _RENDERER,
        ],
        wrapper_class=_bound_logger(logging.INFO),
        logger_factory=lambda *_: _QueueLogger(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(cast("TextIO", _ERRORS))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.processors.add_log_level,
                _without_messages,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processor=_RENDERER,
        )
    )
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


log = structlog.get_logger()


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


def _without_messages(_logger: object, _method: str, entry: EventDict) -> EventDict:
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
