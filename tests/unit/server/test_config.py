"""Defaults: they fit each other."""

import os

from darkroom_server.config import ServerConfig


def test_one_image_is_the_services_own_limit_and_many_are_held_at_once() -> None:
    limits = ServerConfig().bodies
    assert limits.image_bytes == 20 * 1024 * 1024
    assert limits.held_bytes >= 4 * (limits.image_bytes * 4 // 3 + limits.json_bytes)


def test_there_are_as_many_threads_as_cpus_that_this_process_may_use() -> None:
    assert ServerConfig().prediction.threads == len(os.sched_getaffinity(0))
