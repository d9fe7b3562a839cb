"""The store of runs, in a folder and in a bucket, with two servers at it; what it needs of a container, too."""

import asyncio
import pathlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from darkroom_server.backends.backend import AlreadyThere, Changed, NotThere, Refused
from darkroom_server.backends.folder import ResultFolder
from darkroom_server.runs.record import RunRecord
from darkroom_server.runs.store import KeptRun, RecordUnreadable, RunStore
from darkroom_storage.objects import open_storage
from tests.support.server.parts import NAMESPACE
from tests.support.server.runs import MODEL, NOW, a_record
from tests.support.storage.azurite import Azurite

Story = Callable[[RunStore, RunStore], Coroutine[Any, Any, None]]


def tell(folder: ResultFolder, story: Story) -> None:
    """Let two servers have the folder."""
    asyncio.run(story(RunStore(lambda: folder), RunStore(lambda: folder)))


async def find(store: RunStore, name: str = "r") -> KeptRun:
    found = await store.find(NAMESPACE, MODEL, name)
    assert found is not None
    return found


def test_what_one_server_keeps_the_other_sees_and_a_name_is_taken_once(runs_folder: ResultFolder) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        made = await one.create(a_record(id="1" * 32), b"image")
        assert await find(other) == made
        assert await other.read_image(made.record, 10) == b"image"
        with pytest.raises(Refused, match="at most 4"):
            await other.read_image(made.record, 4)
        calls = [store.create(a_record("s", id=f"{at:032x}"), b"") for at, store in enumerate((one, other) * 3)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert sorted(type(end).__name__ for end in ended) == ["AlreadyThere"] * 5 + ["KeptRun"]
        assert await other.find(NAMESPACE, MODEL, "t") is None
        assert await other.find("team-b", MODEL, "r") is None

    tell(runs_folder, story)


async def tell_of_replacing(one: RunStore, other: RunStore) -> None:
    made = await one.create(a_record(), b"image")
    taken = await other.replace(made, made.record.take_over("other", NOW))
    with pytest.raises(Changed):
        await one.replace(made, made.record.succeed({}, NOW))
    assert (await find(one)) == taken
    ended = await other.replace(taken, taken.record.succeed({"gaps": []}, NOW))
    assert (await find(one)).record.result == {"gaps": []}
    await one.delete(ended.record)
    with pytest.raises((Changed, NotThere)):
        await other.replace(ended, ended.record.renew(NOW))
    assert await other.find(NAMESPACE, MODEL, "r") is None


def test_a_record_is_replaced_only_where_it_is_as_it_was_read(runs_folder: ResultFolder) -> None:
    tell(runs_folder, tell_of_replacing)


def test_a_container_of_azure_keeps_runs_as_a_bucket_does(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    tell(ResultFolder(open_storage(azurite.mount(tmp_path / "secret")), "az://vision/runs"), tell_of_replacing)


def test_a_deletion_takes_the_image_along_and_no_later_run_of_the_name(runs_folder: ResultFolder) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        made = await one.create(a_record(id="1" * 32), b"image")
        await one.delete(made.record)
        assert await runs_folder.list_names() == []
        again = await one.create(a_record(id="2" * 32), b"another")
        await other.delete(made.record)
        assert (await find(other)).record.id == "2" * 32
        assert await other.read_image(again.record, 100) == b"another"

    tell(runs_folder, story)


def test_a_survey_sees_what_others_changed_and_lacks_results_which_a_page_has(runs_folder: ResultFolder) -> None:
    async def survey(store: RunStore, namespace: str | None = None) -> list[RunRecord]:
        found = (await store.survey(namespace)).records
        return sorted(found, key=lambda record: (record.namespace, record.name))

    async def story(one: RunStore, other: RunStore) -> None:
        kept = [await one.create(a_record(name, id=name * 32), b"") for name in "abc"]
        await one.create(a_record("d", namespace="team-b"), b"")
        ended = await one.replace(kept[0], kept[0].record.succeed({"gaps": [1]}, NOW))
        assert [record.name for record in await survey(other)] == ["a", "b", "c", "d"]
        assert [record.name for record in await survey(other, NAMESPACE)] == ["a", "b", "c"]
        assert [record.has_ended for record in await survey(other, NAMESPACE)] == [True, False, False]
        whole = await other.complete([record for record in await survey(other, NAMESPACE) if record.has_ended])
        assert whole == {"a": ended.record}
        assert [record.name for record in other.list_ended(NAMESPACE)] == ["a"]
        await one.delete(ended.record)
        assert [record.name for record in await survey(other, NAMESPACE)] == ["b", "c"]
        assert other.list_ended(NAMESPACE) == []

    tell(runs_folder, story)


def test_images_that_no_run_needs_are_deleted_and_those_at_work_stay(runs_folder: ResultFolder) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        working = await one.create(a_record("a", id="a" * 32), b"1")
        ended = await one.create(a_record("b", id="b" * 32), b"2")
        await one.replace(ended, ended.record.succeed({}, NOW))
        lost = a_record("c", id="c" * 32)
        await runs_folder.put(lost.image_name, b"3")
        seen = await other.survey()
        assert len(seen.images) == 3
        await other.delete_orphans(seen.images, seen.records)
        assert (await one.survey()).images == [working.record.image_name]

    tell(runs_folder, story)


def test_an_image_of_a_new_run_whose_forerunner_is_remembered_stays(runs_folder: ResultFolder) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        made = await one.create(a_record(id="1" * 32), b"1")
        ended = await one.replace(made, made.record.succeed({}, NOW))
        await other.survey()
        await one.delete(ended.record)
        again = await one.create(a_record(id="2" * 32), b"2")
        seen = await other.survey()
        await other.delete_orphans(seen.images, seen.records)
        assert await one.read_image(again.record, 10) == b"2"

    tell(runs_folder, story)


def test_an_image_whose_record_cannot_be_read_stays_and_orphans_behind_it_go(runs_folder: ResultFolder) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        kept = [a_record(name, id=f"{at:032x}") for at, name in enumerate("abc")]
        for record in kept:
            await runs_folder.put(record.image_name, b"image")
        damaged = min(kept, key=lambda record: record.key)
        await runs_folder.put(f"{damaged.key}.json", b"{")
        seen = await one.survey()
        await other.delete_orphans(seen.images, seen.records)
        assert (await one.survey()).images == [damaged.image_name]

    tell(runs_folder, story)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        pytest.param(b"", "Invalid JSON", id="nothing"),
        pytest.param(b'{"namespace": "secret", "state": "lost"}', "model: Field required", id="no fields"),
        pytest.param(b" " * ((4 << 20) + 1), r"larger than 4,194,304 bytes", id="too large"),
    ],
)
def test_a_run_whose_record_is_damaged_is_deleted_with_its_image_and_no_other_is(
    record: bytes, said: str, runs_folder: ResultFolder
) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        whole = (await one.create(a_record("a"), b"image")).record
        damaged = (await one.create(a_record("b", id="b" * 32), b"image")).record
        await runs_folder.put(f"{damaged.key}.json", record)
        with pytest.raises(RecordUnreadable, match=said) as caught:
            await other.find(NAMESPACE, MODEL, "b")
        assert "secret" not in str(caught.value)
        for name in "ab":
            await other.delete_unreadable(NAMESPACE, MODEL, name)
        assert await runs_folder.list_names() == sorted([f"{whole.key}.json", whole.image_name])

    tell(runs_folder, story)


def test_what_is_no_record_is_left_out_and_refused_by_name(runs_folder: ResultFolder) -> None:
    async def story(one: RunStore, other: RunStore) -> None:
        made = await one.create(a_record("a"), b"")
        for name, data in (("b", b"{"), ("c", made.record.model_dump_json().encode())):
            await runs_folder.put(f"{a_record(name).key}.json", data)
            with pytest.raises(RecordUnreadable, match=r"^Invalid JSON: .* line 1 column 1$|of another run"):
                await other.find(NAMESPACE, MODEL, name)
        await runs_folder.put("notes.txt", b"")
        assert [record.name for record in (await other.survey()).records] == ["a"]
        with pytest.raises(AlreadyThere):
            await other.create(a_record("b"), b"")

    tell(runs_folder, story)
