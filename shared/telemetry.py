"""Structured logs that cannot carry patient text.

    configure_logging("extract", "INFO")
    log = get_logger()
    log.info("note answered", document_id=note.document_id, questions=23)

The event is a constant sentence; whatever varies goes into fields. A text value is written only
where its field's name is known to hold ids, codes or addresses (`SAFE_FIELDS`, or a name that
ends in `_id` or `_url`); numbers and flags are written under any name except those in
`PATIENT_FIELDS`. Everything else becomes "[withheld]". Exceptions are written as type, safe
message and the places they came through: never local variables, never source values.

Start uvicorn with `log_config=None`, so that its logs come this way too.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic import ValidationError
from structlog.typing import EventDict, Processor, WrappedLogger

WITHHELD = "[withheld]"

# fmt: off
SAFE_FIELDS = frozenset({
    "action", "attachment", "bus", "code", "codes", "content_type", "criteria", "criterion",
    "database", "document", "documents", "engine", "error", "event", "field", "folder", "format",
    "group", "host", "id", "ids", "interaction", "kind", "level", "location", "logger", "method",
    "model", "path", "places", "questions", "reason", "resource_type", "service", "source",
    "standing", "state", "status", "student", "studies", "study", "task", "timestamp", "topic",
    "trigger", "type", "unit", "url", "version", "where", "worker",
})
PATIENT_FIELDS = frozenset({
    "address", "answer", "birth_date", "body", "content", "data", "detail", "diagnostics",
    "explanation", "name", "note", "number", "query", "quote", "resource", "text", "value",
})
# fmt: on

_QUIET = {
    "httpx": logging.WARNING,  # INFO lines hold search URLs, and those hold patients
    "httpcore": logging.WARNING,
    "uvicorn.access": logging.WARNING,
}


def configure_logging(service: str, level: str = "INFO", *, json: bool | None = None) -> None:
    """Sends all logs of this process to stderr: JSON lines, or readable lines on a terminal.

    json: None decides by whether stderr is a terminal. Raises ValueError on an unknown level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"unknown log level {level!r}; one of DEBUG, INFO, WARNING, ERROR")
    as_json = not sys.stderr.isatty() if json is None else json

    def name_service(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
        fields.setdefault("service", service)
        return fields

    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
        describe_exception,
        withhold_patient_text,
    ]
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[name_third_party, *first],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            use_get_message=False,
            pass_foreign_args=True,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.NOTSET)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, number))


def get_logger() -> structlog.stdlib.BoundLogger:
    """The log of this process."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("chartsift")
    return logger


def describe(error: BaseException) -> str:
    """The error in words that hold no patient text, for logs and dead-letter reasons.

    Messages of ChartSift's own exceptions are safe by rule. A validation error gives the places
    and kinds of its faults, an operating system error its meaning, any other its type alone:
    libraries like to quote the values that they choked on.
    """
    kind = type(error)
    if isinstance(error, ValidationError):
        faults = [
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['type']}"
            for fault in error.errors(include_input=False, include_url=False)
            if fault["type"] != "extra_forbidden"
        ]
        return f"{kind.__name__}({error.title}: {error.error_count()} faults; {faults[:3]})"
    if kind.__module__.split(".")[0] in {"shared", "services", "training"}:
        return f"{kind.__name__}: {error}" if str(error) else kind.__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{kind.__name__}: {error.strerror}"
    return kind.__name__


def describe_exception(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Processor: `exc_info` becomes the fields `error` and `where`."""
    info = fields.pop("exc_info", None)
    fields.pop("stack_info", None)
    error = sys.exception() if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        fields["error"] = describe(error)
        fields["where"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return fields


def name_third_party(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Processor for logs of libraries. Only uvicorn's sentences are written whole; of others
    the template without its values, and nothing where a sentence was put together beforehand
    (asyncio's hold the text of exceptions)."""
    template, values = str(fields["event"]), fields.pop("positional_args", ())
    fields["logger"] = fields["_record"].name
    if fields["logger"].split(".")[0] == "uvicorn":
        fields["event"] = (template % values if values else template).strip()
    else:
        fields["event"] = template if values else f"message of a library {WITHHELD}"
    return fields


def withhold_patient_text(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Processor: see the module."""
    return {
        name: value
        if name == "event" or isinstance(value, logging.LogRecord)
        else _safe(name, value)
        for name, value in fields.items()
    }


def _safe(name: str, value: Any) -> Any:
    if name not in PATIENT_FIELDS and (value is None or isinstance(value, bool | int | float)):
        return value
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, Mapping):
        return {str(key): _safe(str(key), inner) for key, inner in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [_safe(name, inner) for inner in value]
    known = name in SAFE_FIELDS or name.endswith(("_id", "_ids", "_url"))
    if name in PATIENT_FIELDS or not known or isinstance(value, bytes):
        return WITHHELD
    words = str(value)
    return words.split("?", 1)[0] if "://" in words else words
