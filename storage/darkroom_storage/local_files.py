"""`file:` URIs: the same calls on a local folder as on a bucket.

Must not do: know what files say, or credentials.
"""

import contextlib
import errno
import hashlib
import os
import pathlib
import shutil
import stat
import tempfile
import urllib.parse
from collections.abc import Iterator

from darkroom_storage.errors import AddressForbidden, ObjectMissing, ObjectTooLarge, PreconditionFailed, StorageRefused


def to_path(uri: str) -> pathlib.Path:
    """Return the path of a `file:` URI (`file:///a`, `file:/a`); AddressForbidden for another host's."""
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise AddressForbidden(
            uri, f"{parts.netloc!r} is read as a host; write file:FOLDER/NAME, or file:///FOLDER/NAME for a full path"
        )
    path = uri.removeprefix("file:").removeprefix("//").removeprefix(parts.netloc)
    return pathlib.Path(urllib.parse.unquote(path))


def to_uri(path: pathlib.Path) -> str:
    """Return the `file:` URI of `path`."""
    return path.absolute().as_uri()


def resolve_uri(uri: str, folder: pathlib.Path) -> str:
    """Return `uri` with a relative `file:` path made absolute below `folder`; everything else as it is.

    A final slash stays: it matters in a prefix.
    """
    if not uri.startswith("file:") or uri.startswith("file:/"):
        return uri
    path = (folder / urllib.parse.unquote(uri.removeprefix("file:"))).resolve()
    return to_uri(path) + ("/" if uri.endswith("/") else "")


def read_file(uri: str, limit_bytes: int) -> bytes:
    """Return the bytes of a file; raises ObjectMissing, StorageRefused, ObjectTooLarge."""
    path = to_path(uri)
    # Without waiting: the other end of a pipe may never come.
    with _explained(uri), open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if stat.S_ISDIR(found.st_mode):
            raise ObjectMissing(uri, "it is a folder")
        if not stat.S_ISREG(found.st_mode):
            raise AddressForbidden(uri, "it is a device or a pipe, not a file; put the image there")
        if found.st_size > limit_bytes:
            raise ObjectTooLarge(uri, f"{found.st_size:,} bytes, at most {limit_bytes:,} are read")
        # Not as much as the limit allows: Python sets aside all that a read asks for.
        data = file.read(found.st_size + 1)
    if len(data) > limit_bytes:
        raise ObjectTooLarge(uri, f"more than {limit_bytes:,} bytes")
    return data


def hash_bytes(data: bytes) -> tuple[int, str]:
    """Return size and MD5, as `hash_file` does."""
    return len(data), hashlib.md5(data, usedforsecurity=False).hexdigest()


def hash_file(uri: str) -> tuple[int, str]:
    """Return size and MD5 of a file: what an S3 service gives as size and ETag of the same bytes."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    with _explained(uri), to_path(uri).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def write_file(uri: str, data: bytes, *, if_absent: bool) -> None:
    """Write a file whole or not at all; with `if_absent`, PreconditionFailed where it exists."""
    path = to_path(uri)
    with _explained(uri):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
            part.write(data)
        _publish(uri, pathlib.Path(part.name), path, if_absent=if_absent)


def copy_file(source: pathlib.Path, uri: str) -> None:
    """Copy a local file to a `file:` URI, whole or not at all."""
    path = to_path(uri)
    with _explained(uri):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".part-{path.name}")
        shutil.copyfile(source, part)
        part.replace(path)


def replace_file(source: pathlib.Path, uri: str, etag: str | None) -> None:
    """Copy a local file over the file that has `etag` (None: over nothing); PreconditionFailed for another one."""
    if etag is None:
        write_file(uri, source.read_bytes(), if_absent=True)
    elif hash_file(uri)[1] != etag:
        raise PreconditionFailed(uri)
    else:
        copy_file(source, uri)


def _publish(uri: str, part: pathlib.Path, path: pathlib.Path, *, if_absent: bool) -> None:
    part.chmod(0o666 & ~_read_umask())
    if not if_absent:
        part.replace(path)
        return
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise PreconditionFailed(uri) from error
    finally:
        part.unlink(missing_ok=True)


def _read_umask() -> int:
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def find_size(uri: str) -> int:
    """Return the size of a file in bytes."""
    with _explained(uri):
        return to_path(uri).stat().st_size


def iterate_files(prefix_uri: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield URI and stat of all files whose path begins with the prefix, as a bucket lists keys, in no order.

    Memory holds the folders on the way to one file, each of which the system lists in parts. Links to folders are not
    entered, and those that may not be read are passed over.
    """
    prefix = str(to_path(prefix_uri)) + ("/" if prefix_uri.endswith("/") else "")
    return _list(os.path.dirname(prefix), prefix)


def _list(folder: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.path.startswith(prefix):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _list(entry.path, prefix)
            elif (found := _measure(entry)) is not None:
                yield to_uri(pathlib.Path(entry.path)), found


def _measure(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """Return what the system says of a file, None for what is none, or is gone by now."""
    try:
        found = entry.stat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def delete_file(uri: str) -> None:
    """Delete a file; nothing happens where there is none."""
    with _explained(uri):
        to_path(uri).unlink(missing_ok=True)


class _explained(contextlib.AbstractContextManager[None]):
    """Turns the system's errors into storage errors that name the URI."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise ObjectMissing(self._uri) from error
        if isinstance(error, IsADirectoryError):
            raise ObjectMissing(self._uri, "it is a folder") from error
        if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            raise ObjectMissing(self._uri, str(error.strerror)) from error
        if isinstance(error, OSError):
            raise StorageRefused(self._uri, str(error.strerror or error)) from error
