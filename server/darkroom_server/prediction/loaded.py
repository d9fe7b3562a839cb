"""Models that are loaded: opened on first use, kept up to a memory limit, and what they say about an image.

Owns which are kept: the least recently used goes first. Must not know HTTP routes, or where the files come from.
"""

import asyncio
import contextlib
import logging
import pathlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, TypeVar

from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_predict.description import ONNX_NAME, ModelDescription
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.onnx_predictor import OnnxPredictor, open_onnx
from darkroom_predict.onnx_session import share_arena
from darkroom_server.backends.backend import Backend, NotOpened, NotThere, Refused, Stored, TooLarge, Unavailable
from darkroom_server.config import MIB, PredictionLimits
from darkroom_server.prediction import heap
from darkroom_server.prediction.failures import ModelAway, ModelUnfit
from darkroom_server.prediction.workers import Workers
from darkroom_server.resources.names import find_rest_name

LOGGER: Final = logging.getLogger("darkroom_server")
LOADING_AT_ONCE: Final = 4
"""Each takes scratch space and memory, before it is known whether there is room for it."""
COMPUTING_BYTES: Final = 512 * MIB
"""Of each thread, for what a model makes of an image; the largest that Darkroom trains take a fifth."""
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
        share_arena(limits.threads * COMPUTING_BYTES)

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

    async def compute(self, caller: str, model: Stored, job: Callable[[OnnxPredictor], Made]) -> Made:
        """Return what `job` makes for a caller with a Model that has succeeded, in a thread.

        Raises ModelUnfit, ModelAway, TooBusy, and what `job` does.
        """
        predictor = (await self._open(model)).predictor
        with _explained(model):
            return await self._workers.run(caller, lambda: job(predictor))

    def hold_place(self, caller: str) -> AbstractContextManager[None]:
        """Hold a caller's place in the queue during the block, for `compute_in_place`; raises TooBusy at its begin."""
        return self._workers.hold_place(caller)

    async def compute_in_place(self, caller: str, model: Stored, job: Callable[[OnnxPredictor], Made]) -> Made:
        """Return what `compute` does, for a caller who holds a place."""
        predictor = (await self._open(model)).predictor
        with _explained(model):
            return await self._workers.run_in_place(caller, lambda: job(predictor))

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
                with _explained(model):
                    opened = await self._read(model)
                self._keep(key, opened)
                await asyncio.to_thread(heap.give_back)
        finally:
            del self._opening[key]
        return opened

    async def _read(self, model: Stored) -> LoadedModel:
        with tempfile.TemporaryDirectory(prefix="darkroom-model-") as name:
            folder = pathlib.Path(name)
            await self._fetch(model, folder)
            size = (folder / ONNX_NAME).stat().st_size
            predictor = await asyncio.to_thread(open_onnx, folder / ONNX_NAME, _THREADS_OF_A_MODEL, in_arena=True)
        return LoadedModel(predictor, size)

    async def _fetch(self, model: Stored, folder: pathlib.Path) -> None:
        name = find_rest_name(model)
        # No message has the address of the files: the Model's own status tells it to whoever may read that.
        try:
            await self._backend.fetch_artifacts(model, [ONNX_NAME], folder, self._limits.memory_bytes)
        except TooLarge as problem:
            message = f"Model {name} is larger than the {self._limits.memory_bytes:,} bytes that may be kept in memory"
            raise ModelUnfit(f"{message}; raise the limit") from problem
        except NotOpened as problem:
            LOGGER.warning("Model %s/%s: %s", model.namespace, model.name, problem)
            message = f"Model {name}: its files cannot be read now: their storage does not open to this server"
            raise ModelAway(f"{message}; its administrator finds the reason in its log") from problem
        except (NotThere, Refused) as problem:
            LOGGER.warning("Model %s/%s: %s", model.namespace, model.name, problem)
            message = (
                f"Model {name} has no {ONNX_NAME} that can be used; a training whose budget ends too soon writes none: "
                "write it with `darkroom export`, or train with a larger budget"
            )
            raise ModelUnfit(message) from problem
        except Unavailable as problem:
            raise ModelAway(f"Model {name}: its files cannot be reached now; try again") from problem

    def _keep(self, key: _Key, model: LoadedModel) -> None:
        """Keep a model; of the same Model no older files, and of the others as many as there is room for."""
        for other in [other for other in self._kept if other[0] == key[0]]:
            del self._kept[other]
        while self._kept and self.loaded_bytes + model.num_bytes > self._limits.memory_bytes:
            self._kept.popitem(last=False)
        self._kept[key] = model


@contextlib.contextmanager
def _explained(model: Stored) -> Iterator[None]:
    try:
        yield
    except ModelUnusable as error:
        LOGGER.warning("Model %s/%s: %s", model.namespace, model.name, error)
        said = f"its {ONNX_NAME} cannot be run by this version, or takes more memory than a model may; export it again"
        raise ModelUnfit(f"Model {find_rest_name(model)}: {said}") from error
