"""Templates filled in and written down: all of them or none, and never over anything."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.cli.new.kind import Kind
    from helix_core.cli.new.naming import Naming

_SUFFIX = ".tmpl"
_COMMON = "common"


def write(kind: Kind, naming: Naming, folder: Path) -> Path:
    """Write the repository into a new folder inside `folder`, and return its path.

    Raises ConfigError when something of that name is there already, or it cannot be written; then nothing stays.
    """
    place = folder / naming.distribution
    contents = dict(_filled(_COMMON, naming.words)) | dict(_filled(kind.value, naming.words))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place.mkdir()
    except FileExistsError:
        raise ConfigError(
            f"{place} is there already, and nothing is ever overwritten. Choose another name, or another --folder."
        ) from None
    except OSError as error:
        raise ConfigError(f"{place} cannot be made: {error.strerror}. Choose another --folder.") from None
    try:
        for path, text in contents.items():
            file = place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise ConfigError(f"{place} cannot be written: {error.strerror}. Choose another --folder.") from None
    return place


def _filled(templates: str, words: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Path inside the repository and text of each file: both are templates.

    The tests' file names are put together here, so that nobody takes them for tests of Helix itself.
    """
    names = {**words, "test": "test", "fixtures": "conftest"}
    with as_file(files(__package__) / "templates" / templates) as root:
        for file in sorted(path for path in root.rglob(f"*{_SUFFIX}") if path.is_file()):
            path = Template(str(file.relative_to(root))).substitute(names)
            yield Path(path.removesuffix(_SUFFIX)), Template(file.read_text(encoding="utf-8")).substitute(words)
