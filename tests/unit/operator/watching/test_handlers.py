"""What kopf is told to do: its settings, what each watch selects, and what becomes of an event."""

import asyncio
import copy
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


def test_kopf_compares_no_objects_and_keeps_nothing_in_them() -> None:
    storage = build_settings(Known()).persistence.diffbase_storage
    body = kopf.Body({"metadata": {"name": "fruit"}, "spec": {"task": "classifier"}})
    assert storage.build(body=body) == {}


def test_every_event_of_every_watch_is_taken_in() -> None:
    taken: list[Any] = []
    cluster: Any = None
    registry: Any = build_registry(lambda *event: taken.append(event), cluster, stop)
    handlers = registry._watching.get_all_handlers()
    assert [handler.param for handler in handlers] == [*WATCHED, WARNINGS]
    for handler in handlers:
        event = {"type": "ADDED", "object": {"kind": handler.param.kind}}
        asyncio.run(handler.fn(event=event, param=handler.param, name="fruit"))
    assert taken == [(resource, "ADDED", {"kind": resource.kind}) for resource in (*WATCHED, WARNINGS)]


def test_kopf_keeps_of_an_object_that_was_taken_in_only_what_names_it() -> None:
    taken: list[Any] = []
    cluster: Any = None
    registry: Any = build_registry(lambda *event: taken.append(copy.deepcopy(event)), cluster, stop)
    named = {"name": "fruit", "uid": "u", "resourceVersion": "7", "finalizers": ["of/another"]}
    unbounded = {part: {"a": "b"} for part in ("labels", "annotations", "ownerReferences", "managedFields")}
    event = {"type": None, "object": {"kind": "Pod", "metadata": {**named, **unbounded}, "spec": {}, "status": {}}}
    whole = copy.deepcopy(event["object"])
    (handler,) = [one for one in registry._watching.get_all_handlers() if one.param is PODS]
    asyncio.run(handler.fn(event=event, param=PODS))
    assert taken == [(PODS, None, whole)]
    assert event["object"] == {"kind": "Pod", "metadata": named}


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
    build_registry(lambda *_: None, cluster, stop)
    assert asyncio.run(fetch()) == [((), "12")]
    assert known.begun == [(JOBS, namespace)]


class Known:
    """Somebody who knows everything as of version 12, and nothing that comes later."""

    def __init__(self) -> None:
        self.begun: list[tuple[Resource, str | None]] = []

    async def begin_watch(self, resource: Resource, namespace: str | None) -> int:
        """Note who begins."""
        self.begun.append((resource, namespace))
        return 12

    def is_news(self, _resource: Resource, _event_type: str, raw: dict[str, Any]) -> bool:
        """Compare the version."""
        return int(raw["metadata"]["resourceVersion"]) > 12


async def stop() -> None:
    """End nothing."""
