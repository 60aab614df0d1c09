"""Settings: each is declared once, with its name, rule, default, meaning and readers.

`.env.example`, docs/settings.md and the environment blocks of docker-compose.yml are generated from it.
Standard library only: `make up` checks `.env` with it before anything is installed.
"""

from contracts.settings.checks import NEEDS, Problem, missing_beside, problem, unknown_names
from contracts.settings.declared import DRAWN, RULES, SECTIONS, SETTINGS, default, read_by
from contracts.settings.model import HERE, Audience, Section, Setting
from contracts.settings.rules import secret

__all__ = [
    "DRAWN",
    "HERE",
    "NEEDS",
    "RULES",
    "SECTIONS",
    "SETTINGS",
    "Audience",
    "Problem",
    "Section",
    "Setting",
    "default",
    "missing_beside",
    "problem",
    "read_by",
    "secret",
    "unknown_names",
]
