"""`python -m darkroom_trainer.parallel`: the process of a further device, from its first instruction on.

Owns that it ends with the process that started it, also while torch is being imported or in the middle of a step.
"""

import gc
import os
import select
import sys
import threading
from multiprocessing.connection import Connection


def _end_with(channel: Connection) -> None:
    """End this process once the other end of the channel is closed."""
    ends = select.poll()
    ends.register(channel.fileno(), 0)
    ends.poll()
    os._exit(0)


def main() -> int:
    """Follow the orders that come through the open file whose number is the argument."""
    channel = Connection(int(sys.argv[1]))
    threading.Thread(target=_end_with, args=(channel,), daemon=True).start()
    from darkroom_trainer.parallel import orders
    from darkroom_trainer.parallel.worker import work

    gc.freeze()  # as the first device's process does (commands.beginning): what is loaded by now is no garbage
    channel.send(orders.Ready())
    return work(channel)


if __name__ == "__main__":
    os._exit(main())
