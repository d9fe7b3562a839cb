"""Runs as files of one folder in storage, which several servers may share.

    NAMESPACE/KEY.json       the record of a run; KEY is a hash of the model's name and its own
    NAMESPACE/KEY-ID.image   its image, until it has ended

A record is there before its image, and gone before it. It is made only where there is none, and replaced only where it
is as it was read, so two servers never both believe that they have a run.

Owns the names of the files and what is remembered of runs that have ended. Must not decide what becomes of a run.
"""

import asyncio
import contextlib
import logging
import re
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pydantic

from darkroom_server.backends.backend import AlreadyThere, BackendProblem, Changed, NotThere, Refused, TooLarge
from darkroom_server.backends.folder import NO_FILE, ResultFolder
from darkroom_server.runs.record import RunRecord, build_key

LOGGER: Final = logging.getLogger("darkroom_server.runs")
MAX_RECORD_BYTES: Final = 4 << 20
READING_AT_ONCE: Final = 16
_RECORD: Final = re.compile(r"([^/]+/[0-9a-f]{40})\.json")
_IMAGE: Final = re.compile(r"([^/]+/[0-9a-f]{40})-[0-9a-f]{32}\.image")


class RecordUnreadable(Refused):
    """The record of a run is damaged; the text says how, and names no file."""


@dataclass(frozen=True)
class KeptRun:
    """A record, and the version of its file."""

    record: RunRecord
    version: str


@dataclass(frozen=True)
class Survey:
    """All runs below a prefix, of which those that have ended lack their results, and all images."""

    records: Sequence[RunRecord]
    images: Sequence[str]


