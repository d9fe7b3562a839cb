"""Resources by their REST names."""

import asyncio
import pathlib

from darkroom_server.backends.local_backend import LocalBackend
from darkroom_server.resources.lookup import find_evaluation, find_resource, list_evaluations
from darkroom_server.resources.names import build_metadata, build_object_name
from tests.support.server.backend_stories import DATASET, MODEL, a_manifest


def test_an_object_made_for_a_name_comes_before_one_of_that_name(tmp_path: pathlib.Path) -> None:
    async def look() -> None:
        backend = LocalBackend(tmp_path)
        plain = await backend.create("Dataset", "default", a_manifest("Dataset", "fruit", DATASET))
        assert await find_resource(backend, "Dataset", "default", "fruit") == plain
        made = a_manifest("Dataset", "", DATASET)
        made["metadata"] = build_metadata("fruit")
        stored = await backend.create("Dataset", "default", made)
        assert await find_resource(backend, "Dataset", "default", "fruit") == stored
        # Under the name that was made up for it nobody knows it.
        assert await find_resource(backend, "Dataset", "default", build_object_name("fruit")) is None
        backend.close()

    asyncio.run(look())


def test_an_evaluation_is_found_below_its_own_model_only(tmp_path: pathlib.Path) -> None:
    async def look() -> None:
        backend = LocalBackend(tmp_path)
        one = await backend.create("Model", "default", a_manifest("Model", "one", MODEL))
        two = await backend.create("Model", "default", a_manifest("Model", "two", MODEL))
        spec = {"model": "one", "dataset": "fruit"}
        made = await backend.create("Evaluation", "default", a_manifest("Evaluation", "june", spec))
        assert await find_evaluation(backend, one, "june") == made
        assert await find_evaluation(backend, two, "june") is None
        assert (await list_evaluations(backend, one), await list_evaluations(backend, two)) == ([made], [])
        backend.close()

    asyncio.run(look())
