"""Writes docs/settings.md from the code: the model has types, ranges and defaults, settings.toml the words.

A test says whether the page is up to date. A setting that no file explains is an error, and so is one in a
file that the model does not know.
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "plugins" / "helix-risk-extras" / "src")]

from pydantic import SecretStr  # noqa: E402 - the path comes first

import helix_risk_extras  # noqa: E402
from helix_core.settings.model import Settings  # noqa: E402
from helix_core.settings.names import Names  # noqa: E402
from helix_core.settings.showing import BOOKKEEPING, shown  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "settings.md"
FILES = ("settings.toml", ".secrets.toml.example")
_SECTION = re.compile(r"# -+ (.+?) -+")
_ENTRY = re.compile(r"(?:# )?([A-Z][A-Z0-9_]+) ?= ?(.*)")
_OF_A_DRIVER = re.compile(r"(?!TELEGRAM_)[A-Z]+_(API_KEY|API_SECRET|BASE_URL|WS_URL)")
_ANY_DRIVER = "exchange"
_WITHOUT_A_TYPE = {
    "webhook_secrets": "secret, or several with commas",
    "apprise_urls": "secret addresses with commas",
    "database_url": "address of a database",
}

HEAD = """\
# Settings

<!-- Written by docs/making/settings_page.py from the code. Change settings.toml or the model, then `make docs`. -->

Four places, of which a later one wins: `settings.toml`, `.secrets.toml`, `.env`, and the environment, always in the
folder in which `helix` is started. Names are the same everywhere, without a prefix. A name that is not known is an
error that says which one was meant; `helix check` tells all problems at once. Secrets belong into `.secrets.toml` or
`.env`, both with mode 600. `helix init` asks for what is needed and writes the files.

Percentages are percent: 1.0 is one hundredth. Money is in the quote coin of the pair. Both are read as exact numbers;
in TOML put them in quotes. A setting that is changed counts from the next start on, and stands in the audit log.

`<EXCHANGE>_` stands for the active driver's name in capitals, such as `BINANCE_`. Those of other drivers are not read.
"""

PLUGINS = """\
## Plugins' own

A plugin reads the variables that begin with its name, and in `settings.toml` the section `[plugins.its-name]`. Its page
says which. Those of [helix-risk-extras](../plugins/helix-risk-extras/README.md):

| setting | the check that it switches on |
| --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a file says of one setting: under which heading, and in which words."""

    section: str
    words: str


def told(text: str, section: str) -> Iterator[tuple[str, Told]]:
    """Every setting of a TOML file with the comment above it; several below one comment share it."""
    comment: list[str] = []
    was_entry = False
    for line in text.splitlines():
        heading, entry = _SECTION.fullmatch(line), _ENTRY.fullmatch(line)
        if heading:
            section, comment = heading[1], []
        elif entry:
            yield entry[1], Told(section, " ".join(comment))
        elif line.startswith("#"):
            comment = [*([] if was_entry else comment), line.removeprefix("#").strip()]
        elif not line.strip():
            comment = []
        was_entry = bool(entry)


def kind(field: str) -> str:
    """What may be written, with its range where it has one."""
    if field in _WITHOUT_A_TYPE:
        return _WITHOUT_A_TYPE[field]
    info = Settings.model_fields[field]
    types = [given for given in (info.annotation, *get_args(info.annotation)) if given is not type(None)]
    if SecretStr in types:
        return "secret"
    words = [choices(given) for given in types if isinstance(given, type) and issubclass(given, Enum)]
    if words:
        return words[0]
    names = {"Decimal": "number", "int": "whole number", "bool": "true or false", "Path": "file"}
    word = names.get(getattr(types[0], "__name__", ""), "text")
    if "IPv4Network" in str(info.annotation):
        word = "addresses with commas"
    return word + limits(info.metadata)


def choices(enum: type[Enum]) -> str:
    """The words of an enumeration."""
    return ", ".join(f"`{one.value}`" for one in enum)


def limits(metadata: list[Any]) -> str:
    """The range that a number's reader keeps to, from the reader itself."""
    for reader in metadata:
        bounds = inspect.getclosurevars(inspect.unwrap(reader.func)).nonlocals if hasattr(reader, "func") else {}
        low, high = bounds.get("least", bounds.get("low")), bounds.get("most", bounds.get("high"))
        if low is not None and high is not None:
            return f", {low:f} to {high:f}" if isinstance(low, Decimal) else f", {low} to {high}"
    return ""


def default(field: str) -> str:
    """What holds where nothing is set."""
    info = Settings.model_fields[field]
    if info.is_required():
        return "**must be set**"
    value = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
    value = value.value if isinstance(value, Enum) else value
    text = shown(value)
    return "–" if text == "not set" else f"`{text}`"


def page() -> str:
    """The whole page. Raises ValueError when the files and the model do not know the same settings."""
    fields = [field for field in Settings.model_fields if field not in BOOKKEEPING]
    names = Names.known(fields, _ANY_DRIVER, ())
    found: dict[str, Told] = {}
    for name, section in zip(FILES, ("", "Secrets"), strict=True):
        for variable, words in told((ROOT / name).read_text("utf-8"), section):
            driver = _OF_A_DRIVER.fullmatch(variable)
            found.setdefault(f"EXCHANGE_{driver[1]}" if driver else variable, words)
    if found.keys() != names.variables.keys():
        odd = sorted(found.keys() ^ names.variables.keys())
        raise ValueError(f"explained in a file or known to the model, but not both: {', '.join(odd)}")
    parts, section = [HEAD], None
    for variable, words in found.items():
        if words.section != section:
            section = words.section
            parts.append(f"\n## {section}\n\n| setting | takes | default | meaning |\n| --- | --- | --- | --- |\n")
        field = names.variables[variable]
        shown_name = re.sub(r"^EXCHANGE_", "<EXCHANGE>_", variable)
        meaning = words.words.replace("|", "\\|").replace("<secret>", "`secret`")
        parts.append(f"| `{shown_name}` | {kind(field)} | {default(field)} | {meaning} |\n")
    parts += ["\n", PLUGINS, *(f"| `{name}` | {words} |\n" for name, words in extras())]
    return "".join(parts)


def extras() -> Iterator[tuple[str, str]]:
    """The settings of helix-risk-extras, in its checks' own words."""
    for check in helix_risk_extras._CHECKS:  # noqa: SLF001 - the page is about what is inside
        words = " ".join((check.__doc__ or "").partition("\n\n")[0].split())
        yield f"RISK_EXTRAS_{check.setting.upper()}", words


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
