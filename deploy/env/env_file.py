"""The file `.env`: created from its example with random secrets, edited line by line, private to its owner.

Standard library only: `make env` and `make up` work with it before anything is installed.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from contracts.settings import unknown_names

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
# `NAME=` without a value in the example is a secret that each installation generates.
EMPTY_SECRET = re.compile(r"^([A-Z][A-Z0-9_]*)=$", re.MULTILINE)

LINE = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$")
# Programs whose own variables `.env` may contain, too.
OVERRIDE = "docker-compose.override.yml"


def ensure_env_file(env_file: Path, example: Path = EXAMPLE) -> list[str]:
    """Create `env_file` (mode 600) from the example, or add what a newer one requires; returns which."""
    template = example.read_text()
    if env_file.exists():
        text = env_file.read_text()
        present = set(re.findall(r"^([A-Z][A-Z0-9_]*)=.+$", text, re.MULTILINE))
        wanted = [name for name in EMPTY_SECRET.findall(template) if name not in present]
        if not wanted:
            return []
        text = (
            EMPTY_SECRET.sub(lambda match: "" if match[1] in wanted else match[0], text).rstrip("\n") + "\n"
        )
        text += "".join(f"{name}={random_secret(name)}\n" for name in wanted)
    else:
        wanted = EMPTY_SECRET.findall(template)
        text = EMPTY_SECRET.sub(lambda match: f"{match[1]}={random_secret(match[1])}", template)
    write_private(env_file, text)
    return wanted


def read(text: str) -> tuple[dict[str, str], list[int]]:
    """Return the values of an env file, and the numbers of lines that are neither a value nor a comment."""
    values: dict[str, str] = {}
    unreadable = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if match := LINE.match(stripped):
            value = match[2].strip()
            quoted = re.fullmatch(r"(['\"])(.*)\1", value)
            values[match[1]] = quoted[2] if quoted else re.sub(r"\s+#.*$", "", value)
        elif stripped and not stripped.startswith("#"):
            unreadable.append(number)
    return values, unreadable


def misspelt(env_file: Path) -> list[str]:
    """Return lines of `env_file` without effect: not NAME=value, or a name that is not a setting.

    A misspelt name would silently leave its setting at the default.
    """
    names, unreadable = read(env_file.read_text(errors="replace"))
    found = [f"{env_file}, line {number}: not NAME=value. Next: correct it." for number in unreadable]
    override = env_file.with_name(OVERRIDE)
    theirs = set(re.findall(r"\$\{?(\w+)", override.read_text())) if override.exists() else set()
    for each in unknown_names(name for name in names if name not in theirs):
        end = "" if each.what.endswith("?") else "."
        found.append(f"{env_file}: {each.what}{end} Next: correct the name, or remove the line.")
    return found


def set_values(env_file: Path, values: Mapping[str, str]) -> bool:
    """Write settings into `env_file`, in the line that has or shows them; returns whether it changed."""
    before = text = env_file.read_text()
    for name, value in values.items():
        line = re.compile(rf"^(?:# )?{name}=.*$", re.MULTILINE)
        if line.search(text):
            text = line.sub(lambda _, new=f"{name}={value}": new, text, count=1)  # type: ignore[misc]
        else:
            text += f"{name}={value}\n"
    if text != before:
        write_private(env_file, text)
    return text != before


def random_secret(name: str) -> str:
    """Return a random secret: 384 bits, or the 256 of a Fernet key; for a token list, one token."""
    if name.endswith("_TOKENS"):
        # A project token in PostHog's form: 48 characters that need no quoting anywhere.
        return "phc_" + secrets.token_hex(22)
    size = 32 if name.endswith("FERNET_KEY") else 48
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).decode()


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, atomically."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def set_aside(env_file: Path) -> None:
    """Rename it to `.env.before-clean`: its passwords are useless now, but its settings may be wanted."""
    env_file.replace(env_file.with_name(f"{env_file.name}.before-clean"))
