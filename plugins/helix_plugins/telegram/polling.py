"""Requests to the Bot API, with every wait bounded, and answers that nobody can make unreadable for us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

if TYPE_CHECKING:
    import ssl

_TIMEOUT_S = 10.0


def request(context: ssl.SSLContext) -> HTTPXRequest:
    """One connection for calls."""
    return HTTPXRequest(**_bounds(context))


def polling(context: ssl.SSLContext) -> HTTPXRequest:
    """One connection for polling, which waits long and must hold up nothing else."""
    return _Polling(**_bounds(context))


class _Polling(HTTPXRequest):
    """Takes out of an answer what the library cannot read.

    A stranger can send a message of a kind that is newer than the library. It fails on that and on all that comes with
    it, each time anew, until somebody confirms that one update: so it is emptied here, and then confirmed as any other.
    """

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer. Raises TelegramError where it is none, and logs nothing of it: strangers wrote in it."""
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or ("result" not in answer and answer.get("ok") is not False):
            message = "Invalid server response"
            raise TelegramError(message)
        found = answer.get("result")
        if isinstance(found, list):
            answer["result"] = [_readable(each) for each in found if _has_number(each)]
        return answer


def _has_number(update: object) -> bool:
    return isinstance(update, dict) and isinstance(update.get("update_id"), int)


def _readable(update: dict[str, Any]) -> dict[str, Any]:
    """The update, or only its number where the library cannot read the rest."""
    try:
        Update.de_json(update, None)
    except Exception:  # noqa: BLE001 - whatever the library makes of it, it is unreadable
        return {"update_id": update["update_id"]}
    return update


def _bounds(context: ssl.SSLContext) -> dict[str, Any]:
    return {
        "connection_pool_size": 1,
        "connect_timeout": _TIMEOUT_S,
        "read_timeout": _TIMEOUT_S,
        "write_timeout": _TIMEOUT_S,
        "pool_timeout": _TIMEOUT_S,
        "httpx_kwargs": {"verify": context},
    }
