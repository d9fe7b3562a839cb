"""One file of Pascal VOC: what is kept of it."""

import math
import time

import pytest

from darkroom_trainer.data.formats.voc_documents import VocProblem, begins_at_zero, parse_document
from tests.support.memory import measure_peak_bytes
from tests.unit.trainer.label_folders import to_voc


def test_a_document_has_a_name_a_size_and_objects_with_their_lines() -> None:
    document = parse_document(to_voc("a", [("nut", (0, 0, 10, 5)), ("bolt", (1, 1, 2, 2))]).encode())
    assert (document.file_name, document.size) == ("a.png", (100, 50))
    assert [(found.tag, found.line, found.box) for found in document.objects] == [
        ("nut", 4, (1, 1, 10, 5)),
        ("bolt", 5, (2, 2, 3, 3)),
    ]
    assert not any(map(begins_at_zero, document.objects))


def test_a_document_without_a_size_has_none() -> None:
    assert all(map(math.isnan, parse_document(b"<annotation/>").size))


def test_elements_within_each_other_without_end_are_refused() -> None:
    with pytest.raises(VocProblem, match="line 1 is more than 64 elements deep"):
        parse_document(b"<annotation>" + b"<a>" * 100)


def test_a_text_of_many_lines_is_read_in_the_time_of_one() -> None:
    began = time.process_time()
    document = parse_document(b"<annotation><folder>" + b"\n" * 300_000 + b"</folder></annotation>")
    assert document.file_name == ""
    assert time.process_time() - began < 5  # it took 25 s


def test_of_elements_that_do_not_count_nothing_is_kept() -> None:
    long = b"x" * 50_000
    parts = b"".join(b"<p%d/>" % number for number in range(2_000))
    document = b"<annotation><object><" + long + b">" + parts + b"</" + long + b"></object></annotation>"
    assert measure_peak_bytes(lambda: parse_document(document)) < 10 << 20  # it was 100 MB
