"""Every message that asks a person to act is in the runbook."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = ("spark_jobs", "ops", "deploy", "gateway", "simulator")
PAGE = ROOT / "docs" / "runbook.md"
# Calls whose first argument is a message for a person.
ERRORS = {"UserError", "TransientError", "DeployError", "ServerDied", "SimulatorError"}
# A message is found on the page by its beginning: up to the end of a sentence, but at least this long.
LONG_ENOUGH = 20
SENTENCE = re.compile(r"(?<=[.:;?])\s")


def messages(source: Path) -> Iterator[tuple[int, str]]:
    """Line and first words of each message: of an error's first argument, or of a text with `Next:`."""
    seen: set[int] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and node.args and name_of(node.func) in ERRORS:
            found: ast.expr = node.args[0]
        elif isinstance(node, ast.JoinedStr | ast.Constant) and "Next: " in text(node):
            found = node
        else:
            continue
        if id(found) not in seen and (words := first_words(text(found))):
            yield node.lineno, words
        seen.update(id(each) for each in ast.walk(found))


def name_of(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def text(node: ast.expr) -> str:
    """A literal, with … for each value that is filled in; nothing of what is no literal."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values)
    return ""


def first_words(message: str) -> str:
    words = plain(message.partition("Next: ")[0])
    ends = [match.start() for match in SENTENCE.finditer(words) if match.start() >= LONG_ENOUGH]
    words = words[: ends[0]] if ends else words
    return words.strip(" .:;") if re.search(r"[a-z]{3}", words) else ""


def plain(words: str) -> str:
    """Words without Markdown's marks and line breaks."""
    return re.sub(r"…+", "…", " ".join(re.sub(r"[`*\\]", "", words).split()))


ALL = sorted(
    {
        (path.relative_to(ROOT).as_posix(), line, words)
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, words in messages(path)
    }
)


def test_there_are_messages() -> None:
    assert len(ALL) > 80
    assert {path.partition("/")[0] for path, _, _ in ALL} >= {*FOLDERS} - {"gateway"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_message_is_on_the_page(folder: str) -> None:
    page = plain(PAGE.read_text())
    missing = [
        f"{path}:{line}: add a row to docs/runbook.md whose first column has “{words}”"
        for path, line, words in ALL
        if path.startswith(f"{folder}/") and words not in page
    ]
    assert not missing, "\n" + "\n".join(missing)
