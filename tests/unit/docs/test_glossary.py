"""The docs and the dashboards use the words of the glossary, and none that it retires."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GLOSSARY = ROOT / "docs" / "glossary.md"
# Their texts are those of `contracts/`.
GENERATED = {"metrics.md", "settings.md"}
PAGES = [
    *(
        page
        for page in sorted((ROOT / "docs").glob("*.md"))
        if page != GLOSSARY and page.name not in GENERATED
    ),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data_lake/README.md")),
    *sorted((ROOT / "superset" / "dashboards").glob("*.yaml")),
    *sorted((ROOT / "superset" / "datasets").glob("*.yaml")),
]
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| (?P<retired>[^|]+) \|$", re.MULTILINE)


def glossary() -> dict[str, str]:
    """Each retired word with the word to use instead."""
    rows = [row for row in ROW.finditer(GLOSSARY.read_text()) if row["retired"] not in ("Not", "—")]
    return {retired: row["word"] for row in rows for retired in row["retired"].split(", ")}


def retired_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, retired word and the word to use instead; code keeps its names."""
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    for retired, word in glossary().items():
        pattern = r"\b" + r"\s+".join(retired.split()) + r"s?\b"
        for found in re.finditer(pattern, prose, re.IGNORECASE):
            yield prose.count("\n", 0, found.start()) + 1, found[0], word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_no_retired_word(page: Path) -> None:
    found = [
        f"{page.relative_to(ROOT)}:{line}: write “{word}” instead of “{retired}”"
        for line, retired, word in retired_words(page.read_text())
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_glossary_retires_the_words_that_meant_two_things() -> None:
    words = glossary()
    assert {word: words[word] for word in ("visit", "robot", "piece", "buyer", "line item")} == {
        "visit": "session",
        "robot": "bot",
        "piece": "unit",
        "buyer": "customer",
        "line item": "order line",
    }


@pytest.mark.parametrize("word", ["refund", "return", "source", "person", "customer", "unpause", "cycle"])
def test_the_glossary_defines(word: str) -> None:
    assert any(row["word"] == word for row in ROW.finditer(GLOSSARY.read_text()))


def test_the_glossary_is_sorted() -> None:
    words = [row["word"] for row in ROW.finditer(GLOSSARY.read_text())][1:]
    assert words == sorted(words)


def test_a_retired_word_is_found_in_prose_and_not_in_code() -> None:
    text = "Two Visits by visitors, and line\nitems.\n\n```console\nvisit\n```\nA `robot` and a robot\n"
    assert sorted(retired_words(text)) == [
        (1, "Visits", "session"),
        (1, "line\nitems", "order line"),
        (2, "items", "unit"),
        (7, "robot", "bot"),
    ]


def test_readme_and_docs_link_to_the_glossary() -> None:
    assert "(docs/glossary.md)" in (ROOT / "README.md").read_text()
    assert "(glossary.md)" in (ROOT / "docs" / "figures.md").read_text()