class RunStore:
    """Safe to use from many tasks of one loop. Each call may raise Unavailable, Refused and NotOffered.

    Calls for one run raise RecordUnreadable where its record is damaged.
    """

    def __init__(self, open_folder: Callable[[], ResultFolder]) -> None:
        self._open_folder = open_folder
        self._ended: dict[str, RunRecord] = {}
        """By key. Nothing becomes of them, so they need not be read to be counted; one may have made room for another
        of its name, so they are read again before anything is deleted."""
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        """A folder of this machine compares and writes in two steps."""
        self._reading = asyncio.Semaphore(READING_AT_ONCE)

    async def create(self, record: RunRecord, image: bytes) -> KeptRun:
        """Keep a new run with its image; raises AlreadyThere."""
        folder = self._open_folder()
        async with self._lock(record.key):
            try:
                version = await folder.write(f"{record.key}.json", _write(record), NO_FILE)
            except Changed as error:
                raise AlreadyThere(f"there is a run {record.name} already") from error
        self._ended.pop(record.key, None)
        try:
            await folder.put(record.image_name, image)
        except BackendProblem:
            await folder.delete(f"{record.key}.json")
            raise
        return KeptRun(record, version)

    async def find(self, namespace: str, model: str, name: str) -> KeptRun | None:
        """Return a run, None where there is none."""
        return await self._find(build_key(namespace, model, name))

    async def complete(self, records: Iterable[RunRecord]) -> dict[str, RunRecord]:
        """Return runs of a survey by their names, with their results; one that was deleted or damaged has none."""
        asked = list(records)
        found = await asyncio.gather(*(self._find_readable(record.key) for record in asked))
        return {record.name: kept.record if kept else record for record, kept in zip(asked, found, strict=True)}

    async def replace(self, kept: KeptRun, record: RunRecord) -> KeptRun:
        """Write what became of a run; raises Changed where it is not as it was read, and NotThere."""
        async with self._lock(record.key):
            version = await self._open_folder().write(f"{record.key}.json", _write(record), kept.version)
        self._remember(record)
        return KeptRun(record, version)

    async def delete(self, record: RunRecord) -> None:
        """Forget a run with its image; nothing happens where there is none, or another one of its name."""
        folder = self._open_folder()
        async with self._lock(record.key):
            found = await self._find(record.key)
            if found is not None and found.record.id == record.id:
                await folder.delete(f"{record.key}.json")
                self._ended.pop(record.key, None)
        await folder.delete(record.image_name)

    async def delete_unreadable(self, namespace: str, model: str, name: str) -> None:
        """Forget a run whose record is damaged, with its images; nothing happens to one whose record can be read."""
        folder, key = self._open_folder(), build_key(namespace, model, name)
        async with self._lock(key):
            with contextlib.suppress(RecordUnreadable):
                await self._find(key)
                return
            await folder.delete(f"{key}.json")
            self._ended.pop(key, None)
        for image in await folder.list_names(f"{key}-"):
            await folder.delete(image)

    async def read_image(self, record: RunRecord, limit_bytes: int) -> bytes:
        """Return the image of a run that has not ended; raises NotThere."""
        return (await self._open_folder().read(record.image_name, limit_bytes)).data

    async def delete_image(self, record: RunRecord) -> None:
        """Delete the image of a run that has ended."""
        await self._open_folder().delete(record.image_name)

    async def survey(self, namespace: str | None = None) -> Survey:
        """Return all runs, or those of a namespace. One that cannot be read is left out."""
        names = await self._open_folder().list_names(f"{namespace}/" if namespace is not None else "")
        keys = [match[1] for name in names if (match := _RECORD.fullmatch(name))]
        records = await asyncio.gather(*(self._recall(key) for key in keys))
        listed = set(keys)
        for key in [key for key in self._ended if namespace in (None, key.partition("/")[0]) and key not in listed]:
            del self._ended[key]
        images = [name for name in names if _IMAGE.fullmatch(name)]
        return Survey([record for record in records if record is not None], images)

    async def delete_orphans(self, images: Iterable[str], records: Iterable[RunRecord]) -> None:
        """Delete the images of a survey that no run needs any more."""
        needed = {record.image_name for record in records if not record.has_ended}
        for name in images:
            match = _IMAGE.fullmatch(name)
            if match is None or name in needed:
                continue
            try:
                found = await self._find(match[1])
            except Refused as problem:
                LOGGER.warning("the image of a run is left where it is: %s", problem)
                continue
            if found is None or found.record.has_ended or found.record.image_name != name:
                await self._open_folder().delete(name)

    def list_ended(self, namespace: str) -> list[RunRecord]:
        """Return the runs of a namespace that are known to have ended, without their results."""
        return [record for record in self._ended.values() if record.namespace == namespace]

    async def _recall(self, key: str) -> RunRecord | None:
        if key in self._ended:
            return self._ended[key]
        async with self._reading:
            found = await self._find_readable(key)
        if found is not None:
            self._remember(found.record)
        return found.record if found is not None else None

    async def _find_readable(self, key: str) -> KeptRun | None:
        try:
            return await self._find(key)
        except Refused as problem:
            LOGGER.warning("the run %s.json is left out: %s", key, problem)
            return None

    async def _find(self, key: str) -> KeptRun | None:
        try:
            found = await self._open_folder().read(f"{key}.json", MAX_RECORD_BYTES)
        except NotThere:
            return None
        except TooLarge as problem:
            raise RecordUnreadable(f"it is larger than {MAX_RECORD_BYTES:,} bytes") from problem
        try:
            record = RunRecord.model_validate_json(found.data)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = "".join(f"{part}: " for part in first["loc"])
            raise RecordUnreadable(f"{place}{first['msg']}") from error
        if record.key != key:
            raise RecordUnreadable("it is that of another run")
        return KeptRun(record, found.info.etag)

    def _remember(self, record: RunRecord) -> None:
        if record.has_ended:
            self._ended[record.key] = record.model_copy(update={"result": None})

    def _lock(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())


def is_keepable(record: RunRecord) -> bool:
    """Return whether a record can be read again: one that cannot could never be told, nor forgotten."""
    return len(_write(record)) <= MAX_RECORD_BYTES


def _write(record: RunRecord) -> bytes:
    return record.model_dump_json(exclude_none=True).encode()
