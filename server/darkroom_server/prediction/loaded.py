"""Models that are loaded: opened on first use, kept up to a memory limit, and what they say about an image.

Owns which are kept: the least recently used goes first. Must not know HTTP routes, or where the files come from.
"""

import asyncio
import logging
import pathlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_predict.description import ONNX_NAME, ModelDescription
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.onnx_predictor import OnnxPredictor, open_onnx
from darkroom_server.backends.backend import Backend, NotThere, Refused, Stored, Unavailable
from darkroom_server.config import PredictionLimits
from darkroom_server.prediction.failures import ModelAway, ModelUnfit
from darkroom_server.prediction.workers import Workers
from darkroom_server.resources.names import find_rest_name

LOGGER: Final = logging.getLogger("darkroom_server")
LOADING_AT_ONCE: Final = 4
"""Each takes scratch space and memory, before it is known whether there is room for it."""
Made = TypeVar("Made")
_THREADS_OF_A_MODEL: Final = 1
"""Images are computed side by side, each by one thread: with small models that is faster than all threads on each."""

_Key = tuple[str, str]
"""A Model's uid and the digest of its files: what another Model names never answers, though the files be the same."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory."""

    predictor: OnnxPredictor
    num_bytes: int
    """Of its file, which is about what it takes in memory."""


class LoadedModels:
    """Opens models on first use and keeps them. Belongs to one event loop."""

    def __init__(self, backend: Backend, limits: PredictionLimits) -> None:
        self._backend = backend
        self._limits = limits
        self._workers = Workers(limits.threads, limits.max_waiting, "predict")
        self._kept: OrderedDict[_Key, LoadedModel] = OrderedDict()
        self._opening: dict[_Key, asyncio.Task[LoadedModel]] = {}
        self._loading = asyncio.Semaphore(LOADING_AT_ONCE)

    @property
    def num_waiting(self) -> int:
        """Return how many predictions wait for a thread."""
        return self._workers.num_waiting

    @property
    def num_loaded(self) -> int:
        """Return how many models are in memory."""
        return len(self._kept)

    @property
    def loaded_bytes(self) -> int:
        """Return the size of their files."""
        return sum(model.num_bytes for model in self._kept.values())

    async def describe(self, model: Stored) -> ModelDescription:
        """Return what a Model that has succeeded says of itself; raises ModelUnfit and ModelAway."""
        return (await self._open(model)).predictor.description

    async def compute(self, model: Stored, job: Callable[[OnnxPredictor], Made]) -> Made:
        """Return what `job` makes with a Model that has succeeded, in a thread.

        Raises ModelUnfit, ModelAway, TooBusy, and what `job` does.
        """
        predictor = (await self._open(model)).predictor
        return await self._workers.run(lambda: job(predictor))

    async def _open(self, model: Stored) -> LoadedModel:
        assert isinstance(model.status, ModelStatus)
        if model.status.artifacts is None:
            raise ModelUnfit(f"Model {find_rest_name(model)} names no artifacts; train it again")
        key = (model.uid, model.status.artifacts.digest or "")
        if (found := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return found
        if key not in self._opening:
            self._opening[key] = asyncio.create_task(self._load(model, key))
        # Whoever goes away does not take the loading with them: others wait for the same.
        return await asyncio.shield(self._opening[key])

    async def _load(self, model: Stored, key: _Key) -> LoadedModel:
        try:
            async with self._loading:
                self._keep(key, await self._read(model))
        except ModelUnusable as error:
            raise ModelUnfit(f"Model {find_rest_name(model)}: its {ONNX_NAME} cannot be run by this version") from error
        finally:
            del self._opening[key]
        return self._kept[key]

    async def _read(self, model: Stored) -> LoadedModel:
        with tempfile.TemporaryDirectory(prefix="darkroom-model-") as name:
            folder = pathlib.Path(name)
            await self._fetch(model, folder)
            size = (folder / ONNX_NAME).stat().st_size
            self._check_room(model, size)
            predictor = await asyncio.to_thread(open_onnx, folder / ONNX_NAME, _THREADS_OF_A_MODEL)
        return LoadedModel(predictor, size)

    async def _fetch(self, model: Stored, folder: pathlib.Path) -> None:
        name = find_rest_name(model)
        try:
            await self._backend.fetch_artifacts(model, [ONNX_NAME], folder)
        except (NotThere, Refused) as problem:
            # The address of the files is told by the Model's own status to whoever may read that.
            LOGGER.warning("Model %s/%s: %s", model.namespace, model.name, problem)
            message = (
                f"Model {name} has no {ONNX_NAME} that can be used; a training whose budget ends too soon writes none: "
                "write it with `darkroom export`, or train with a larger budget"
            )
            raise ModelUnfit(message) from problem
        except Unavailable as problem:
            raise ModelAway(f"Model {name}: its files cannot be reached now; try again") from problem

    def _check_room(self, model: Stored, num_bytes: int) -> None:
        if num_bytes > self._limits.memory_bytes:
            name, limit = find_rest_name(model), self._limits.memory_bytes
            message = f"Model {name} has {num_bytes:,} bytes, and {limit:,} are kept in memory; raise the limit"
            raise ModelUnfit(message)

    def _keep(self, key: _Key, model: LoadedModel) -> None:
        """Keep a model; of the same Model no older files, and of the others as many as there is room for."""
        for other in [other for other in self._kept if other[0] == key[0]]:
            del self._kept[other]
        while self._kept and self.loaded_bytes + model.num_bytes > self._limits.memory_bytes:
            self._kept.popitem(last=False)
        self._kept[key] = model
