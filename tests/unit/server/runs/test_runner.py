"""Work on runs: each ends, once, whatever becomes of the server that has it."""

import asyncio
from datetime import timedelta

import pytest

from darkroom_server.backends.backend import AlreadyThere, NotOffered, Stored, Unavailable
from darkroom_server.backends.folder import ResultFolder
from darkroom_server.config import MAX_IMAGE_BYTES, RunLimits
from darkroom_server.http.problems import Problem
from darkroom_server.prediction.failures import ModelAway, TooBusy
from darkroom_server.runs import runner, store
from darkroom_server.runs.record import MOST_ATTEMPTS, RunRecord, RunState
from tests.support.server.models import draw
from tests.support.server.parts import NAMESPACE, ModelFolders, some_parts
from tests.support.server.run_servers import IMAGE, Server, tell
from tests.support.server.runs import MODEL, NOW, a_record, until

DAY = timedelta(days=1)


def test_a_run_goes_from_not_started_over_running_to_its_result(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server) -> None:
        assert (await server.ask()).state is RunState.NOT_STARTED
        await until(lambda: server.is_at(RunState.RUNNING))
        assert server.counted == []
        server.waiting.may_answer.set()
        ended = await server.wait_for_end()
        assert ended.result is not None
        assert ended.result["imageMetadata"] == {"width": 160, "height": 80}
        assert [product["tags"][0]["name"] for product in ended.result["products"]] == ["red", "blue"]
        await until(server.has_no_image)
        await until(server.has_counted)
        assert server.counted == [(NAMESPACE, MODEL, 200)]
        with pytest.raises(AlreadyThere):
            await server.ask()

    tell(story, runs_folder, backend)


@pytest.mark.parametrize(
    ("model", "image", "code", "status"),
    [
        (MODEL, IMAGE[:120], "invalidImage", 400),
        (MODEL, draw(size_px=(40, 60)), "invalidImage", 400),
        ("nothing", IMAGE, "modelNotFound", 404),
        ("detector", IMAGE, "modelNotUsable", 409),
    ],
)
def test_what_no_other_attempt_would_mend_fails_with_its_reason(
    model: str, image: bytes, code: str, status: int, runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server) -> None:
        await server.runner.ask(NAMESPACE, model, "r", image)

        async def has_failed() -> bool:
            kept = await server.runner.store.find(NAMESPACE, model, "r")
            return kept is not None and kept.record.error is not None and kept.record.error.code == code

        await until(has_failed)
        await until(server.has_counted)
        assert server.counted[0][2] == status
        await until(server.has_no_image)

    tell(story, runs_folder, backend, free=True)


