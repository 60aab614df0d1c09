"""Settings as `.env.example` and as a page."""

from __future__ import annotations

import textwrap

from contracts.settings import HERE, SECTIONS, Setting

EXAMPLE, PAGE = ".env.example", "docs/settings.md"
WIDTH = 110
CHECKOUT = "<folder of .env>"
INTRODUCTION = (
    "Settings of Shoplake, written from contracts/settings by `make generate`. `make env` (also part of"
    " `make up` and `make demo`) copies this file to `.env` (mode 600) and fills every empty secret with a"
    " random one. A line that starts with `# NAME=` shows a default; remove the `# ` to change it. The"
    " environment wins over `.env`."
)
PAGE_INTRODUCTION = (
    "# Settings\n\n"
    "Settings are read from `.env` and from the environment, which wins. Names and values are checked before"
    " anything runs. Secrets are random: `make env` draws them. After a change, restart the servers:"
    " `make stop` and `make demo`, or `make up`.\n\n"
    "This page is written from `contracts/settings` by `make generate`.\n"
)


def example() -> str:
    """Return `.env.example`: every setting with its meaning, and an empty line to fill for each secret."""
    blocks = [_commented(textwrap.wrap(INTRODUCTION, WIDTH))]
    for section in SECTIONS:
        lines = [section.title, "-" * len(section.title), *textwrap.wrap(section.doc, WIDTH)]
        blocks.append(_commented(lines) + "".join(_lines(each) for each in section.settings))
    return "\n".join(blocks)


def page() -> str:
    """Return docs/settings.md: the same as tables, with the readers of each setting."""
    parts = [PAGE_INTRODUCTION]
    for section in SECTIONS:
        doc = f"{section.doc}\n\n" if section.doc else ""
        rows = "".join(f"{_row(each)}\n" for each in section.settings)
        head = "| Setting | Default | Meaning | Read by |\n|---|---|---|---|\n"
        parts.append(f"## {section.title}\n\n{doc}{head}{rows}")
    return "\n".join(parts)


def _commented(lines: list[str]) -> str:
    return "".join(f"# {line}\n" for line in lines)


def _lines(setting: Setting) -> str:
    shown = f"{setting.name}={setting.shown}"
    return f"# {setting.doc}\n{shown if setting.default is None else f'# {shown}'}\n"


def _row(setting: Setting) -> str:
    default = f"`{setting.shown.replace(HERE, CHECKOUT)}`" if setting.shown else ""
    if setting.in_containers:
        default += f"; in containers `{setting.in_containers}`"
    if setting.fixed_in_containers:
        default += f"; in containers always `{setting.fixed_in_containers}`"
    if setting.default is None:
        default = "random"
    readers = ", ".join(each.value for each in setting.audience)
    return f"| `{setting.name}` | {default} | {setting.doc} | {readers} |"
