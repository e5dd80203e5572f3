"""What `helix init` writes: whole files or none, secrets for the owner's eyes only."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from itertools import count
from tempfile import mkstemp
from typing import TYPE_CHECKING

from helix_core.errors import ConfigError
from helix_core.settings.sources import SECRETS_FILE, SETTINGS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OWNER_ONLY, _ALL_MAY_READ = 0o600, 0o644
_HEADS = {
    SETTINGS_FILE: (
        "# The settings of Helix, begun by helix init. All others have their defaults; the settings.toml that comes\n"
        "# with Helix's source lists them, with what they mean. Check what applies with: helix check --settings\n"
    ),
    SECRETS_FILE: (
        "# Written by helix init. Keep this file to yourself: whoever reads it can trade with your account.\n"
        "# The same names in .env and in the environment win.\n"
    ),
}


def toml(name: str, values: Mapping[str, str]) -> str:
    """The text of one of the two files. A JSON string of printable text is a TOML string as well."""
    lines = [f"{variable} = {json.dumps(value, ensure_ascii=False)}\n" for variable, value in values.items()]
    return f"{_HEADS[name]}\n{''.join(lines)}"


def check_writable(folder: Path) -> None:
    """Raise ConfigError where nothing could be written at the end."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder} cannot be written. Change its owner, or run helix init in a folder of your own.")


def write(folder: Path, texts: Mapping[str, str], *, replace: bool) -> Path | None:
    """Put all of `texts` into `folder` at once, or none, the last one named being the last to appear.

    Overwrites nothing: with `replace` an older file of the last name is kept under the path that is returned.
    Raises ConfigError.
    """
    drafts: dict[str, Path] = {}
    made: list[Path] = []
    kept: Path | None = None
    try:
        for name, text in texts.items():
            drafts[name] = _draft(folder, name, text)
        for name, draft in drafts.items():
            path = folder / name
            if replace and path.exists():
                kept = _keep(path)
                draft.replace(path)
            else:
                path.hardlink_to(draft)  # unlike a rename, it never takes the place of a file that came meanwhile
                made.append(path)
        _sync(folder)
    except BaseException as error:
        for path in made:
            path.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise ConfigError(
            f"The files cannot be written to {folder}: {error.strerror}. Nothing was changed there."
        ) from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return kept


def _draft(folder: Path, name: str, text: str) -> Path:
    """The text on the disk, under a name of its own. `mkstemp` makes files that only their owner may read."""
    descriptor, made = mkstemp(prefix=f"{name}.", suffix=".new", dir=folder)
    path = folder / made
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(_OWNER_ONLY if name == SECRETS_FILE else _ALL_MAY_READ)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _keep(path: Path) -> Path:
    """Give the file a second name, so that it outlives the first."""
    path.chmod(_OWNER_ONLY)
    for number in count(1):
        kept = path.with_name(f"{path.name}.old{'' if number == 1 else number}")
        with suppress(FileExistsError):
            kept.hardlink_to(path)
            return kept
    raise AssertionError("the numbers never end")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