def test_a_run_of_a_server_that_was_killed_is_taken_up_by_another_once_its_lease_has_lapsed(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(killed: Server, other: Server) -> None:
        asked = await killed.ask()
        await until(lambda: killed.is_at(RunState.RUNNING))
        await killed.kill()
        await other.runner.sweep()
        assert other.waiting.asked == 0
        other.now += timedelta(seconds=31)
        await other.runner.sweep()
        await until(other.has_been_asked)
        other.waiting.may_answer.set()
        ended = await other.wait_for_end()
        assert (ended.state, ended.id, ended.attempts) == (RunState.SUCCEEDED, asked.id, 2)
        await until(other.has_counted)
        assert (killed.counted, other.counted) == ([], [(NAMESPACE, MODEL, 200)])

    tell(story, runs_folder, backend, 2)


def test_a_run_whose_server_is_slow_is_renewed_and_left_to_it(runs_folder: ResultFolder, backend: ModelFolders) -> None:
    async def story(slow: Server, other: Server) -> None:
        await slow.ask()
        await until(lambda: slow.is_at(RunState.RUNNING))
        slow.now = other.now = NOW + DAY

        async def is_renewed() -> bool:
            found = await slow.find()
            return found is not None and found.lease_until > NOW + DAY

        await until(is_renewed)
        await other.runner.sweep()
        assert other.waiting.asked == 0
        slow.waiting.may_answer.set()
        assert (await slow.wait_for_end()).attempts == 1

    tell(story, runs_folder, backend, 2)


@pytest.mark.parametrize(
    ("left", "has_image", "said"),
    [
        (a_record(attempts=MOST_ATTEMPTS), True, "begun 3 times"),
        (a_record(), False, "its image was not kept"),
    ],
)
def test_what_cannot_be_taken_up_fails_with_the_reason(
    left: RunRecord, has_image: bool, said: str, runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server) -> None:
        await server.runner.store.create(left, IMAGE)
        if not has_image:
            await server.runner.store.delete_image(left)
        server.now += DAY
        await server.runner.sweep()
        ended = await server.wait_for_end()
        assert ended.error is not None
        assert said in ended.error.message
        assert server.counted == [(NAMESPACE, None, 500)]

    tell(story, runs_folder, backend, free=True)


def test_a_run_whose_image_is_refused_keeps_nobody_from_those_behind_it(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server) -> None:
        left = sorted((a_record(name) for name in "abcr"), key=lambda record: record.key)
        for record in left:
            fits = record.name == "r"
            await server.runner.store.create(record, IMAGE if fits else b"x" * (MAX_IMAGE_BYTES + 1))
        server.now += DAY
        await server.runner.sweep()
        assert (await server.wait_for_end()).state is RunState.SUCCEEDED

    tell(story, runs_folder, backend, free=True)


def test_a_result_that_no_record_can_hold_ends_the_run(
    runs_folder: ResultFolder, backend: ModelFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_RECORD_BYTES", 640)

    async def story(server: Server) -> None:
        await server.ask(image=draw(*(("red", column, row) for column in range(4) for row in range(4))))
        ended = await server.wait_for_end()
        assert ended.error is not None
        assert "sees more on this image than a run can hold" in ended.error.message

    tell(story, runs_folder, backend, free=True)


def test_a_run_is_tried_again_while_the_models_files_cannot_be_reached(
    runs_folder: ResultFolder, backend: ModelFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_away(*_: object) -> Stored:
        raise ModelAway("away")

    async def story(server: Server) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(server.waiting.real, "find_model", be_away)
            await server.ask()
            await until(server.is_idle)
            assert await server.is_at(RunState.NOT_STARTED)
        server.now += timedelta(seconds=31)
        await server.runner.sweep()
        assert (await server.wait_for_end()).state is RunState.SUCCEEDED

    tell(story, runs_folder, backend, free=True)


def test_a_run_that_is_deleted_at_work_is_ended_here_and_dropped_elsewhere(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(one: Server, other: Server) -> None:
        for server, name in ((one, "a"), (other, "a")):
            asked = await one.ask(name)
            await server.runner.forget(asked)
            await until(one.is_idle)
            assert await one.find(name) is None
        assert one.counted == []
        await one.ask("a")
        one.waiting.may_answer.set()
        assert (await one.wait_for_end("a")).state is RunState.SUCCEEDED

    tell(story, runs_folder, backend, 2)


def test_a_deletion_ends_the_work_of_its_own_server_at_once(
    runs_folder: ResultFolder, backend: ModelFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(server: Server) -> None:
        monkeypatch.setattr(runner, "RENEW_SECONDS", 100)
        asked = await server.ask()
        await until(server.has_been_asked)
        await server.runner.forget(asked)
        await until(server.is_idle)

    tell(story, runs_folder, backend)


def test_runs_take_the_places_and_the_room_of_predictions_and_give_them_back(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server) -> None:
        await server.ask("a")
        second = await server.ask("b")
        with pytest.raises(TooBusy):
            await server.ask("c")
        await server.runner.forget(second)
        await until(server.has_place)
        with pytest.raises(Problem, match="holds as many bytes"):
            await server.ask("c", b"x" * 900)
        server.waiting.may_answer.set()
        await server.wait_for_end("a")
        await until(server.is_idle)
        await server.ask("c", b"x" * 900)
        await server.wait_for_end("c")

    tell(story, runs_folder, backend, places=2, room_bytes=1000)


def test_as_many_runs_of_a_namespace_wait_as_may_and_further_ones_are_told_so(
    runs_folder: ResultFolder, backend: ModelFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_away(*_: object) -> Stored:
        raise ModelAway("away")

    async def refuse(server: Server) -> None:
        with pytest.raises(TooBusy, match="2 runs of namespace default have not ended") as caught:
            await server.ask("c")
        assert caught.value.retry_after_seconds == 10

    async def story(server: Server, started_anew: Server) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(server.waiting.real, "find_model", be_away)
            for name in "ab":
                await server.ask(name)
                await until(server.is_idle)
            await refuse(server)
        await server.runner.ask("team-b", MODEL, "c", IMAGE)
        await started_anew.runner.sweep()
        await refuse(started_anew)
        left = await started_anew.find("a")
        assert left is not None
        await started_anew.runner.forget(left)
        await started_anew.ask("c")

    tell(story, runs_folder, backend, 2, free=True, runs=RunLimits(most_waiting=2))


def test_the_oldest_are_forgotten_as_new_ones_end_and_by_their_age(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server, other: Server) -> None:
        for name in "abc":
            await server.ask(name)
            await server.wait_for_end(name)
            await until(server.is_idle)
            server.now += timedelta(seconds=1)
        assert [await server.find(name) is None for name in "abc"] == [True, False, False]
        other.now += DAY
        await other.runner.sweep()
        assert [name for name in await runs_folder.list_names() if "part" not in name] == []

    tell(story, runs_folder, backend, 2, free=True, runs=RunLimits(most_kept=2, kept_seconds=3600))


def test_an_outage_of_the_store_at_the_end_is_waited_for(
    runs_folder: ResultFolder, backend: ModelFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = ResultFolder.write, [Unavailable("away")] * 3

    async def fail_thrice(folder: ResultFolder, name: str, data: bytes, version: str) -> str:
        if b"succeeded" in data and failures:
            raise failures.pop()
        return await write(folder, name, data, version)

    async def story(server: Server) -> None:
        monkeypatch.setattr(ResultFolder, "write", fail_thrice)
        await server.ask()
        assert (await server.wait_for_end()).state is RunState.SUCCEEDED
        assert failures == []

    tell(story, runs_folder, backend, free=True)


def test_a_server_that_starts_takes_up_what_was_left_and_ends_its_runs_before_it_stops(
    runs_folder: ResultFolder, backend: ModelFolders
) -> None:
    async def story(server: Server) -> None:
        await server.runner.store.create(a_record("left"), IMAGE)
        server.now += DAY
        async with server.running():
            await server.wait_for_end("left")
            await server.ask("last")
        assert await server.is_at(RunState.SUCCEEDED, name="last")

    tell(story, runs_folder, backend, free=True)


def test_a_server_without_a_place_for_runs_has_nothing_to_look_for() -> None:
    async def story() -> None:
        runner = some_parts().runs
        await asyncio.wait_for(runner.run(), 5)
        with pytest.raises(NotOffered, match=r"server\.runs\.uri"):
            await runner.ask(NAMESPACE, MODEL, "r", b"1")

    asyncio.run(story())
