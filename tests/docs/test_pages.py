"""The pages say all that the code can say: settings, commands, messages, reasons, halts, findings, checks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from helix_core.domain.halt import HaltKind
from helix_core.engine.findings import FindingKind
from helix_core.notify import reasons
from tests.docs.pages import ROOT, program, text

if TYPE_CHECKING:
    from collections.abc import Iterator

GATES, MESSAGES, RECONCILE = (text(f"docs/{name}.md") for name in ("gates-and-halts", "messages", "reconcile"))


def openings(module: str) -> Iterator[str]:
    """How each text of a module of messages begins: an emoji and the words in capitals after it."""
    for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
        first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value[:1] > "\u2000":
            yield first.value.partition(":")[0].partition("·")[0].strip()


@pytest.mark.parametrize("page", ["settings", "commands"])
def test_a_page_that_is_made_from_the_code_is_what_the_code_says(page: str) -> None:
    assert program(f"{page}_page").page() == text(f"docs/{page}.md"), "run make docs"


@pytest.mark.parametrize("module", ["helix_core/notify/messages.py", "helix_core/notify/answers.py"])
def test_every_message_is_explained(module: str) -> None:
    found = set(openings(module))

    assert len(found) > 5
    assert {words for words in found if words not in MESSAGES} == set()


@pytest.mark.parametrize("reason", sorted(reasons.KNOWN))
def test_every_reason_of_a_rejection_has_a_remedy(reason: str) -> None:
    assert f"| `{reason}` |" in GATES


def test_every_halt_has_a_part_of_its_own() -> None:
    assert [kind.value for kind in HaltKind if f"\n### {kind.value}\n" not in GATES] == []


def test_every_finding_is_in_the_table() -> None:
    assert [kind.value for kind in FindingKind if f"| `{kind.value}` |" not in RECONCILE] == []


def test_every_line_of_helix_check_is_explained() -> None:
    """The first word of each finding, as the command prints it."""
    tree = ast.parse((ROOT / "helix_core/cli/check.py").read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"]
    printed = {str(node.args[0].value) for node in calls if isinstance(node.args[0], ast.Constant)}

    assert len(printed) > 8
    assert [word for word in sorted(printed) if f"| `{word}` |" not in GATES] == []
