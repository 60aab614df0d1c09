"""Write the parts of docker-compose.yml that repeat a declaration, or report stale ones with `--check`.

A part is between a line `# generated: <name>` and a line `# end`; everything else is written by hand.
`make generate` runs it as `python -m deploy.compose_file`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from contracts.settings import Audience, Setting, read_by
from deploy.servers import airflow, mysql, postgres
from deploy.servers.options import Option

FILE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
PART = re.compile(r"^( *)# generated: (.+)\n(?:.*\n)*?\1# end\n", re.MULTILINE)


def parts() -> dict[str, list[str]]:
    """Return the lines of every generated part by its name."""
    return {
        "contracts/settings, for jobs": _environment(Audience.JOBS),
        "contracts/settings, for jobs and Spark": _environment(Audience.LAKE),
        "contracts/settings, for the gateway": _environment(Audience.GATEWAY),
        "contracts/settings, for Superset": _environment(Audience.SUPERSET),
        "contracts/settings, for Airflow": _environment(Audience.AIRFLOW),
        "deploy/servers/postgres.py, OPTIONS": _lines("- -c{name}={value}", postgres.OPTIONS),
        "deploy/servers/mysql.py, OPTIONS": _lines("- --{name}={value}", mysql.OPTIONS),
        "deploy/servers/airflow.py, OPTIONS": _lines('AIRFLOW__{name}: "{value}"', airflow.OPTIONS),
    }


def rendered(text: str, lines: Mapping[str, Sequence[str]]) -> str:
    """Return a compose file with its parts replaced by these lines.

    Raises:
        ValueError: naming parts that the file lacks, or that nothing declares.
    """
    found = {match[2] for match in PART.finditer(text)}
    if differing := sorted(found ^ lines.keys()):
        raise ValueError(f"in docker-compose.yml or declared, but not both: {'; '.join(differing)}")

    def replaced(match: re.Match[str]) -> str:
        indent, name = match[1], match[2]
        body = [f"# generated: {name}", *lines[name], "# end"]
        return "".join(f"{indent}{line}\n" for line in body)

    return PART.sub(replaced, text)


def main(argv: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Write or check the parts; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.compose_file", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the file is stale")
    check = parser.parse_args(argv).check
    before = file.read_text()
    after = rendered(before, parts())
    if before == after:
        return 0
    if check:
        print(f"stale: {file.name}", file=sys.stderr)
        print("Next: make generate", file=sys.stderr)
        return 1
    file.write_text(after)
    return 0


def _environment(audience: Audience) -> list[str]:
    return [f"{each.name}:{_value(each)}" for each in read_by(audience)]


def _value(setting: Setting) -> str:
    """Return a container's value: that of `.env`, else the default; nothing if that is empty."""
    if setting.fixed_in_containers:
        return f' "{setting.fixed_in_containers}"'
    if setting.default is None:
        return f' "${{{setting.name}:?run make env}}"'
    default = setting.in_containers or setting.shown
    return f' "${{{setting.name}:-{default}}}"' if default else ""


def _lines(form: str, options: Iterable[Option]) -> list[str]:
    return [
        line
        for option in options
        for line in (
            *([f"# {option.why}"] if option.why else []),
            form.format(name=option.name, value=option.value),
        )
    ]


if __name__ == "__main__":
    sys.exit(main())
