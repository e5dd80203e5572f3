"""Text from outside (a sender, a venue, a plugin) made fit to stand inside a message to the owner."""

from __future__ import annotations

import traceback
import unicodedata
from pathlib import PurePath

from helix_core.errors import HelixError

_LONGEST = 300
"""Characters of one piece; a whole message of a few pieces stays far below Telegram's 4096."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that print nothing or turn the line around: control, format (bidi), surrogate, unassigned."""


def clean(text: str, longest: int = _LONGEST) -> str:
    """One line of visible text of at most `longest` characters; whatever was cut is marked by an ellipsis.

    Control and bidirectional characters become nothing, line breaks and tabs a space.
    """
    spaced = (" " if char.isspace() else char for char in text[: 8 * longest])
    visible = "".join(char for char in spaced if unicodedata.category(char) not in _UNSEEN)
    line = " ".join(visible.split())
    return line if len(line) <= longest and len(text) <= 8 * longest else line[: longest - 1].rstrip() + "…"


def problem(error: BaseException) -> str:
    """An exception in the owner's words. A stranger's text may hold a secret, so only its type is told."""
    kind = type(error)
    if isinstance(error, HelixError):
        return f"{kind.__name__} — {clean(str(error))}"
    room = kind.__module__.partition(".")[0]
    return clean(kind.__name__ if room == "builtins" else f"{room}.{kind.__name__}")


def place(error: BaseException) -> str:
    """Where an exception was raised, for a log that may not hold its text: file and line."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
