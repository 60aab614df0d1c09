"""What must be true of the machine before the servers start: Java, memory, disk, ports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from local.settings import LocalError

JAVA_MINIMUM = 17


def find_java() -> Path:
    """The java program of JAVA_HOME or of PATH, at least version 17."""
    home = os.environ.get("JAVA_HOME")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    candidates += [found] if (found := shutil.which("java")) else []
    for candidate in candidates:
        if (java_version(candidate) or 0) >= JAVA_MINIMUM:
            return Path(candidate).resolve()
    raise LocalError(f"Java {JAVA_MINIMUM} or newer is needed.")


def java_version(java: str) -> int | None:
    """Major version of a java program; None if it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(match[1]) if match else None
