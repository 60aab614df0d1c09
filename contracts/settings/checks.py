"""What is wrong with the settings of an installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.settings.declared import RULES
from contracts.settings.rules import did_you_mean, secret, secret_url, text

# What `.env` may hold beside settings: written by `make up`, or meant for Docker.
OTHERS = frozenset({"SHOPLAKE_VERSION", "SPARK_MASTER", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
OTHER_PREFIXES = ("COMPOSE_", "DOCKER_", "BUILDKIT_")
# A setting that has a value needs these beside it.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "ALERT_EMAIL_TO": ("ALERT_SMTP_HOST", "ALERT_EMAIL_FROM"),
    "ALERT_SMTP_USER": ("ALERT_SMTP_PASSWORD",),
}


@dataclass(frozen=True)
class Problem:
    """A setting whose value cannot be meant; `what` repeats the value unless it is a secret."""

    name: str
    what: str


def problem(name: str, value: str) -> Problem | None:
    """What is wrong with a setting's value; nothing with a blank one, which stands for the default."""
    rule = RULES.get(name, text)
    reason = rule(value) if value.strip() else ""
    if not reason:
        return None
    is_hidden = rule in (secret, secret_url)
    said = "" if is_hidden else f"={_shown(value)}"
    return Problem(name, f"{name}{said} is {reason}")


def missing_beside(values: Mapping[str, str]) -> list[Problem]:
    """Settings that have a value, but not what they need beside it."""
    found = []
    for name, needs in NEEDS.items():
        unset = [need for need in needs if not values.get(need)]
        if values.get(name) and unset:
            found.append(Problem(name, f"{name} needs {' and '.join(unset)} beside it"))
    return found


def unknown_names(names: Iterable[str]) -> list[Problem]:
    """Names that are no setting, each with the nearest one."""
    return [
        Problem(name, f"{name} is not a setting{did_you_mean(name, RULES)}")
        for name in names
        if name not in RULES and name not in OTHERS and not name.startswith(OTHER_PREFIXES)
    ]


def _shown(value: str) -> str:
    """Show a value on one line, whatever it holds."""
    plain = "".join(each if each.isprintable() else "�" for each in value)
    return plain if len(plain) <= 80 else f"{plain[:79]}…"
