"""`volume:` addresses: files of a claim that is mounted, read below its root and nowhere else.

Owns how a path is walked: folder by folder from an open root, so that no symbolic link leads out of the claim, not even
one that is put there meanwhile. Must not do: write, or know what files say.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Final

from darkroom_api.names import VOLUME_SCHEME
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import (
    AddressForbidden,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)

MAX_LINKS: Final = 40
"""As many symbolic links a path may lead through; Linux takes as many."""
MAX_DEPTH: Final = 64
"""So many folders within each other are listed: each holds a handle."""
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_NO_SUCH_PLACE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM})


def read_file(access: StorageAccess, uri: str, limit_bytes: int) -> bytes:
    """Return the bytes of a file.

    Raises ObjectMissing, StorageRefused, StorageUnreachable, AddressForbidden, ObjectTooLarge.
    """
    with _explained(uri), _opened(_walk(access, uri, split_path(uri))) as handle:
        size = _check_file(uri, handle)
        if size > limit_bytes:
            raise ObjectTooLarge(uri, f"{size:,} bytes, at most {limit_bytes:,} are read")
        with open(handle, "rb", closefd=False) as file:
            data = file.read(size + 1)
    if len(data) > limit_bytes:
        raise ObjectTooLarge(uri, f"more than {limit_bytes:,} bytes")
    return data


def find_size(access: StorageAccess, uri: str) -> int:
    """Return the size of a file in bytes, with the errors of `read_file`."""
    with _explained(uri), _opened(_walk(access, uri, split_path(uri))) as handle:
        return _check_file(uri, handle)


def iterate_files(access: StorageAccess, prefix_uri: str) -> Iterator[tuple[str, int]]:
    """Yield address and size of all files whose path begins with the prefix, in no order.

    Memory holds the folders on the way to one file, each of which the system lists in parts. Links to folders are not
    entered. A link to a file has the size of that file, or 0 where it leaves the claim: whoever reads it learns why.
    """
    parts = split_path(prefix_uri)
    beginning = "" if not parts or prefix_uri.endswith("/") else parts.pop()
    with _explained(prefix_uri):
        try:
            with _opened(_walk(access, prefix_uri, parts)) as handle:
                yield from _list(access, handle, parts, beginning)
        except (FileNotFoundError, NotADirectoryError):
            return


def split_path(uri: str) -> list[str]:
    """Return the names on the way from the root of the claim; they are taken literally, nothing is decoded."""
    parts = [part for part in uri.removeprefix(VOLUME_SCHEME).split("/") if part not in ("", ".")]
    if ".." in parts:
        raise AddressForbidden(uri, "it leaves its folder with ..; give the path from the root of the claim")
    try:
        uri.encode()
    except UnicodeEncodeError as error:
        raise AddressForbidden(uri, "its name is no Unicode text; rename the file") from error
    if "\0" in uri:
        raise AddressForbidden(uri, "its name holds a NUL character; rename the file")
    return parts


def to_uri(parts: Sequence[str]) -> str:
    """Return the one spelling of an address."""
    return VOLUME_SCHEME + "/".join(parts)


def _walk(access: StorageAccess, uri: str, parts: Sequence[str]) -> int:
    """Return a handle of what is at a path, for the caller to close; raises OSError and AddressForbidden."""
    if access.volume_dir is None:
        raise AddressForbidden(
            uri, "no volume is mounted for it; name its PersistentVolumeClaim in storage.volumeClaim"
        )
    held = [os.open(access.volume_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    pending, links = list(reversed(parts)), 0
    try:
        while pending:
            name = pending.pop()
            if name == ".." and len(held) == 1:
                raise _refuse_exit(uri)
            if name == "..":
                os.close(held.pop())
            elif name not in ("", "."):
                try:
                    held.append(os.open(name, _FLAGS, dir_fd=held[-1]))
                except OSError as error:
                    links += 1
                    if error.errno != errno.ELOOP or links > MAX_LINKS:
                        raise
                    pending += _follow(uri, name, held[-1])
        return held.pop()
    finally:
        for handle in held:
            os.close(handle)


def _follow(uri: str, name: str, folder: int) -> list[str]:
    """Return where a link leads from its folder, the last name first."""
    target = os.readlink(name, dir_fd=folder)
    if target.startswith("/"):
        raise _refuse_exit(uri)
    return target.split("/")[::-1]


def _refuse_exit(uri: str) -> AddressForbidden:
    return AddressForbidden(uri, "a symbolic link on its way leads out of the claim; put the file itself there")


def _check_file(uri: str, handle: int) -> int:
    """Return the size of a file; ObjectMissing for a folder, AddressForbidden for a device or a pipe."""
    found = os.fstat(handle)
    if stat.S_ISDIR(found.st_mode):
        raise ObjectMissing(uri, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise AddressForbidden(uri, "it is a device or a pipe, not a file; put the file itself there")
    return found.st_size


def _list(access: StorageAccess, folder: int, parts: list[str], beginning: str = "") -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            inner = [*parts, os.fsencode(entry.name).decode("utf-8", "backslashreplace")]
            if not inner[-1].startswith(beginning):
                continue
            if entry.is_dir(follow_symlinks=False):
                if len(inner) > MAX_DEPTH:
                    raise AddressForbidden(to_uri(inner), f"it lies in more than {MAX_DEPTH} folders; move it up")
                with _explained(to_uri(inner)), _opened(os.open(entry.name, _FLAGS, dir_fd=folder)) as handle:
                    yield from _list(access, handle, inner)
            else:
                size = _measure(access, entry, to_uri(inner))
                if size is not None:
                    yield to_uri(inner), size


def _measure(access: StorageAccess, entry: "os.DirEntry[str]", uri: str) -> int | None:
    """Return the size of a file, None for what is none, or is gone by now."""
    try:
        if entry.is_symlink():
            return find_size(access, uri)
        found = entry.stat(follow_symlinks=False)
        return found.st_size if stat.S_ISREG(found.st_mode) else None
    except (ObjectMissing, FileNotFoundError):
        return None
    except StorageError:
        return 0


@contextlib.contextmanager
def _opened(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _explained(uri: str) -> Iterator[None]:
    """Turn the system's errors into storage errors that name the address."""
    try:
        yield
    except OSError as error:
        said = str(error.strerror or error)
        if error.errno in _NO_SUCH_PLACE:
            raise ObjectMissing(uri, "" if error.errno in (errno.ENOENT, errno.ENOTDIR) else said) from error
        if error.errno in _DENIED:
            raise StorageRefused(uri, f"{said}: {_advise_permissions()}") from error
        raise StorageUnreachable(uri, said) from error


def _advise_permissions() -> str:
    groups = sorted({os.getegid(), *os.getgroups()})
    return (
        f"this run is user {os.geteuid()} of the groups {', '.join(map(str, groups))}; let one of them read the files "
        f"and enter the folders, as by `chgrp -R {groups[-1]} .` and `chmod -R g+rX .` in a pod that writes to the "
        "claim"
    )
