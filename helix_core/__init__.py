"""Helix: a safe, plugin-based executor of trading signals. This is the public door: plugins import from here."""

from helix_core.clock import Clock, SystemClock
from helix_core.config import ExchangeConfig, PluginConfig, TradingMode
from helix_core.contracts.commands import Button, OwnerDesk, Reply, Said
from helix_core.contracts.exchange import (
    IN_HAND,
    Capabilities,
    ExchangeClient,
    Holding,
    KeyPermissions,
    LineState,
    OpenOrder,
    OrderEvent,
    PastOrder,
)
from helix_core.contracts.introduction import Caller, Introduction, Question
from helix_core.contracts.memory import Memory
from helix_core.contracts.notifier import Notifier
from helix_core.contracts.risk import RiskCheck, RiskContext
from helix_core.contracts.signal_source import Fields, SignalSource
from helix_core.domain.halt import Halt, HaltKind
from helix_core.domain.limits import RiskLimits
from helix_core.domain.market import Balance, Balances, Instrument, Level, OrderBook, Ticker
from helix_core.domain.money import ceil_to, exact, floor_to, plain
from helix_core.domain.notice import Notice, NoticeKind
from helix_core.domain.order import (
    AnyOrder,
    ApprovedOrder,
    Bracket,
    ExitOrder,
    Fill,
    OrderIntent,
    OrderKind,
    OrderRef,
    OrderReport,
    OrderStatus,
    ProtectiveOrder,
)
from helix_core.domain.position import Position, fold
from helix_core.domain.risk import ENTRY_GATES, EXIT_GATES, RiskDecision, RiskReport, Verdict
from helix_core.domain.signal import Action, Signal
from helix_core.errors import (
    AuthenticationFailed,
    ConfigError,
    DataMissing,
    ExchangeError,
    ExchangeUnavailable,
    HelixError,
    InvariantBroken,
    Mismatch,
    OrderNotAllowed,
    OrderOutcomeUnknown,
    OrderRefused,
    PluginError,
    RateLimited,
    SignalUnreadable,
    StopWouldTrigger,
    StoreError,
)
from helix_core.hookspecs import API_VERSION, hookimpl

__all__ = [
    "API_VERSION",
    "ENTRY_GATES",
    "EXIT_GATES",
    "IN_HAND",
    "Action",
    "AnyOrder",
    "ApprovedOrder",
    "AuthenticationFailed",
    "Balance",
    "Balances",
    "Bracket",
    "Button",
    "Caller",
    "Capabilities",
    "Clock",
    "ConfigError",
    "DataMissing",
    "ExchangeClient",
    "ExchangeConfig",
    "ExchangeError",
    "ExchangeUnavailable",
    "ExitOrder",
    "Fields",
    "Fill",
    "Halt",
    "HaltKind",
    "HelixError",
    "Holding",
    "Instrument",
    "Introduction",
    "InvariantBroken",
    "KeyPermissions",
    "Level",
    "LineState",
    "Memory",
    "Mismatch",
    "Notice",
    "NoticeKind",
    "Notifier",
    "OpenOrder",
    "OrderBook",
    "OrderEvent",
    "OrderIntent",
    "OrderKind",
    "OrderNotAllowed",
    "OrderOutcomeUnknown",
    "OrderRef",
    "OrderRefused",
    "OrderReport",
    "OrderStatus",
    "OwnerDesk",
    "PastOrder",
    "PluginConfig",
    "PluginError",
    "Position",
    "ProtectiveOrder",
    "Question",
    "RateLimited",
    "Reply",
    "RiskCheck",
    "RiskContext",
    "RiskDecision",
    "RiskLimits",
    "RiskReport",
    "Said",
    "Signal",
    "SignalSource",
    "SignalUnreadable",
    "StopWouldTrigger",
    "StoreError",
    "SystemClock",
    "Ticker",
    "TradingMode",
    "Verdict",
    "ceil_to",
    "exact",
    "floor_to",
    "fold",
    "hookimpl",
    "plain",
]
