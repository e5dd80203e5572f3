"""How a piece of somebody else's message is shown in an answer or a log: short, in quotes, escaped."""

from __future__ import annotations

import json

_LONGEST = 40


def show(text: object) -> str:
    """`text` in double quotes, at most 40 characters of it, everything but plain ASCII escaped."""
    whole = str(text)
    return json.dumps(whole if len(whole) <= _LONGEST else whole[:_LONGEST] + "...")


def name_of(key: str) -> str:
    """`key` as a field is named in an answer: the same without the quotes, and never empty."""
    return show(key)[1:-1] or "message"
