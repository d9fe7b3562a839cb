"""What a trainer, or somebody in its place, may say: nothing leaves the readers of its reports."""

import json

from hypothesis import given, strategies as st

from darkroom_api import report
from tests.builders import an_outcome
from tests.fuzz.effort import fuzzed
from tests.fuzz.spoiling import VALUES, find_paths, spoil


@fuzzed
@given(text=st.text() | VALUES.map(lambda value: json.dumps(value, default=str)))
def test_no_report_stops_its_reader(text: str) -> None:
    for said in (report.parse_outcome(text), report.parse_progress(text)):
        assert said is None or json.dumps(said.to_json(), allow_nan=False)


@st.composite
def spoiled_reports(draw: st.DrawFn) -> str:
    """Return a good report with a field spoiled."""
    raw = an_outcome(summary=None, model_digest="sha256:1").to_json()
    spoil(raw, draw(st.sampled_from(find_paths(raw))), draw(VALUES), draw(st.booleans()))
    return json.dumps(raw)


@fuzzed
@given(text=spoiled_reports())
def test_a_nearly_valid_report_stops_nothing_and_holds_no_number_that_json_has_not(text: str) -> None:
    said = report.parse_outcome(text)
    assert said is None or json.dumps(said.to_json(), allow_nan=False)
