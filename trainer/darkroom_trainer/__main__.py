"""`python -m darkroom_trainer`: takes hold of SIGTERM, then imports the rest.

Owns the first milliseconds of a trainer pod. Imports the standard library's signal handling only: the kernel drops a
signal that PID 1 has no handler for yet, and the pod would then run into its SIGKILL.
"""

import os
import signal
import sys
import threading


def main() -> int:
    """Run the process with a stop event that SIGTERM sets from now on."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    from darkroom_trainer.commands.process import run_process

    return run_process(sys.argv[1:], stop)


def leave(code: int) -> None:
    """End at once: taking torch apart takes the interpreter two seconds, in which the devices stay held."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
