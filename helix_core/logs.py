"""The log: one stream of lines on stderr that never holds a secret and never lets a value forge a line.

Every record passes one handler on the root logger: ours, the libraries', warnings, tracebacks and uncaught exceptions.
There secrets become `***` and control characters become visible.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json as jsonlib
import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from pydantic import SecretStr
    from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "***"

_BOT_TOKEN = re.compile(r"bot\d+:[\w-]+|\b\d{6,12}:[\w-]{30,}")
_SHORTEST = 4
"""A shorter text is in every second line: masking it would hide the log and no secret."""

_SHORTEST_IN_CODE = 8
"""Encoded, a shorter one is a few letters that stand in other words as well."""

_TOKEN = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[^/\s]{8,}")
_PERCENT = re.compile(r"%[0-9A-F]{2}")

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Control characters, line breaks, terminal escapes, invisible ones, and those that reverse the writing."""

_TALKATIVE = ("aiosqlite", "apprise", "apscheduler", "ccxt", "httpcore", "httpx", "telegram", "urllib3", "websockets")


class Scrubber:
    """Replaces every secret by ***, also in the forms that a URL, a header, JSON or Python's repr gives it.

    Of a secret that is an address, such as one of Apprise's, each password and token in it is a secret as well.
    """

    def __init__(self, secrets: Iterable[SecretStr]) -> None:
        """Know the secrets. Texts of fewer than four characters are left alone."""
        whole = {part for secret in secrets for part in _parts(secret.get_secret_value()) if len(part) >= _SHORTEST}
        texts = {form for part in whole for form in _forms(part)}
        longest_first = sorted(texts, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if texts else None

    def __call__(self, text: str) -> str:
        """`text` without a secret and without anything that looks like a bot token."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        return _BOT_TOKEN.sub(MASK, text)


def _parts(secret: str) -> Iterator[str]:
    """The secret itself, and what is secret inside an address: its password, and all that looks like a token."""
    yield secret
    scheme, found, rest = secret.partition("://")
    if not found:
        return
    with contextlib.suppress(ValueError):  # no address after all
        yield urlsplit(f"{scheme}://{rest}").password or ""
    for piece in re.split(r"[/:@?&=#,]+", rest):
        if _TOKEN.fullmatch(piece):
            yield piece
            yield unquote(piece)


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, repr(secret)[1:-1], html.escape(secret))
    yield from (jsonlib.dumps(secret)[1:-1], jsonlib.dumps(secret, ensure_ascii=False)[1:-1])
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield from (quoted, _PERCENT.sub(lambda found: found[0].lower(), quoted))
    if len(secret) >= _SHORTEST_IN_CODE:
        yield from (secret.encode().hex(), secret.encode().hex().upper())
        yield from _in_base64(secret.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """What is always there of a secret that stands somewhere in something encoded, as in `Authorization: Basic`."""
    for before in range(3):
        first, last = (8 * before + 5) // 6, 8 * (before + len(secret)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + secret + bytes(2)).decode()[first:last]


def visible(text: str) -> str:
    r"""`text` with every character that could forge a line or steer a terminal written out, like \n or \x1b."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def configure(level: str, secrets: Iterable[SecretStr], *, json: bool = False) -> None:
    """Send everything from `level` upwards to stderr, scrubbed: coloured on a terminal, else key=value or JSON lines.

    Takes the place of every handler that is there; run it before anything else logs, and tell uvicorn
    `log_config=None, access_log=False`.
    """
    scrub = Scrubber(secrets)
    threshold = logging.getLevelNamesMapping()[level]
    handler = _Handler(scrub)
    handler.setFormatter(_formatter(scrub, json=json))
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(threshold)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    _silence("uvicorn.access")
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_uncaught_in_thread
    _configure_structlog()


class _Handler(logging.StreamHandler[Any]):
    """Writes to stderr, and never prints a record that could not be formatted."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__(sys.stderr)
        self._scrub = scrub

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say that a line was lost. Python's own way would print its arguments, secrets and all."""
        reason = visible(self._scrub(f"{sys.exc_info()[1]}"))
        sys.stderr.write(f"a log line of {record.name} ({record.pathname}:{record.lineno}) was lost: {reason}\n")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders a record, then scrubs the whole of it once more: nothing is written that did not pass here."""

    def __init__(self, scrub: Scrubber, **options: Any) -> None:
        super().__init__(**options)
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        return self._scrub(super().format(record))


def _formatter(scrub: Scrubber, *, json: bool) -> logging.Formatter:
    on_terminal = sys.stderr.isatty() and not json

    def safe_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        safe: EventDict = {visible(str(key)): _safe(value, scrub) for key, value in event.items()}
        if on_terminal and "exception" in event:
            safe["exception"] = _indented(scrub(str(event["exception"])))
        return safe

    renderer: Processor = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"])
    if json:
        renderer = structlog.processors.JSONRenderer()
    elif on_terminal:
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return _Formatter(
        scrub,
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, *_stamps(), structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            safe_values,
            renderer,
        ],
    )


def _safe(value: object, scrub: Scrubber) -> object:
    """Numbers stay; everything else becomes text that was scrubbed before anything was escaped."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return visible(scrub(value if isinstance(value, str) else repr(value)))


def _indented(trace: str) -> str:
    """A traceback on lines of its own, each marked as one: a message inside it cannot pass for a line of the log."""
    return "\n".join(f"    | {visible(line)}" for line in trace.splitlines())


def _stamps() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *_stamps(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _silence(name: str) -> None:
    """For uvicorn's access log: its lines hold the path, which may hold the secret. The web room counts requests."""
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.handlers[:] = [logging.NullHandler()]


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        return  # the owner knows
    logging.getLogger("helix").critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None:
        _log_uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)


def _log_unraisable(caught: sys.UnraisableHookArgs) -> None:
    if caught.exc_value is not None:
        _log_uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
