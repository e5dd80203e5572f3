"""Where settings come from: two TOML files, `.env` and the environment, each as one layer.

dynaconf reads the TOML files. Its own loaders are left out, because variables such as ENVIRONMENTS_FOR_DYNACONF and
files such as `settings.local.toml` or `dynaconf_hooks.py` would change what is read, and because it turns environment
text into TOML: a key of digits would become a number.
"""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dynaconf import Dynaconf  # type: ignore[attr-defined] # dynaconf ships no types
from dynaconf.loaders import toml_loader  # type: ignore[import-untyped] # likewise
from dynaconf.vendor.dotenv.parser import parse_stream as untyped_parse_stream

from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Drafts = Mapping[str, Mapping[str, object]]

SETTINGS_FILE = "settings.toml"
SECRETS_FILE = ".secrets.toml"
DOTENV_FILE = ".env"
ENVIRONMENT = "the environment"

_parse_stream: Callable[[io.StringIO], Iterator[Any]] = untyped_parse_stream
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Layer:
    """All values of one source. A file belongs to Helix, so an unknown name in it is an error."""

    source: str
    values: Mapping[str, object] = field(repr=False)

    @property
    def is_file(self) -> bool:
        """False for the environment, which Helix shares with every other program."""
        return self.source != ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Found:
    """One value and where it stood."""

    value: object = field(repr=False)
    source: str


def read_layers(folder: Path, environ: Mapping[str, str], drafts: Drafts | None = None) -> tuple[Layer, ...]:
    """Read all sources; a later layer wins. Raises ConfigError naming every file and line that cannot be read.

    Of a file in `drafts` these values are taken, whatever the file on the disk holds.
    """
    layers: list[Layer] = []
    problems: list[str] = []
    for name, read in ((SETTINGS_FILE, _read_toml), (SECRETS_FILE, _read_toml), (DOTENV_FILE, _read_dotenv)):
        path = folder / name
        if drafts and name in drafts:
            layers.append(Layer(name, drafts[name]))
            continue
        if not path.exists():
            continue
        try:
            layers.append(Layer(name, read(path)))
        except ConfigError as error:
            problems.extend(error.problems)
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}. Make it a file that Helix's user may read.")
    if problems:
        raise ConfigError(*problems)
    return (*layers, Layer(ENVIRONMENT, dict(environ)))


def open_to_others(folder: Path) -> Iterator[str]:
    """Warn of each file with secrets that other users of this machine may read."""
    for name in (SECRETS_FILE, DOTENV_FILE):
        path = folder / name
        if path.exists() and path.stat().st_mode & _OTHERS_MAY:
            yield f"{name} can be read by other users of this machine. Run: chmod 600 {name}"


def _read_toml(path: Path) -> dict[str, object]:
    """Top-level names come back in upper case, values as they stand."""
    path.read_bytes()  # dynaconf skips a file it may not read; Helix must not
    reader: Any = Dynaconf(
        dynaconf_skip_loaders=True,  # no environment, no other files, no hooks
        envvar="HELIX_READS_NO_SETTINGS_FILE_VARIABLE",
        auto_cast=False,  # "@read_file ..." is text like any other
        dotted_lookup=False,
        nested_separator=None,
        settings_files=[],
    )
    before = set(reader.as_dict())
    try:
        toml_loader.load(reader, env="_envless", silent=False, filename=str(path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from error
    except ValueError as error:
        problem = (
            f"{path.name} is not valid TOML: {error}. Text stands in quotes, and a name may stand there only once."
        )
        raise ConfigError(problem) from None  # the parser's error holds the whole file
    return {name: value for name, value in reader.as_dict().items() if name not in before}


def _read_dotenv(path: Path) -> dict[str, object]:
    try:
        return parse_dotenv(path.read_text(encoding="utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from error


def parse_dotenv(text: str, name: str) -> dict[str, object]:
    """`NAME=text` lines; the text is taken as it stands, without expanding `${...}` inside a secret.

    `name` is what the text is called in the ConfigError that tells which lines cannot be read.
    """
    values: dict[str, object] = {}
    problems: list[str] = []
    for binding in _parse_stream(io.StringIO(text)):
        line = binding.original.line + _blank_lines_before(binding.original.string)
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{name}, line {line}: not of the form NAME=value. Mend the line or delete it.")
        elif binding.key in values:
            problems.append(f"{name}, line {line}: {binding.key} is set a second time. Delete one of the two.")
        elif binding.key is not None:
            values[binding.key] = binding.value
    if problems:
        raise ConfigError(*problems)
    return values


def _blank_lines_before(statement: str) -> int:
    """The parser counts the blank lines above a statement as part of it."""
    return len(statement[: len(statement) - len(statement.lstrip())].splitlines())
