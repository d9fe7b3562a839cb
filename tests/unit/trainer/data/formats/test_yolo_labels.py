"""The forms that a line of YOLO's labels may have."""

import pytest

from darkroom_trainer.data.formats.yolo_labels import LabelLine, LineForm, parse_labels


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("2 .5 .5 .25 .5", LabelLine(1, 2, (0.5, 0.5, 0.25, 0.5)), id="a box"),
        pytest.param("\n\t2.0\t.5 .5 .25 .5\r\n", LabelLine(2, 2, (0.5, 0.5, 0.25, 0.5)), id="a blank line before"),
        pytest.param("0 0 0 .5 0 .5 .25", LabelLine(1, 0, (0, 0, 0.5, 0.25), LineForm.POLYGON), id="a polygon"),
        pytest.param(
            "0 0 0 .5 0 .5 .25 0 .25", LabelLine(1, 0, (0.25, 0.125, 0.5, 0.25), LineForm.CORNERS), id="four corners"
        ),
    ],
)
def test_a_line_is_an_object(text: str, line: LabelLine) -> None:
    parsed = parse_labels(text.encode())
    assert (parsed.objects, parsed.problems) == ([line], [])


def test_bytes_that_are_no_text_are_a_problem_of_their_line() -> None:
    parsed = parse_labels(b"\xff\xfe\x00\n0 .5 .5 .1 .1")
    assert [number for number, _ in parsed.problems] == [1]
    assert len(parsed.objects) == 1


def test_a_file_that_is_wrong_line_by_line_is_not_read_to_its_end() -> None:
    assert len(parse_labels(b"1 2\n" * 5_000).problems) == 1_000
