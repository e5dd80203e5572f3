"""A plan: what a seed says shall happen, as plain data. It prints, replays, and shrinks by leaving acts out.

Swarm style: every seed turns on a random part of all that can go wrong, so that a rare trouble is not drowned by the
frequent ones; one seed in ten is calm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random  # noqa: TID251 - the seed is the seam: all chance comes from it
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sim import acts, humans, odds, troubles
from helix_core.sim.clock import EPOCH
from helix_core.sim.strikes import StrikeKind
from helix_core.sim.troubles import Aim
from helix_core.sim.ways import is_asked_seldom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.sim.acts import Act

ROUNDS = {1: 10, 2: 30, 3: 35, 4: 25}
"""How many rounds a seed has, and in how many of a hundred: short plans tell as much, and long ones what adds up."""
_UNHURRIED = 6.0
"""A venue that counts questions strictly is traded more slowly, as any strategy would: alerts come minutes apart."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that will happen in one run.

    `acts` in the order of their times; `jitter_s` spreads the wire's delay, `coins_before` lie in the account.
    """

    seed: int
    exchange: str
    style: str
    acts: tuple[Act, ...]
    features: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    epoch: datetime = EPOCH
    jitter_s: float = 0.0
    coins_before: Decimal = Decimal(0)

    @classmethod
    def of(cls, seed: int, exchange: str, style: str = "market") -> Plan:
        """What this seed says, the same for ever. `style` is "market" or "atomic"."""
        return _Writer(seed, exchange, style).write()

    def chance(self) -> Random:
        """Chance for what is drawn while the plan is played."""
        return Random(f"wire {self.exchange} {self.style} {self.seed}")  # noqa: S311 - not for secrets

    def without(self, *places: int) -> Plan:
        """The plan with some of its acts left out, by their places."""
        return replace(self, acts=tuple(act for place, act in enumerate(self.acts) if place not in places))

    def only(self, *places: int) -> Plan:
        """The plan with these of its acts, by their places, and no others."""
        return replace(self, acts=tuple(self.acts[place] for place in places))

    @property
    def is_calm(self) -> bool:
        """Whether nothing in it explains a halt, as long as no request is struck and nobody interferes."""
        return odds.SETTLED.issuperset(self.features)

    @property
    def alerts(self) -> int:
        """How many alerts are posted."""
        return sum(isinstance(act, acts.Alert) for act in self.acts)

    def __str__(self) -> str:
        """One act a line."""
        head = f"seed {self.seed} {self.exchange} {self.style}: {', '.join(self.features) or 'calm'}"
        with_ = f"  settings {dict(self.settings)} begins {self.epoch:%H:%M:%S} coins before {self.coins_before}"
        return "\n".join((head, with_, *(f"  {act}" for act in self.acts)))


class _Writer:
    """Writes one plan. Every draw comes from the seed, in a fixed order."""

    def __init__(self, seed: int, exchange: str, style: str) -> None:
        self._seed, self._exchange, self._style = seed, exchange, style
        self._chance = Random(f"helix {exchange} {style} {seed}")  # noqa: S311 - not for secrets
        self._acts: list[Act] = []
        self._last_s = 0.0
        self._tempo = _UNHURRIED if is_asked_seldom(exchange) else 1.0
        calm = self._chance.random() < 0.1  # noqa: PLR2004 - a tenth
        self._on = {name for name, part in odds.SWARM.items() if self._chance.random() < part and not calm}
        self._rounds = self._chance.choices(tuple(ROUNDS), tuple(ROUNDS.values()))[0]

    def write(self) -> Plan:
        """Write it."""
        at_s = 2.0
        if self._chance.random() < 0.3:  # noqa: PLR2004 - boot itself is struck in some seeds
            self._trouble(0.01)
        if "thin" in self._on:
            self._add(self._thin_book())
        for number in range(self._rounds):
            at_s = self._round(number, at_s)
        owned = Decimal("0.5") if "baseline" in self._on else Decimal(0)
        if owned:
            self._add(acts.OwnerAcceptsBaseline(at_s=1.5))
        epoch = EPOCH
        if "midnight" in self._on:
            epoch = EPOCH.replace(hour=0) + timedelta(days=1, seconds=-self._chance.uniform(1, at_s))
        settings: Mapping[str, str] = {} if "tight" in self._on else odds.LOOSE
        if self._style == "atomic":
            settings = {**settings, "ENTRY_STYLE": "atomic"}
        ordered = sorted(self._acts, key=lambda act: act.at_s)
        return Plan(
            seed=self._seed,
            exchange=self._exchange,
            style=self._style,
            acts=tuple(ordered),
            features=tuple(sorted(self._on)),
            settings=tuple(sorted(settings.items())),
            epoch=epoch,
            jitter_s=0.2 if "jitter" in self._on else 0.0,
            coins_before=owned,
        )

    def _round(self, number: int, at_s: float) -> float:
        """One order life: an alert to buy, what befalls the position, and what should end it."""
        chance = self._chance
        if "halt" in self._on or ("tight" not in self._on and chance.random() < 0.5):  # noqa: PLR2004 - half
            self._add(acts.OwnerResumes(at_s=at_s - 0.5))
        if "halt" in self._on and chance.random() < 0.5:  # noqa: PLR2004
            self._halt(at_s)
        self._alert(Action.BUY, f"{self._seed}-{number}-in", at_s)
        self._trouble(at_s)
        held_s = self._held_s()
        self._add(acts.Price(at_s=at_s + held_s / 2, ratio=self._ratio(0.01)))
        if "gap" in self._on and chance.random() < 0.5:  # noqa: PLR2004
            self._add(acts.Price(at_s=at_s + chance.uniform(0, 2), ratio=self._ratio(0.2)))
        ends_s = at_s + held_s
        self._end(number, ends_s)
        return max(ends_s, self._last_s) + chance.uniform(1, 2.5) * self._tempo

    def _held_s(self) -> float:
        """How long a position is held: two looks at its stop at least; longer where somebody may take the stop."""
        longer = 0.6 if self._on & {"cancel", "human"} else 0.15
        span = (4.5, 14.0) if self._chance.random() < longer else (2.2, 4.5)
        return self._chance.uniform(*span) * self._tempo

    def _halt(self, at_s: float) -> None:
        """The owner halts around the moment of an alert; in half of the cases the entry is just being tried again."""
        chance = self._chance
        self._add(acts.OwnerHalts(at_s=at_s + chance.choice((-0.2, 0.0, 0.05, 0.1, 0.3, 1.0))))
        if chance.random() < 0.5:  # noqa: PLR2004
            times, none = chance.choice((1, 2, 3)), StrikeKind.NO_CONNECTION
            self._add(troubles.Struck(at_s=at_s - 0.01, kind=none, aim=Aim.ENTRY, times=times))

    def _thin_book(self) -> Act:
        """Orders take several levels of the book, and in some seeds more than there is."""
        level = Decimal(self._chance.choice(("0.05", "0.03", "0.011")))
        return troubles.ThinBook(at_s=0.0, level_quantity=level, levels=self._chance.choice((50, 50, 50, 3)))

    def _end(self, number: int, at_s: float) -> None:
        chance = self._chance
        end = chance.choices(("sell", "stop", "both", "profit", "hold"), (48, 27, 10, 5, 10))[0]
        if end in ("stop", "both"):
            if "short" in self._on:
                fraction = chance.choice(("0", "0.3", "0.5", "0.9995"))
                self._add(troubles.ShortTrigger(at_s=at_s - 0.01, fraction=Decimal(fraction)))
            through = Decimal(chance.choice(("1", "0.999", "0.97", "0.8")))
            self._add(acts.StopOut(at_s=at_s + chance.uniform(0, 0.3), through=through))
            self._add(acts.Price(at_s=at_s + chance.uniform(0.5, 3), ratio=self._ratio(0.01)))
        if end in ("sell", "both"):
            self._alert(Action.SELL, f"{self._seed}-{number}-out", at_s)
            self._trouble(at_s)
        if end == "profit":
            self._add(acts.TakeProfit(at_s=at_s))
            self._add(acts.Price(at_s=at_s + 1, ratio=Decimal(1)))

    def _alert(self, action: Action, signal_id: str, at_s: float) -> None:
        chance = self._chance
        age_s = chance.choice((0.0, 30.0, 119.0, 121.0)) if "late" in self._on else 0.0
        self._add(acts.Alert(at_s=at_s, action=action, signal_id=signal_id, age_s=age_s))
        if "repeat" in self._on:
            for _ in range(chance.choice((0, 1, 1, 2))):
                after_s = chance.choice((0.0, 0.001, 0.05, 1.0, 3.0, 6.0, 12.0, 40.0))
                self._add(acts.Alert(at_s=at_s + after_s, action=action, signal_id=signal_id, age_s=age_s))
            if chance.random() < 0.3:  # noqa: PLR2004 - another alert at the same moment
                self._add(acts.Alert(at_s=at_s, action=chance.choice(list(Action)), signal_id=f"{signal_id}-other"))

    def _trouble(self, at_s: float) -> None:
        """What goes wrong around a busy moment."""
        chance = self._chance
        if "strikes" in self._on and chance.random() < 0.7:  # noqa: PLR2004
            for _ in range(chance.choice((1, 1, 1, 2, 3))):
                self._add(self._struck(at_s - 0.01))
        if "outage" in self._on and chance.random() < 0.35:  # noqa: PLR2004
            self._outage(at_s + chance.choice((-1.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 3.0)) + chance.random() / 10)
        if "crash" in self._on and chance.random() < 0.5:  # noqa: PLR2004
            self._add(acts.Crash(at_s=at_s + math.exp(chance.uniform(math.log(0.001), math.log(3)))))
        if "seam" in self._on and chance.random() < 0.6:  # noqa: PLR2004
            for _ in range(chance.choice((1, 1, 2))):
                seam, nth = chance.choice(odds.SEAMS), chance.choice((1, 1, 2, 3, 4, 5, 7, 10))
                self._add(acts.CrashAtSeam(at_s=at_s, seam=seam, nth=nth))
        self._rare_trouble(at_s)

    def _rare_trouble(self, at_s: float) -> None:
        chance = self._chance
        soon_s = at_s + chance.uniform(0, 4)
        if "cancel" in self._on and chance.random() < 0.6:  # noqa: PLR2004
            self._add(humans.CancelsStop(at_s=soon_s))
        if "human" in self._on and chance.random() < 0.4:  # noqa: PLR2004
            self._add(self._human(soon_s))
        if "transfer" in self._on and chance.random() < 0.4:  # noqa: PLR2004
            amount, coins = chance.choice(((500, False), (-300, False), (20, False), (Decimal("0.02"), True)))
            self._add(humans.Transfers(at_s=soon_s, amount=Decimal(amount), coins=coins))
        if "key" in self._on and chance.random() < 0.4:  # noqa: PLR2004
            self._add(troubles.KeyRevoked(at_s=soon_s, lasts_s=chance.choice((1.0, 5.0, 20.0))))
        if "disk" in self._on and chance.random() < 0.4:  # noqa: PLR2004
            self._add(troubles.DiskFull(at_s=at_s + chance.uniform(-0.1, 1), lasts_s=chance.choice((0.1, 1.0, 8.0))))
        if "locked" in self._on and chance.random() < 0.4:  # noqa: PLR2004
            self._add(troubles.Locked(at_s=at_s + chance.uniform(-0.1, 1), lasts_s=chance.choice((0.1, 1.0, 3.0, 8.0))))
        if "skew" in self._on and chance.random() < 0.4:  # noqa: PLR2004
            self._add(acts.ClockStep(at_s=soon_s, skew_s=chance.choice((-4.0, -1.5, 0.0, 0.5, 1.5, 4.0, 60.0))))

    def _struck(self, at_s: float) -> Act:
        chance = self._chance
        aim = chance.choice((Aim.ENTRY, Aim.STOP, Aim.EXIT, Aim.CANCEL, Aim.ORDER, Aim.QUESTION, Aim.QUESTION, Aim.ANY))
        fills = (StrikeKind.PARTIAL_FILL,) if aim in (Aim.ENTRY, Aim.EXIT) else ()
        kind = chance.choice(odds.QUESTION_STRIKES if aim in (Aim.QUESTION, Aim.ANY) else odds.ORDER_STRIKES + fills)
        if "gap" in self._on and chance.random() < 0.1:  # noqa: PLR2004
            return troubles.CloseRefused(at_s=at_s)
        return troubles.Struck(
            at_s=at_s,
            kind=kind,
            aim=aim,
            times=chance.choice((1, 1, 1, 2, 4)),
            passing=chance.choice((0, 0, 0, 1, 2)),
            delay_s=chance.choice((0.3, 1.0, 3.0, 4.9, 5.1, 12.0)) if kind in odds.SLOW else 0,
            retry_after_s=chance.choice((1, 3, 10)) if kind is StrikeKind.RATE_LIMITED else 0,
            status=chance.choice((429, 418)) if kind is StrikeKind.RATE_LIMITED else chance.choice((500, 502, 503)),
            done=chance.random() < 0.5 and kind is not StrikeKind.REFUSED,  # noqa: PLR2004
            fraction=Decimal(chance.choice(("0", "0.001", "0.3", "0.5", "0.9995")))
            if fills and kind in fills
            else None,
        )

    def _outage(self, at_s: float) -> None:
        chance = self._chance
        lasts_s = chance.choices(
            (chance.uniform(1, 6), chance.uniform(6, 30), chance.uniform(30, 90), 400.0, 3600.0),
            (60, 28, 10, 1.7, 0.3),
        )[0]
        self._add(
            troubles.Outage(
                at_s=at_s,
                lasts_s=lasts_s,
                kind=chance.choice(odds.OUTAGES),
                done=chance.random() < 0.3,  # noqa: PLR2004
            )
        )
        if chance.random() < 0.7:  # noqa: PLR2004 - the plan goes on after it, else within it
            self._last_s = max(self._last_s, at_s + lasts_s)

    def _human(self, at_s: float) -> Act:
        chance = self._chance
        quantity = Decimal(chance.choice(("0.001", "0.01")))
        share = Decimal(chance.choice(("1", "0.5", "0.1")))
        return chance.choice(
            (
                humans.SellsCoins(at_s=at_s, share=share),
                humans.BuysCoins(at_s=at_s, quantity=quantity),
                humans.RestsPurchase(at_s=at_s, quantity=quantity),
            )
        )

    def _ratio(self, within: float) -> Decimal:
        return Decimal(str(round(1 + self._chance.uniform(-within, within), 5)))

    def _add(self, act: Act) -> None:
        self._acts.append(act if act.at_s >= 0 else replace(act, at_s=0.0))
