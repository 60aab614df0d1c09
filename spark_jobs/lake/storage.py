"""Files of the lake, on a disk or in an object store."""

from __future__ import annotations

from functools import cached_property

from pyarrow import NativeFile, fs

from spark_jobs.lake import object_store
from spark_jobs.settings import Settings, settings


class Storage:
    """A folder tree below one URI."""

    def __init__(self, uri: str, config: Settings | None = None) -> None:
        self.uri = uri.rstrip("/")
        self._config = config

    @cached_property
    def options(self) -> dict[str, str] | None:
        """How delta-rs reaches the tree; nothing for a folder."""
        return object_store.delta_options(self._config or settings()) if self._is_in_s3 else None

    @property
    def _is_in_s3(self) -> bool:
        return self.uri.startswith("s3a://")

    @cached_property
    def _filesystem(self) -> tuple[fs.FileSystem, str]:
        if self._is_in_s3:
            return object_store.filesystem(self._config or settings()), self.uri.removeprefix("s3a://")
        return fs.LocalFileSystem(), self.uri

    def below(self, uri: str) -> fs.SubTreeFileSystem:
        """The files of a folder of this tree, by paths within it; `uri` begins with the tree's own."""
        filesystem, root = self._filesystem
        return fs.SubTreeFileSystem(root + uri.removeprefix(self.uri), filesystem)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file so that a reader sees all of it or nothing."""
        filesystem, root = self._filesystem
        target = f"{root}/{path}"
        if self._is_in_s3:
            with filesystem.open_output_stream(target) as stream:
                stream.write(content)
            return
        filesystem.create_dir(target.rpartition("/")[0], recursive=True)
        with filesystem.open_output_stream(f"{target}.tmp") as stream:
            stream.write(content)
        filesystem.move(f"{target}.tmp", target)

    def output(self, path: str) -> NativeFile:
        """A stream into a new file, for content too large to hold; close it."""
        filesystem, root = self._filesystem
        target = f"{root}/{path}"
        if not self._is_in_s3:
            filesystem.create_dir(target.rpartition("/")[0], recursive=True)
        return filesystem.open_output_stream(target)

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: when there is none.
        """
        filesystem, root = self._filesystem
        with filesystem.open_input_stream(f"{root}/{path}") as stream:
            return bytes(stream.read())

    def names(self, folder: str) -> list[str]:
        """Names in a folder, sorted; empty when there is no such folder."""
        filesystem, root = self._filesystem
        selector = fs.FileSelector(f"{root}/{folder}", allow_not_found=True)
        return sorted(info.base_name for info in filesystem.get_file_info(selector))

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and what is in it; nothing when it is not there."""
        filesystem, root = self._filesystem
        if filesystem.get_file_info(f"{root}/{folder}").type is not fs.FileType.NotFound:
            filesystem.delete_dir(f"{root}/{folder}")
