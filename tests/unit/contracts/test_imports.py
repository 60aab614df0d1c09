"""Contracts are read before anything is installed, so they import the standard library only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[3] / "contracts"
FILES = sorted(CONTRACTS.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONTRACTS)))
def test_a_contract_imports_the_standard_library_and_other_contracts(file: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    assert found - sys.stdlib_module_names <= {"contracts"}
