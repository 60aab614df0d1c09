"""Validation of the settings of an installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.settings.declared import RULES
from contracts.settings.rules import did_you_mean, secret, secret_url, text

# Names that `.env` may have besides settings: written by `make up`, or meant for Docker.
OTHERS = frozenset({"SHOPLAKE_VERSION", "SPARK_MASTER", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
OTHER_PREFIXES = ("COMPOSE_", "DOCKER_", "BUILDKIT_")
# A setting with a value requires these others.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "ALERT_EMAIL_TO": ("ALERT_SMTP_HOST", "ALERT_EMAIL_FROM"),
    "ALERT_SMTP_USER": ("ALERT_SMTP_PASSWORD",),
}


@dataclass(frozen=True)
class Problem:
    """A setting with an invalid value; `what` repeats the value unless it is a secret."""

    name: str
    what: str


def problem(name: str, value: str) -> Problem | None:
    """Return what is wrong with a setting's value, if anything; a blank value means the default."""
    rule = RULES.get(name, text)
    reason = rule(value) if value.strip() else ""
    if not reason:
        return None
    is_hidden = rule in (secret, secret_url)
    said = "" if is_hidden else f"={_shown(value)}"
    return Problem(name, f"{name}{said} is {reason}")


def missing_beside(values: Mapping[str, str]) -> list[Problem]:
    """Return settings that have a value but lack others they require."""
    found = []
    for name, needs in NEEDS.items():
        unset = [need for need in needs if not values.get(need)]
        if values.get(name) and unset:
            found.append(Problem(name, f"{name} needs {' and '.join(unset)} beside it"))
    return found


def unknown_names(names: Iterable[str]) -> list[Problem]:
    """Return names that are not settings, each with the nearest one."""
    return [
        Problem(name, f"{name} is not a setting{did_you_mean(name, RULES)}")
        for name in names
        if name not in RULES and name not in OTHERS and not name.startswith(OTHER_PREFIXES)
    ]


def _shown(value: str) -> str:
    """Return a value on one line, whatever it contains."""
    plain = "".join(each if each.isprintable() else "�" for each in value)
    return plain if len(plain) <= 80 else f"{plain[:79]}…"
