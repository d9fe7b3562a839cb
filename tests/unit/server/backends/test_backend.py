"""What every back end has to do, told to the one over a folder; `tests/faults` tells it to a cluster's."""

import asyncio
import pathlib

import pytest

from darkroom_server.backends import backend as interface
from darkroom_server.backends.local_backend import LocalBackend
from tests.support.server.backend_stories import STORIES, Story


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_local_folder_does_what_every_back_end_has_to(story: Story, tmp_path: pathlib.Path) -> None:
    backend = LocalBackend(tmp_path / "state")
    asyncio.run(_tell(story, backend))
    backend.close()


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_folder_says_the_same_after_a_restart(story: Story, tmp_path: pathlib.Path) -> None:
    before = LocalBackend(tmp_path / "state")
    asyncio.run(_tell(story, before))
    before.close()
    after = LocalBackend(tmp_path / "state")
    for kind in ("Dataset", "Model", "Evaluation"):
        for namespace in ("team-a", "team-b"):
            known = {item.name: item for item in before.store.list_all(kind, namespace)}
            found = {item.name: item for item in after.store.list_all(kind, namespace)}
            assert found == known
    after.close()


async def _tell(story: Story, backend: interface.Backend) -> None:
    await story(backend, "team-a", "team-b")
