"""Problems told by cause, and frequent advice, kept within bounds and counted."""

import pytest

from darkroom_trainer.data.inspection.summary import choose_advice
from darkroom_trainer.data.records.findings import MAX_CAUSES, MAX_KEPT_OF_A_KIND, Findings, Issue


def test_frequent_advice_leaves_room_for_other_advice_and_is_counted() -> None:
    findings = Findings()
    for number in range(3 * MAX_KEPT_OF_A_KIND):
        findings.advise(Issue.TINY_BOX, f"image {number}", "has tiny boxes", (number,), 0.5)
    findings.advise(Issue.DARK, "image 7", "is very dark", (7,), 0.1)
    assert findings.advice_counts == {Issue.TINY_BOX: 3 * MAX_KEPT_OF_A_KIND, Issue.DARK: 1}
    assert len(findings.advice) == MAX_KEPT_OF_A_KIND + 1
    assert [entry.issue for entry in choose_advice(findings.advice, 3)] == ["tinyBox", "dark", "tinyBox"]


def tell(findings: Findings) -> list[str]:
    return [f"{problem.subject}: {problem.message}" for problem in (cause.tell() for cause in findings.causes)]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("category_id {} is not in categories", id="numbers"),
        pytest.param("is declared as 1 x 1{} but is 22 x 30 pixels", id="sizes"),
        pytest.param("bbox [{}, 1.5, -2, 3e-7] reaches outside the image", id="boxes"),
        pytest.param("address 'folder it\\'s {}/a.png' leaves the bucket's folder", id="quoted text"),
        pytest.param('must be an object, "a{}" found', id="JSON text"),
        pytest.param('must be a number, {{"a": {}}} found', id="JSON objects"),
    ],
)
def test_a_cause_that_many_rows_share_is_told_once_and_first(message: str) -> None:
    findings = Findings()
    findings.add("train.json category 1", "name is empty")
    for number in range(3):
        findings.add(f"train.json annotation {number}", message.format(number))
    assert tell(findings) == [
        f"train.json annotation 0 and 2 more: {message.format(0)}",
        "train.json category 1: name is empty",
    ]
    assert findings.problem_count == len(findings.problems) == 4


def test_what_differs_in_words_is_another_cause() -> None:
    findings = Findings()
    findings.add("image 1", "has no usable width and height")
    findings.add("image 2", "has no address")
    assert [cause.count for cause in findings.causes] == [1, 1]


def test_a_consequence_is_taken_back_with_its_count() -> None:
    findings = Findings()
    for number in (1, 1, 2, 3):
        findings.add(f"annotation of {number}", "reaches outside the image", about=f"image {number}")
    findings.add("image 1", "has another size")
    findings.withdraw({"image 1", "image 3"})
    assert tell(findings) == ["annotation of 2: reaches outside the image", "image 1: has another size"]
    assert findings.problem_count == len(findings.problems) == 2
    findings.withdraw({"image 2"})
    assert tell(findings) == ["image 1: has another size"]


def test_a_stranger_cannot_make_endless_causes() -> None:
    findings = Findings()
    for number in range(2 * MAX_CAUSES):
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        findings.add("image", f"says {letters}")
    assert findings.problem_count == 2 * MAX_CAUSES
    assert len(findings.causes) == MAX_CAUSES + 1
