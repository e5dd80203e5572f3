"""`load`: from files and environment to one frozen object, or to one error with every problem in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from helix_core.config import TradingMode
from helix_core.errors import ConfigError, HelixError
from helix_core.settings.model import Settings
from helix_core.settings.names import Names
from helix_core.settings.required import missing
from helix_core.settings.showing import BOOKKEEPING
from helix_core.settings.sorting import SECRET_FIELDS, sort
from helix_core.settings.sources import Found, open_to_others, read_layers
from helix_core.settings.words import is_empty, read_mode, read_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from helix_core.settings.sources import Drafts, Layer

    ModesOf = Callable[[str], Collection[TradingMode]]

_FIELDS = tuple(field for field in Settings.model_fields if field not in BOOKKEEPING)
_REQUIRED = frozenset({"active_exchange", "webhook_secrets"})
_NEVER_QUOTED = SECRET_FIELDS | {
    "audit_log_path",
    "database_url",
    "exchange_base_url",
    "exchange_ws_url",
    "live_confirmation",
    "telegram_base_url",
    "telegram_chat_id",
    "trusted_proxies",
    "webhook_allowed_ips",
}
"""Secrets, and whatever a secret might be pasted into by mistake."""
_LONGEST_QUOTE = 40
_SHORTEST_SECRET = 8


def load(
    folder: Path,
    environ: Mapping[str, str],
    *,
    exchanges: Collection[str],
    plugins: Collection[str],
    exchange_modes: ModesOf | None = None,
    drafts: Drafts | None = None,
) -> Settings:
    """Read, check and freeze the settings of the bot that works in `folder`.

    `exchanges` and `plugins` are the names of everything installed. `exchange_modes` tells which modes an exchange
    has: an owner who names none gets testnet, or paper where the venue has no testnet. `drafts` are files of the
    folder as they will be, taken in place of those that are there.
    Raises ConfigError with every problem at once: the setting, where its value stands, what is wrong, the fix.
    """
    layers = read_layers(folder, environ, drafts)
    exchange = _active_exchange(layers)
    names = Names.known(_FIELDS, exchange, plugins)
    given = sort(layers, names, known_plugins={*plugins, *exchanges})
    problems = given.problems
    if exchange and exchange_modes:
        problems += _settle_mode(given.found, exchange, exchange_modes)
    problems += missing(given.found, names, exchanges)
    try:
        settings = Settings.model_validate(
            {field: found.value for field, found in given.found.items()}
            | {"plugin_sections": given.sections, "origins": given.origins}
            | {"warnings": (*given.warnings, *open_to_others(folder))}
        )
    except ValidationError as error:
        problems += _sentences(error, given.found, names)
    if problems:
        raise ConfigError(*(_without_secrets(problem, given.found) for problem in problems))
    return settings


def _active_exchange(layers: Sequence[Layer]) -> str | None:
    """The name that the highest layer gives, if it is one; what is wrong with it otherwise is told with the rest."""
    given = [layer.values["ACTIVE_EXCHANGE"] for layer in layers if "ACTIVE_EXCHANGE" in layer.values]
    try:
        return read_name(given[-1])
    except (IndexError, ValueError):
        return None


def _settle_mode(found: dict[str, Found], exchange: str, exchange_modes: ModesOf) -> Iterator[str]:
    """Choose the mode where the owner named none, and refuse one that the venue does not have."""
    try:
        modes = exchange_modes(exchange)
    except HelixError as error:
        yield str(error)
        return
    if "trading_mode" not in found:
        if TradingMode.TESTNET not in modes:
            found["trading_mode"] = Found(TradingMode.PAPER, f"default: {exchange} has no testnet")
        return
    try:
        mode = read_mode(found["trading_mode"].value)
    except ValueError:
        return
    if mode not in modes:
        yield (
            f"TRADING_MODE is {mode} ({found['trading_mode'].source}), which {exchange} does not have. "
            f"Set it to {' or '.join(modes)}."
        )


def _sentences(error: ValidationError, found: Mapping[str, Found], names: Names) -> Iterator[str]:
    for item in error.errors(include_url=False, include_input=False):
        field = str(item["loc"][0])
        given = found.get(field)
        if given is None or (field in _REQUIRED and is_empty(given.value)):
            continue  # told as missing
        quote = "" if field in _NEVER_QUOTED else f" is {repr(given.value)[:_LONGEST_QUOTE]}"
        yield f"{names.variable(field)}{quote} ({given.source}): {item.get('ctx', {}).get('error', item['msg'])}"


def _without_secrets(problem: str, found: Mapping[str, Found]) -> str:
    """The last net: a secret that stands in another setting as well is not quoted there either."""
    texts = [str(found[field].value) for field in SECRET_FIELDS & found.keys()]
    for secret in sorted((part.strip() for text in texts for part in text.split(",")), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            problem = problem.replace(secret, "***")
    return problem
