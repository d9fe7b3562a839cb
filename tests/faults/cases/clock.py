"""A wrong wall clock for one process: a shim before libc's clock, built with the machine's C compiler.

The monotonic clock stays as it is, as it does on a machine whose date is wrong.
"""

import pathlib
import shutil
import subprocess
from collections.abc import Callable
from typing import Final

from tests.faults.cluster.driver import Driver

Play = Callable[[Driver], None]
SOURCE: Final = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <sys/time.h>
static long offset(void) { const char *text = getenv("CLOCK_OFFSET_SECONDS"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, now);
    if (!failed && id == CLOCK_REALTIME) now->tv_sec += offset();
    return failed;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec read;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &read);
    now->tv_sec = read.tv_sec;
    now->tv_usec = read.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (now) *now = read.tv_sec;
    return read.tv_sec;
}
"""


def find_compiler() -> str | None:
    """Return the C compiler, None where there is none."""
    return shutil.which("cc")


def shift(folder: pathlib.Path, seconds: float) -> dict[str, str]:
    """Return the environment in which a program's clock is off by `seconds`."""
    library = folder / "clock.so"
    if not library.exists():
        command = [str(find_compiler()), "-shared", "-fPIC", "-O1", "-o", str(library), "-x", "c", "-", "-ldl"]
        subprocess.run(command, input=SOURCE, text=True, check=True, capture_output=True)
    return {"LD_PRELOAD": str(library), "CLOCK_OFFSET_SECONDS": str(int(seconds))}
