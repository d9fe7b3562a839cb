"""A scratch disk that is full: how it shows, and what its user has to change. Must not delete anything."""

import contextlib
import errno
import pathlib
import shutil


def is_full(error: Exception) -> bool:
    """Return whether an exception means that a local disk, or a quota on it, holds no more."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def describe(work: pathlib.Path) -> str:
    """Return what to enlarge where the scratch folder `work` holds no more."""
    size = ""
    with contextlib.suppress(OSError):
        usage = shutil.disk_usage(work)
        size = f" ({usage.free / (1 << 20):,.0f} MiB of {usage.total / (1 << 30):,.1f} GiB are free)"
    return f"computeClasses.<class>.ephemeralStorage: the disk below {work} is full{size}; give the class more"
