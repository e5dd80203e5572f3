"""The first part: exchange, mode, pair and key, tried at the venue as `helix check` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from helix_core.cli import check
from helix_core.cli.init.interview import Asked
from helix_core.cli.speaking import console
from helix_core.clock import SystemClock
from helix_core.config import TradingMode
from helix_core.errors import ConfigError, ExchangeError
from helix_core.plugins import exchange_modes, installed_exchanges, keyless_client
from helix_core.plugins.exchanges import new_client
from helix_core.settings import Settings
from helix_core.settings.names import prefix_of

if TYPE_CHECKING:
    from asyncio import Runner

    from helix_core.cli.check import Finding
    from helix_core.cli.init.draft import Draft
    from helix_core.cli.init.interview import Interview
    from helix_core.contracts.exchange import ExchangeClient

_MODES = {
    TradingMode.TESTNET: "the exchange's test environment, play money",
    TradingMode.PAPER: "real prices, simulated orders, no key needed",
    TradingMode.LIVE: "real money",
}
_MUST_BE_RIGHT = ("venue", "pair", "key")
_PAIR = "TRADING_PAIR"


class Trading:
    """Where Helix will trade, and with which key. `holds_coins` once the account was seen to have some."""

    def __init__(self, interview: Interview, runner: Runner) -> None:
        """Ask through `interview`."""
        self._interview, self._draft, self._runner = interview, interview.draft, runner
        self._keys: tuple[Asked, ...] = ()
        self.holds_coins = False

    def ask(self) -> None:
        """Take all answers. Raises ConfigError where one is wrong, or settings that are there already are."""
        client = self._exchange()
        mode = self._mode(client)
        self._interview.take(_pair(self._draft))
        self._draft.adopt_addresses(client.name)
        keys = _keys(client, mode)
        others = [problem for problem in self._draft.problems() if not problem.startswith(_variables(keys))]
        if others:
            raise ConfigError(*others)
        for asked in keys:
            self._interview.take(asked)
        self._keys = keys

    def prove(self) -> None:
        """Try it at the venue until venue, pair and key are as they must be. Raises ExchangeError or ConfigError."""
        while True:
            console.print()
            findings = self._runner.run(self._look(self._draft.settings()))
            wrong = [each for each in findings if each.what in _MUST_BE_RIGHT and each.fix and not each.warning]
            if not wrong:
                self.holds_coins = any(each.what == "coins" for each in findings)
                return
            if not self._interview.asks:
                raise ExchangeError(f"The {wrong[0].what} is not as it must be; see above.")
            console.print()
            self._mend(wrong[0])

    def _mend(self, wrong: Finding) -> None:
        if wrong.what == "pair":
            self._interview.retake(_pair(self._draft))
        elif wrong.what == "key" and self._keys:
            self._interview.retake(*self._keys)
        elif not self._interview.confirm("Try again?", default=True):
            raise typer.Abort

    async def _look(self, settings: Settings) -> list[Finding]:
        from helix_core.app import World, exchange_config  # noqa: PLC0415 - so that the first question comes sooner

        findings = []
        async for finding in check.venue(new_client(exchange_config(settings, World())), settings):
            finding.print()
            findings.append(finding)
        return findings

    def _exchange(self) -> ExchangeClient:
        installed = installed_exchanges()
        if not installed:
            raise ConfigError("No exchange driver is installed. Install one: pip install helix-NAME, as its page says.")
        chosen = self._interview.take(
            Asked(
                variable="ACTIVE_EXCHANGE",
                words="Exchange",
                where="Where shall Helix trade? Other exchanges: pip install helix-NAME.",
                flag="--exchange",
                default=self._draft.default("ACTIVE_EXCHANGE") or (installed[0] if len(installed) == 1 else None),
                choices=dict.fromkeys(installed, ""),
            )
        )
        self._interview.raise_missing()
        return keyless_client(str(chosen).lower(), SystemClock())

    def _mode(self, client: ExchangeClient) -> TradingMode:
        modes = exchange_modes(client.name, SystemClock())
        chosen = self._interview.take(
            Asked(
                variable="TRADING_MODE",
                words="Mode",
                where=f"How? {client.label} has these modes; the first is the place to begin.",
                flag="--mode",
                default=self._draft.default("TRADING_MODE") or modes[0].value,
                choices={mode.value: _MODES[mode] for mode in modes},
            )
        )
        return TradingMode(str(chosen).lower())


def _pair(draft: Draft) -> Asked:
    usual = str(Settings.model_fields["trading_pair"].default)
    return Asked(
        variable=_PAIR,
        words="Pair",
        where="Which pair? Base and quote with a slash; one bot trades one pair.",
        flag="--pair",
        default=draft.default(_PAIR) or usual,
    )


def _keys(client: ExchangeClient, mode: TradingMode) -> tuple[Asked, ...]:
    """Key and secret; none on paper. They are typed without an echo."""
    if mode is TradingMode.PAPER:
        return ()
    advice = client.key_advice.get(mode) or f"Make one at {client.label} that can read and trade, and nothing else."
    prefix = prefix_of(client.name)
    return (
        Asked(variable=f"{prefix}_API_KEY", words="API key (not shown)", where=advice),
        Asked(variable=f"{prefix}_API_SECRET", words="API secret (not shown)"),
    )


def _variables(keys: tuple[Asked, ...]) -> tuple[str, ...]:
    return tuple(asked.variable for asked in keys)
