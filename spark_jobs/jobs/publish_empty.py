"""Publish every mart without rows before the first run, so that dashboards open and show "no data"."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.model import Layer
from contracts.registry import tables_of
from spark_jobs.errors import exit_code
from spark_jobs.settings import settings
from spark_jobs.warehouse.empty_release import publish_empty


def main(argv: Sequence[str] | None = None) -> int:
    """Publish empty marts; do nothing where marts are already published."""
    argparse.ArgumentParser(prog="publish_empty", description=__doc__).parse_args(argv)
    if publish_empty(settings(), tables_of(Layer.GOLD)):
        print("empty marts are served until the first run")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
