"""What becomes of a run, and what of it is written."""

from datetime import timedelta

import pytest

from darkroom_server.resources.outcomes import RunError
from darkroom_server.runs.record import LEASE_SECONDS, RunRecord, RunState, build_key, is_left
from tests.support.server.runs import NOW, a_record

LATER = NOW + timedelta(seconds=LEASE_SECONDS + 1)
ERROR = RunError(code="invalidImage", message="no image")


@pytest.mark.parametrize(
    ("record", "is_so"),
    [
        pytest.param(a_record(), True, id="its server was killed before it began"),
        pytest.param(a_record().begin(NOW), True, id="its server was killed at work"),
        pytest.param(a_record().begin(NOW).renew(LATER), False, id="its server goes on"),
        pytest.param(a_record().take_over("other", LATER), False, id="another server has taken it up"),
        pytest.param(a_record().succeed({}, NOW), False, id="it has a result"),
        pytest.param(a_record().fail(ERROR, NOW), False, id="it has failed"),
        pytest.param(a_record().release(LATER), False, id="it was just released"),
        pytest.param(a_record().release(NOW), True, id="it was released a while ago"),
        pytest.param(a_record(attempts=3).release(NOW), False, id="a third attempt waits three times as long"),
    ],
)
def test_a_run_is_left_once_nobody_has_a_lease_of_it(record: RunRecord, is_so: bool) -> None:
    assert is_left(record, LATER) is is_so
    assert not is_left(record, NOW)


def test_each_change_is_told_and_a_renewed_lease_is_none() -> None:
    begun = a_record().begin(LATER)
    assert (begun.state, begun.updated_at, begun.created_at) == (RunState.RUNNING, LATER, NOW)
    assert begun.renew(LATER + timedelta(1)).updated_at == LATER
    taken = begun.take_over("other", LATER)
    assert (taken.owner, taken.attempts) == ("other", 2)


@pytest.mark.parametrize("record", [a_record(), a_record().fail(ERROR, NOW), a_record().succeed({"gaps": []}, NOW)])
def test_a_record_is_read_as_it_was_written_and_keys_of_a_later_version_are_passed_over(record: RunRecord) -> None:
    written = record.model_dump_json(exclude_none=True)
    assert RunRecord.model_validate_json(written) == record
    assert RunRecord.model_validate_json(f'{{"colour": 1, {written[1:]}') == record


def test_files_have_names_of_their_own_whatever_runs_are_called() -> None:
    long = "R" * 255
    names = {build_key("a", long, long), build_key("b", long, long), build_key("a", long, long.lower())}
    assert len(names) == 3
    assert all(len(name) < 60 for name in names)
    assert a_record(id="1" * 32).image_name != a_record(id="2" * 32).image_name
