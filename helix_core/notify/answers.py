"""The words of what the owner is answered. Pure, as `messages` are: the same facts always make the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.domain.halt import HaltKind
from helix_core.notify import figures
from helix_core.notify.foreign import clean
from helix_core.notify.messages import halt_in_force, halt_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from helix_core.domain.halt import Halt

_UNKNOWN = "not known now"
_LONGEST_LIST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An open position in texts as people are shown them; `stop` is None while there is none."""

    symbol: str
    size: str
    price: str
    stop: str | None

    def __str__(self) -> str:
        """What and how much."""
        return f"{self.symbol} {self.size}"


def status(
    *,
    word: str,
    mode: str,
    exchange: str,
    held: Sequence[Held],
    day_pnl_pct: Decimal | None,
    halts: Sequence[Halt],
    troubles: Sequence[str],
) -> str:
    """State, positions, the day's result, and what is wrong. `word` says how the bot is."""
    lines = [
        f"📋 STATUS: {word.upper()} · Mode: {mode.upper()} · Exchange: {clean(exchange)}",
        *(f"Position: {one} @ {one.price} | SL: {one.stop or 'none yet'}" for one in held[:_LONGEST_LIST]),
        *([] if held else ["Position: none"]),
        f"Today: {_UNKNOWN if day_pnl_pct is None else figures.percent(day_pnl_pct)}",
        *(halt_in_force(halt.kind, halt.detail) for halt in halts),
        *(f"Trouble: {clean(trouble)}" for trouble in troubles[:_LONGEST_LIST]),
    ]
    return "\n".join(lines)


def balance(
    *, quote: str, total: Decimal, free: Decimal, base: str, coins: Decimal, owned: Decimal, equity: Decimal | None
) -> str:
    """What the account holds: quote and base coins, how many of those are the owner's own, and the bot's equity."""
    worth = _UNKNOWN if equity is None else figures.amount(equity, quote)
    mine = f" (yours: {figures.size(owned)})" if owned else ""
    return (
        f"💰 BALANCE: {quote} {figures.amount(total, quote)}, free {figures.amount(free, quote)}"
        f" | {base} {figures.size(coins)}{mine} | Equity: {worth}"
    )


def no_balance(problem: str) -> str:
    """The balance is not known."""
    return f"💰 BALANCE: {_UNKNOWN} | {clean(problem)}"


def today(*, day: date, trades: int, wins: int, pnl: Decimal, quote: str, day_pnl_pct: Decimal | None) -> str:
    """The day so far, closed trades first; `day_pnl_pct` counts the open position in."""
    whole = _UNKNOWN if day_pnl_pct is None else figures.percent(day_pnl_pct)
    return (
        f"📊 TODAY: Trades: {trades} | P&L: {figures.profit(pnl, quote)} | WR: {figures.share(wins, trades)}"
        f" | With what is open: {whole} | Since 00:00 UTC, {day.isoformat()}"
    )


def menu(commands: Mapping[str, str]) -> str:
    """What can be said."""
    return "\n".join(["❔ I know these commands:", *(f"/{name} – {does}" for name, does in commands.items())])


def mean_it(*, held: Sequence[Held], seconds: int) -> str:
    """Before an emergency stop: what it does, and how to say yes."""
    what = "; ".join(f"sells {position} at market" for position in held)
    return (
        f"❗ STOP? This halts trading and {what or 'closes whatever an entry under way may buy; nothing is open now'}."
        f" To confirm within {seconds} s: /stop confirm"
    )


def nothing_to_confirm(seconds: int) -> str:
    """A confirmation without a question, or too late for it."""
    return (
        f"⚠️ NOT STOPPED: nothing was asked within the last {seconds} s | Nothing is done. Send /stop to be asked anew"
    )


def stopping(*, held: Sequence[Held], mismatch: str | None) -> str:
    """An emergency stop is confirmed and stored. `mismatch` is why nothing is sold, if so."""
    if mismatch is not None and held:
        names = ", ".join(map(str, held))
        return (
            f"🛑 STOPPED: entries are halted | NOT CLOSED: {names} | Halt reconcile: {clean(mismatch)} | Helix sells"
            " nothing while account and database differ: run helix reconcile on the host, then /resume and /stop, or"
            " sell by hand"
        )
    closing = ", ".join(f"closing {position} at market" for position in held)
    return f"🛑 STOPPED: entries are halted | {closing or 'no position is open'} | To resume: /resume"


def resumed(ended: Sequence[Halt], left: Sequence[tuple[Halt, str]], *, restart: bool, called_off: bool) -> str:
    """What a resume ended, and what goes on for which reason.

    `restart`: a drawdown was ended on the host, and the bot not restarted since. `called_off`: a position was still to
    be sold because of an earlier /stop.
    """
    names = ", ".join(dict.fromkeys(halt_name(halt.kind) for halt in ended))
    lines = [f"▶️ RESUMED: {names or 'nothing'}"]
    if called_off:
        lines.append("/stop is called off: what is still open stays under its stop")
    lines += [f"Still halted: {halt_name(halt.kind)} — {clean(halt.detail)} | {clean(why)}" for halt, why in left]
    if restart:
        lines.append(f"Still halted: {halt_name(HaltKind.DRAWDOWN)} — ended on the host | restart the bot")
    if not left and not restart:
        lines.append("Entries go on" if ended else "No halt was in force")
    return "\n".join(lines)


def too_old(*, words: str, age_s: int) -> str:
    """A command came late, and what it would change may have changed since."""
    return f"⚠️ NOT DONE: /{clean(words, 40)} came {age_s} s after it was sent | Send it again if you still want it"


def not_stored(problem: str) -> str:
    """The database does not take it, so nothing is done."""
    return f"❌ ERROR: {clean(problem)} | Nothing is done. Send it again; on the host: helix halt"
