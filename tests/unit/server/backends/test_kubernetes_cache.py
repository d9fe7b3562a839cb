"""What the cache of a watch knows after what it was told, in whatever order that came."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes.aio.client import Configuration

from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_cache import ObjectCache
from tests.unit.server.backends.test_objects import a_raw_model


def told(story: Callable[[ObjectCache], None]) -> None:
    """Tell a story to a cache that is not connected."""

    async def run() -> None:
        api = KubernetesApi(Configuration())
        story(ObjectCache(api, "Model", None, lambda _: None))
        await api.close()

    asyncio.run(run())


def budget(cache: ObjectCache) -> str | None:
    """Return the budget of the Model that the cache knows, None where it knows none."""
    entry = cache.find("vision", "shelf")
    return None if entry is None or entry.stored is None else getattr(entry.stored.spec, "budget", None)


def version(number: int, text: str, **metadata: Any) -> dict[str, Any]:
    return a_raw_model(version=str(number), spec={"budget": text}, metadata=metadata)


@pytest.mark.parametrize("numbers", [(9, 10), (10, 9)], ids=["in order", "an old event after an own write"])
def test_the_newest_version_counts_as_a_number(numbers: tuple[int, int]) -> None:
    def story(cache: ObjectCache) -> None:
        for number in numbers:
            cache.put(version(number, f"{number}m"))
        assert budget(cache) == "10m"

    told(story)


def test_what_this_process_has_deleted_does_not_come_back_by_late_events() -> None:
    def story(cache: ObjectCache) -> None:
        cache.put(version(5, "5m"))
        cache.forget("vision", "shelf", "u-1")
        assert cache.put(version(6, "6m")) is None
        assert budget(cache) is None
        cache.put(version(9, "9m", uid="u-2"))
        assert budget(cache) == "9m"

    told(story)


def test_forgetting_an_object_leaves_its_successor() -> None:
    def story(cache: ObjectCache) -> None:
        cache.put(version(9, "9m", uid="u-2"))
        cache.forget("vision", "shelf", "u-1")
        assert budget(cache) == "9m"

    told(story)


def test_a_version_that_can_be_read_again_replaces_one_that_cannot() -> None:
    def story(cache: ObjectCache) -> None:
        cache.put(a_raw_model(version="1", spec={"task": "poet"}))
        entry = cache.find("vision", "shelf")
        assert entry is not None
        assert "spec.task" in entry.problem
        assert cache.list_all("vision") == []
        cache.put(version(2, "2m"))
        assert [model.name for model in cache.list_all("vision")] == ["shelf"]

    told(story)
