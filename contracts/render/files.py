"""Generated files: which are stale, and writing them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def bring_up_to_date(root: Path, files: Mapping[str, str], owned: Mapping[str, str], *, check: bool) -> int:
    """Write what differs and say how much, or with `check` only say what is stale; returns the exit code.

    `files` has the text of each file by its path below the root. `owned` has the pattern of generated files
    by folder: whatever else lies there was generated from a declaration that is gone.
    """
    differing = stale(root, files, owned)
    if not check:
        write(root, files, owned)
        print(f"{len(files)} files, {len(differing)} changed")
        return 0
    for name in differing:
        print(f"stale: {name}", file=sys.stderr)
    if differing:
        print("Next: make generate", file=sys.stderr)
    return 1 if differing else 0


def stale(root: Path, files: Mapping[str, str], owned: Mapping[str, str]) -> list[str]:
    """Paths whose text differs from what is declared, missing and orphaned ones included."""
    differing = [name for name, text in files.items() if _text(root / name) != text]
    return sorted(differing + orphans(root, files, owned))


def orphans(root: Path, files: Mapping[str, str], owned: Mapping[str, str]) -> list[str]:
    """Files of generated folders that no declaration makes any more."""
    return [
        str(path.relative_to(root))
        for folder, pattern in owned.items()
        for path in sorted((root / folder).glob(pattern))
        if str(path.relative_to(root)) not in files
    ]


def write(root: Path, files: Mapping[str, str], owned: Mapping[str, str]) -> None:
    """Write what differs and delete what is orphaned."""
    for name in orphans(root, files, owned):
        (root / name).unlink()
    for name, text in files.items():
        path = root / name
        if _text(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
