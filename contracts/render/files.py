"""Generated files: find stale ones and write them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def bring_up_to_date(root: Path, files: Mapping[str, str], owned: Mapping[str, str], *, check: bool) -> int:
    """Write what differs and report how much, or with `check` only list what is stale; returns the exit code.

    `files` maps paths below the root to texts. `owned` maps folders to the pattern of generated files: any
    other match there was generated from a removed declaration.
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
    """Return paths whose text differs from the declarations, including missing and orphaned files."""
    differing = [name for name, text in files.items() if _text(root / name) != text]
    return sorted(differing + orphans(root, files, owned))


def orphans(root: Path, files: Mapping[str, str], owned: Mapping[str, str]) -> list[str]:
    """Return files of generated folders that no declaration produces."""
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
