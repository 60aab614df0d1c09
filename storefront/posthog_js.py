"""Fetch posthog-js with npm, as pinned by package-lock.json: `python -m storefront.posthog_js FILE`.

It uses the standard library only, because it runs before anything is installed. It keeps a single file, the
module for browsers, which needs no other package.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LOCK = Path(__file__).with_name("package-lock.json")
MODULE = "package/dist/module.no-external.js"


def fetch(target: Path, npm: str = "npm") -> None:
    """Write the module to `target`.

    Raises:
        OSError: if npm or the registry is not available, or the package differs from the lock file.
    """
    wanted = json.loads(LOCK.read_text())["packages"]["node_modules/posthog-js"]
    package = f"posthog-js@{wanted['version']}"
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", package, "--silent", "--pack-destination", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise OSError(f"npm cannot fetch {package}: {said[-1] if said else 'no reason given'}")
        (tarball,) = Path(folder).glob("*.tgz")
        packed = tarball.read_bytes()
    if wanted["integrity"] != "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode():
        raise OSError(f"{package} is not what package-lock.json says it is")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile(MODULE)
        if member is None:
            raise OSError(f"{package} has no {MODULE}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(member.read())


if __name__ == "__main__":
    try:
        fetch(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(str(error))
