"""What kopf is told to do: its settings, what each watch selects, and what becomes of an event."""

import asyncio
import itertools
from typing import Any

import kopf
import pytest
from kopf._cogs.clients import fetching

from darkroom_operator.api.resources import EVALUATIONS, JOBS, MODELS, PODS, WARNINGS, WATCHED, Resource
from darkroom_operator.watching.handlers import MAX_BACKOFF_SECONDS, EndlessBackoffs, build_registry, build_settings


def test_a_watch_is_tried_for_ever_with_short_pauses() -> None:
    pauses = list(itertools.islice(EndlessBackoffs(), 10_000))
    assert pauses[0] == 1
    assert max(pauses) == pauses[-1] == MAX_BACKOFF_SECONDS
    assert isinstance(build_settings(Known()).networking.error_backoffs, EndlessBackoffs)


def test_a_silent_watch_is_given_up_after_more_than_a_bookmarks_pause() -> None:
    settings = build_settings(Known())
    assert 60 < settings.watching.inactivity_timeout < (settings.watching.client_timeout or 0)


@pytest.mark.parametrize(
    ("resource", "labels", "fields"),
    [
        (MODELS, None, None),
        (EVALUATIONS, None, None),
        (JOBS, JOBS.selector, None),
        (PODS, PODS.selector, None),
        (WARNINGS, None, "type=Warning"),
    ],
    ids=lambda value: value.plural if isinstance(value, Resource) else "",
)
def test_a_watch_selects_on_the_api_servers_side(resource: Resource, labels: str | None, fields: str | None) -> None:
    watching, where = build_settings(Known()).watching, (resource.group, resource.version, resource.plural)
    assert watching.label_selectors.get(where) == labels
    assert watching.field_selectors.get(where) == fields


def test_kopf_watches_each_resource_by_one_handler() -> None:
    cluster: Any = None
    registry: Any = build_registry(cluster, stop)
    selected = [
        (handler.selector.group, handler.selector.any_name) for handler in registry._watching.get_all_handlers()
    ]
    assert selected == [(resource.group, resource.plural) for resource in (*WATCHED, WARNINGS)]


@pytest.mark.parametrize("namespace", [None, "vision"])
def test_kopf_is_given_no_objects_by_a_list_and_watches_from_where_the_operators_list_ended(
    namespace: str | None,
) -> None:
    known = Known()

    async def fetch() -> list[Any]:
        fetch_objs: Any = fetching.fetch_objs
        settings, resource = build_settings(known), kopf.Resource("batch", "v1", "jobs")
        return [page async for page in fetch_objs(settings=settings, resource=resource, namespace=namespace, logger=0)]

    cluster: Any = None
    build_registry(cluster, stop)
    assert asyncio.run(fetch()) == [((), "12")]
    assert known.begun == [(JOBS, namespace)]


class Known:
    """Somebody who knows everything as of version 12, and is told what comes later."""

    def __init__(self) -> None:
        self.begun: list[tuple[Resource, str | None]] = []
        self.taken: list[tuple[Resource, str, dict[str, Any]]] = []

    async def begin_watch(self, resource: Resource, namespace: str | None) -> int:
        """Note who begins."""
        self.begun.append((resource, namespace))
        return 12

    def take_in(self, resource: Resource, event_type: str, raw: dict[str, Any]) -> None:
        """Note an event; one without a version is a bug."""
        assert raw["metadata"]["resourceVersion"]
        self.taken.append((resource, event_type, raw))


async def stop() -> None:
    """End nothing."""
