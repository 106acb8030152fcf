"""Logs: one JSON line an event, with ids as fields; never a name, a birth date or a licence number."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog
from structlog.typing import EventDict


def configure_logging(level: int = logging.INFO) -> None:
    """Send every log line, our own and the libraries', to standard error as JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.processors.add_log_level,
                _without_messages,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processor=structlog.processors.JSONRenderer(),
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


log = structlog.get_logger()


def error_fields(error: BaseException) -> dict[str, object]:
    """Return what may be logged about an error: its class and its innermost stack frames.

    Its message stays out: libraries put statements, parameters and input there, and those hold personal data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "at": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-12:]]}


def _without_messages(_logger: object, _method: str, entry: EventDict) -> EventDict:
    """Log only class and stack frames where a library logged an error with its message."""
    error = entry.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    return {**entry, **error_fields(error)} if isinstance(error, BaseException) else entry
