"""Backup and restore of every volume with data, as of one moment, with checksums.

The stack is stopped meanwhile, so that databases, topic and lake are consistent.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.compose.docker import Compose, docker
from deploy.errors import DeployError

VOLUMES = ("mysql-data", "kafka-data", "postgres-data", "lake", "ledger")
MANIFEST, ENV = "manifest.json", "env"
CHUNK = 1 << 20
# A folder that no image has: Docker fills an empty volume with the image's files at the mount point.
MOUNT = "/volume"
# Rights to read and restore files of every user; no others, and no network.
TAR = (
    "run",
    "--rm",
    "-i",
    "--network",
    "none",
    "--user",
    "0",
    "--cap-drop",
    "ALL",
    "--cap-add",
    "DAC_OVERRIDE",
)
RESTORE = ("--cap-add", "CHOWN", "--cap-add", "FOWNER")


def backup(compose: Compose, folder: Path, resume: bool = True) -> Path:
    """Write the volumes into a new folder below `folder`; returns it.

    Services that ran before are started again; with `resume=False`, before an upgrade, only after a failure.

    Raises:
        DeployError: when there is nothing to save, or a volume cannot be read.
    """
    in_s3 = compose.settings.lake_in_s3
    wanted = [short for short in VOLUMES if not (in_s3 and short == "lake")]
    volumes = {short: name for short, name in compose.volumes().items() if short in wanted}
    if not volumes:
        raise DeployError("There is nothing to back up yet. Next: make up")
    target = folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
    draft = target.with_name(f"{target.name}.partial")
    draft.mkdir(parents=True, mode=0o700)
    was_running = any(each["State"] == "running" for each in compose.services())
    image, done = platform_image(compose), False
    try:
        compose.must("stop", every_profile=True)
        saved = {short: _save(name, image, draft / f"{short}.tar.gz") for short, name in volumes.items()}
        manifest = {
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "project": compose.project(),
            "images": {each["Service"]: each["Image"] for each in compose.services()},
            "volumes": saved,
            "lake_in_s3": in_s3,
        }
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        shutil.copy(compose.settings.env_file, draft / ENV)
        (draft / ENV).chmod(0o600)
        draft.rename(target)
        done = True
    finally:
        if was_running and (resume or not done):
            compose.must("up", "--detach", "--no-build", "--wait")
    if in_s3:
        print(
            f"The lake is in S3 ({in_s3}) and not part of this backup. Next: let the bucket keep versions;"
            f" a restore needs those of {manifest['created_at']}."
        )
    return target


def restore(compose: Compose, source: Path) -> None:
    """Restore the volumes; the stack is stopped, and `.env` is that of the backup.

    Raises:
        DeployError: before anything is deleted, when the backup is not complete.
    """
    manifest = verify(source)
    if lake := lake_in_s3(source):
        print(
            f"The lake is in S3 ({lake}) and stays as it is: this backup does not hold it. Next: bring the"
            f" bucket back to {manifest['created_at']}; a lake that is newer stops the stream and the run."
        )
    image, project = platform_image(compose), compose.project()
    compose.must("down", every_profile=True)
    there = compose.volumes()
    env_file = compose.settings.env_file
    if env_file.read_text() != (source / ENV).read_text():
        shutil.copy(env_file, env_file.with_name(".env.before-restore"))
        shutil.copy(source / ENV, env_file)
        env_file.chmod(0o600)
    for short in manifest["volumes"]:
        name = there.get(short, f"{project}_{short}")
        if short in there:
            docker("volume", "rm", name)
        labels = (f"com.docker.compose.project={project}", f"com.docker.compose.volume={short}")
        docker("volume", "create", *(part for label in labels for part in ("--label", label)), name)
        _load(name, image, source / f"{short}.tar.gz")


def verify(source: Path) -> dict[str, Any]:
    """Return the manifest of a backup, after checking that all files are there and unchanged.

    Raises:
        DeployError: naming the file that is missing or damaged.
    """
    manifest = _manifest(source)
    for short, expected in manifest["volumes"].items():
        path = source / f"{short}.tar.gz"
        if not path.exists() or _checksum(path) != expected["sha256"]:
            raise DeployError(
                f"{path} is missing or damaged; nothing was restored. Next: take another backup."
            )
    return manifest


def _manifest(source: Path) -> dict[str, Any]:
    if not (source / MANIFEST).exists():
        raise DeployError(f"{source} is no backup: it has no {MANIFEST}. Next: ls {source.parent}")
    manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text())
    return manifest


def lake_in_s3(source: Path) -> str:
    """Return the S3 address of the lake that a backup belongs to; empty if the backup contains the lake.

    Raises:
        DeployError: when it is not a backup.
    """
    return str(_manifest(source).get("lake_in_s3", ""))


def newest(folder: Path) -> Path:
    """Return the newest complete backup below a folder.

    Raises:
        DeployError: when there is none.
    """
    found = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    if not found:
        raise DeployError(f"There is no backup in {folder}. Next: make backup")
    return found[-1]


def confirm(question: str, read: Callable[[], str] = input) -> None:
    """Ask before data is lost.

    Raises:
        DeployError: unless the answer is yes.
    """
    print(f"{question} Type yes: ", end="", flush=True)
    try:
        answer = read()
    except EOFError:
        answer = ""
    if answer.strip() != "yes":
        raise DeployError("Nothing was changed.")


def platform_image(compose: Compose) -> str:
    """Return the name of the platform's image."""
    return str(compose.declared()["spark"]["image"])


def _save(volume: str, image: str, target: Path) -> dict[str, Any]:
    command = ["docker", *TAR, "--read-only", "-v", f"{volume}:{MOUNT}:ro", image]
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        done = subprocess.run(
            [*command, "tar", "-C", MOUNT, "--numeric-owner", "-cz", "."],
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode != 0:
        raise DeployError(f"The volume {volume} could not be read: {done.stderr.decode().strip()}")
    return {"bytes": target.stat().st_size, "sha256": _checksum(target)}


def _load(volume: str, image: str, source: Path) -> None:
    command = ["docker", *TAR, *RESTORE, "--read-only", "-v", f"{volume}:{MOUNT}", image]
    with source.open("rb") as file:
        done = subprocess.run(
            [*command, "tar", "-C", MOUNT, "--numeric-owner", "-xpz"],
            stdin=file,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode != 0:
        raise DeployError(
            f"The volume {volume} could not be written: {done.stderr.decode().strip()}."
            " Next: make restore-backup"
        )


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
