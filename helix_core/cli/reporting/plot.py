"""One curve as an SVG picture that needs nothing else: no script, no font, no address."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    Values = Sequence[tuple[datetime, Decimal]]

_WIDTH, _HEIGHT = 900, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 10, 14, 30
_MOST_POINTS = 600
_GRID_LINES = 4


@dataclass(frozen=True, slots=True)
class _Frame:
    """From values to places on the picture."""

    first: datetime
    seconds: Decimal
    low: Decimal
    high: Decimal

    def x(self, at: datetime) -> Decimal:
        passed = Decimal(str((at - self.first).total_seconds()))
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * passed / self.seconds

    def y(self, value: Decimal) -> Decimal:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - value) / (self.high - self.low)


def plot(values: Values, *, title: str, name: str, label: Callable[[Decimal], str]) -> str:
    """A stepped line through `values`, which are in the order of time; `label` writes a value at the edge.

    `name` is the class of the line, for the page's colours. What cannot be seen is left out: of very many values only
    the lowest and the highest of each stretch are drawn.
    """
    shown = _thinned(values)
    frame = _frame(shown)
    steps = [f"M{frame.x(shown[0][0]):.1f},{frame.y(shown[0][1]):.1f}"]
    steps += [f"H{frame.x(at):.1f}V{frame.y(value):.1f}" for at, value in shown[1:]]
    edge = f"H{_WIDTH - _RIGHT}"
    floor = f"V{_HEIGHT - _BOTTOM}H{_LEFT}Z"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="{name}"><title>{escape(title)}</title>'
        f"{_grid(frame, label)}{_dates(values)}"
        f'<path class="area" d="{"".join(steps)}{edge}{floor}"/>'
        f'<path class="line" d="{"".join(steps)}{edge}"/></svg>'
    )


def _frame(values: Values) -> _Frame:
    low, high = min(value for _, value in values), max(value for _, value in values)
    if low == high:
        low, high = low - 1, high + 1
    first, last = values[0][0], values[-1][0]
    return _Frame(first, Decimal(str((last - first).total_seconds())) or Decimal(1), low, high)


def _grid(frame: _Frame, label: Callable[[Decimal], str]) -> str:
    lines = []
    for number in range(_GRID_LINES + 1):
        value = frame.low + (frame.high - frame.low) * number / _GRID_LINES
        y = frame.y(value)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(label(value))}</text>'
        )
    return "".join(lines)


def _dates(values: Values) -> str:
    first, last = f"{values[0][0]:%Y-%m-%d}", f"{values[-1][0]:%Y-%m-%d}"
    y = _HEIGHT - 10
    return (
        f'<text x="{_LEFT}" y="{y}">{first}</text><text x="{_WIDTH - _RIGHT}" y="{y}" text-anchor="end">{last}</text>'
    )


def _thinned(values: Values) -> Values:
    """The first and the last, and of each stretch between them the lowest and the highest."""
    if len(values) <= _MOST_POINTS:
        return values
    stretch = -(-len(values) * 2 // _MOST_POINTS)
    kept = {0, len(values) - 1}
    for start in range(0, len(values), stretch):
        places = range(start, min(start + stretch, len(values)))
        kept |= {min(places, key=lambda place: values[place][1]), max(places, key=lambda place: values[place][1])}
    return [values[place] for place in sorted(kept)]
