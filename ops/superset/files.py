"""The files of declarations. Only changed parts are rewritten, so that comments elsewhere stay."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from contracts.model import ContractError, Table
from contracts.render import declarations
from contracts.render.declarations import Declarations

WIDTH = 110
_SHORT = 80
Words = Mapping[str, Any]


def load(root: Path, tables: Mapping[str, Table]) -> Declarations:
    """Read and check all declarations below the root.

    Raises:
        ContractError: naming the file and the chart, and what is wrong.
    """
    dashboards, queries = (
        {path.stem: _read(root, path) for path in sorted((root / folder).glob("*.yaml"))}
        for folder in (declarations.DASHBOARDS, declarations.QUERIES)
    )
    return declarations.declare(dashboards, queries, tables)


def _read(root: Path, path: Path) -> Words:
    where = path.relative_to(root)
    text = path.read_text(encoding="utf-8")
    template = string.Template(text)
    if not template.is_valid() or set(template.get_identifiers()) - {"REPORTING_CURRENCY"}:
        raise ContractError(f"{where}: write $$ for $; the only setting to name is ${{REPORTING_CURRENCY}}")
    try:
        words = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ContractError(f"{where} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(words, dict):
        raise ContractError(f"{where} declares nothing")
    return words


class _Dumper(yaml.SafeDumper):
    """Block style, with short lists and mappings of plain values on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values in full: anchors are hard to read."""
        return True


class _Flow(dict[str, Any]):
    """A mapping on one line."""


class _FlowList(list[Any]):
    """A list on one line."""


class _Folded(str):
    """A long text, folded."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)
_Dumper.add_representer(
    _Folded, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=">")
)
_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), True)
)
_Dumper.add_representer(
    _FlowList, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, True)
)


def dump(words: Words) -> str:
    """Return declarations in the form a person would write."""
    styled = {key: _styled(value, is_top=key == "colours") for key, value in words.items()}
    return yaml.dump(styled, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def updated(text: str, before: Words, after: Words) -> str:
    """Return the text of a dashboard's file with its declaration changed from `before` to `after`."""
    lines = text.splitlines(keepends=True)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits = [*_edits(_spans(root, ()), _without_charts(before), _without_charts(after), 0, len(lines))]
    charts = _spans(root, ("charts",))
    edits += _edits(charts, before["charts"], after["charts"], 2, max(end for _, end in charts.values()))
    for start, end, replacement in sorted(edits, reverse=True):
        lines[start:end] = [replacement] if replacement else []
    result = "".join(lines)
    # A file with an unusual layout, such as on one line, is rewritten.
    return result if yaml.safe_load(result) == after else dump(after)


def _edits(
    spans: Mapping[str, tuple[int, int]], before: Words, after: Words, indent: int, end: int
) -> list[tuple[int, int, str]]:
    """Return first line, end and new text of each word that was changed, removed or added."""
    edits = []
    for name in [*before, *(name for name in after if name not in before)]:
        if name in before and name in after and before[name] == after[name]:
            continue
        block = dump({name: after[name]}) if name in after else ""
        indented = "".join(" " * indent + line if line.strip() else line for line in block.splitlines(True))
        edits.append((*spans.get(name, (end, end)), indented))
    return edits


def _spans(node: yaml.Node | None, path: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return the lines of each entry of the mapping at `path`, without the comments that follow it."""
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - declarations are checked when they are read
    if path:
        child = next(value for key, value in node.value if key.value == path[0])
        return _spans(child, path[1:])
    return {key.value: (key.start_mark.line, _end(value)) for key, value in node.value}


def _end(node: yaml.Node) -> int:
    """Return the line after the last one of a value."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.line + (1 if node.end_mark.column else 0)


def _without_charts(words: Words) -> Words:
    return {name: value for name, value in words.items() if name != "charts"}


def _styled(value: Any, *, is_top: bool = False) -> Any:
    """Return the value with the style of each of its parts."""
    if isinstance(value, Mapping):
        is_flow = not is_top and _is_short(value.values(), value) and "title" not in value
        styled = {key: _styled(each) for key, each in value.items()}
        return _Flow(styled) if is_flow else styled
    if isinstance(value, list):
        return (_FlowList if _is_short(value, value) else list)(_styled(each) for each in value)
    is_long_text = (
        isinstance(value, str) and "\n" not in value and len(value) > _SHORT and value == value.strip()
    )
    return _Folded(value) if is_long_text else value


def _is_short(parts: Any, whole: Any) -> bool:
    return len(str(whole)) < _SHORT and not any(isinstance(each, Mapping | list) for each in parts)
