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
        """Return delta-rs's storage options; empty for a folder."""
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
        """Return the files of a folder of this tree, by relative path; `uri` begins with the tree's own."""
        filesystem, root = self._filesystem
        return fs.SubTreeFileSystem(root + uri.removeprefix(self.uri), filesystem)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file atomically: a reader sees all of it or nothing."""
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
        """Open a stream into a new file, for content that does not fit in memory; the caller closes it."""
        filesystem, root = self._filesystem
        target = f"{root}/{path}"
        if not self._is_in_s3:
            filesystem.create_dir(target.rpartition("/")[0], recursive=True)
        return filesystem.open_output_stream(target)

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises:
            FileNotFoundError: when there is none.
        """
        filesystem, root = self._filesystem
        with filesystem.open_input_stream(f"{root}/{path}") as stream:
            return bytes(stream.read())

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; empty when there is no such folder."""
        filesystem, root = self._filesystem
        selector = fs.FileSelector(f"{root}/{folder}", allow_not_found=True)
        return sorted(info.base_name for info in filesystem.get_file_info(selector))

    def delete_folder(self, folder: str) -> None:
        """Delete a folder and its content; do nothing if it does not exist."""
        filesystem, root = self._filesystem
        if filesystem.get_file_info(f"{root}/{folder}").type is not fs.FileType.NotFound:
            filesystem.delete_dir(f"{root}/{folder}")
