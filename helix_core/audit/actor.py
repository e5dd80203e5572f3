"""Who did it, for the record."""

from __future__ import annotations

import getpass
import os


def actor(command: str) -> str:
    """Who runs this command: `helix resume (anna)`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"user {os.getuid()}"
    return f"{command} ({name})"
