"""Create the environments from their locks: `python3 -m deploy.env.environments platform superset dev`.

It runs before anything is installed, so it uses the standard library only. An environment with an unchanged
lock is left alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storefront import posthog_js

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".shoplake"
LOCKS = ROOT / "requirements"
# Oldest and newest Python (exclusive) for which every locked package has a wheel.
PYTHON = ">=3.11,<3.13"
# A lock that extends another environment has none of its own.
ENVIRONMENT_OF = {
    "platform": "platform",
    "dev": "platform",
    "superset": "superset",
    "node": "node",
    "s3": "s3",
}
# The scripts of the storefront's pages; their lock is npm's.
STOREFRONT = "storefront"


def main(names: list[str]) -> int:
    """Bring the environments of the named locks up to date; several are created in parallel."""
    todo = [name for name in names if not _is_current(name)]
    if not todo:
        return 0
    try:
        uv = _uv()
        if STOREFRONT in todo:
            todo.remove(STOREFRONT)
            _install_pages(uv)
        with ThreadPoolExecutor() as pool:
            groups = [
                [name for name in todo if ENVIRONMENT_OF[name] == env] for env in set(ENVIRONMENT_OF.values())
            ]
            for done in [pool.submit(_install_all, uv, group) for group in groups]:
                done.result()
    except subprocess.CalledProcessError as error:
        print(f"✗ {_last_lines(error)}\nNext: check the network, then run make again.", file=sys.stderr)
        return 1
    return 0


def _uv() -> Path:
    """Return uv itself, of the version and hash in requirements/tools.txt."""
    tools, lock = STATE / "tools", LOCKS / "tools.txt"
    uv = tools / "bin" / "uv"
    if (
        uv.exists()
        and _stamp(tools, "tools").exists()
        and _stamp(tools, "tools").read_text() == _digest(lock)
    ):
        return uv
    if sys.version_info < (3, 11):  # noqa: UP036 — it runs with whatever python3 is
        raise SystemExit("✗ Python 3.11 or newer is needed. Next: make demo PYTHON=python3.11")
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(tools)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise SystemExit("✗ Python cannot make environments here. Next: sudo apt-get install -y python3-venv")
    _run([str(tools / "bin" / "python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)])
    _stamp(tools, "tools").write_text(_digest(lock))
    return uv


def _install_all(uv: Path, names: list[str]) -> None:
    for name in names:
        began = time.monotonic()
        environment = STATE / "envs" / ENVIRONMENT_OF[name]
        python = environment / "bin" / "python"
        if not python.exists():
            _run(
                [str(uv), "venv", "-q", "--python", PYTHON, "--python-preference", "system", str(environment)]
            )
        lock = str(LOCKS / f"{name}.txt")
        install = [str(uv), "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", lock]
        # Cached files are as good as the registry's, since the lock has their hashes: this works without a
        # network, too, and PySpark, a source package, is not rebuilt where a proxy changes the age of its
        # files.
        if subprocess.run([*install, "--offline"], capture_output=True, check=False).returncode != 0:
            _run(install)
        _stamp(environment, name).write_text(_digest(LOCKS / f"{name}.txt"))
        print(f"✓ Environment {name} {time.monotonic() - began:.1f} s", flush=True)


def _install_pages(uv: Path) -> None:
    """Install posthog-js for the storefront's pages; without it they work, untracked."""
    began, target = time.monotonic(), STATE / "envs" / STOREFRONT
    try:
        posthog_js.fetch(target / "posthog.js", npm(uv))
    except (subprocess.CalledProcessError, OSError) as error:
        reason = _last_lines(error) if isinstance(error, subprocess.CalledProcessError) else error
        print(
            f"The storefront's pages will not be tracked, as posthog-js is missing: {reason}", file=sys.stderr
        )
        return
    _stamp(target, STOREFRONT).write_text(_digest(_lock(STOREFRONT)))
    print(f"✓ Environment {STOREFRONT} {time.monotonic() - began:.1f} s", flush=True)


def npm(uv: Path | None = None) -> str:
    """Return the machine's npm, or else that of the wheel in requirements/node.txt."""
    if found := shutil.which("npm"):
        return found
    if not _is_current("node"):
        _install_all(uv or _uv(), ["node"])
    programs = STATE / "envs" / "node" / "bin"
    os.environ["PATH"] = f"{programs}:{os.environ.get('PATH', '')}"  # npm starts node by name
    return str(programs / "npm")


def _lock(name: str) -> Path:
    return posthog_js.LOCK if name == STOREFRONT else LOCKS / f"{name}.txt"


def _is_current(name: str) -> bool:
    stamp = _stamp(STATE / "envs" / ENVIRONMENT_OF.get(name, name), name)
    return stamp.exists() and stamp.read_text() == _digest(_lock(name))


def _stamp(environment: Path, name: str) -> Path:
    return environment / f".{name}.lock"


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _last_lines(error: subprocess.CalledProcessError) -> str:
    text = "\n".join((error.stderr or "").strip().splitlines()[-3:])
    return f"{Path(error.cmd[0]).name} {' '.join(error.cmd[1:3])} failed: {text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
