"""Work on shelves in a thread: one caller cannot have it all."""

import threading
from concurrent.futures import ThreadPoolExecutor

from darkroom_server.app import build_app
from darkroom_server.config import ServerConfig, ShelfLimits
from tests.support.server.parts import KEY, some_parts
from tests.support.server.running import running, send
from tests.support.shelf.drawn_shelves import a_planogram, see_all, write_planogram, write_result

BODY = {"planogram": write_planogram(a_planogram()), "detectedProducts": write_result(see_all(a_planogram()))}
PATH = "/computervision/planogramcompliance:match?api-version=2023-04-01-preview"


def test_more_than_may_wait_is_429_with_the_time_to_come_again() -> None:
    parts = some_parts(config=ServerConfig(shelf=ShelfLimits(threads=1, max_waiting=0)))
    free = threading.Event()
    parts.shelf_workers._pool.submit(free.wait)
    with running(build_app(parts)) as address, ThreadPoolExecutor(2) as callers:
        first, second = (callers.submit(send, address, PATH, BODY, {"Ocp-Apim-Subscription-Key": KEY}) for _ in "12")
        while not (first.done() or second.done()):
            pass
        free.set()
        answers = sorted((first.result(), second.result()), key=lambda answer: answer.status)
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "1"
