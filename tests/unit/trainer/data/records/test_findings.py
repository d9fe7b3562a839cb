"""Frequent advice, kept within bounds and counted."""

from darkroom_trainer.data.inspection.summary import choose_advice
from darkroom_trainer.data.records.findings import MAX_KEPT_OF_A_KIND, Findings, Issue


def test_frequent_advice_leaves_room_for_other_advice_and_is_counted() -> None:
    findings = Findings()
    for number in range(3 * MAX_KEPT_OF_A_KIND):
        findings.advise(Issue.TINY_BOX, f"image {number}", "has tiny boxes", (number,), 0.5)
    findings.advise(Issue.DARK, "image 7", "is very dark", (7,), 0.1)
    assert findings.advice_counts == {Issue.TINY_BOX: 3 * MAX_KEPT_OF_A_KIND, Issue.DARK: 1}
    assert len(findings.advice) == MAX_KEPT_OF_A_KIND + 1
    assert [entry.issue for entry in choose_advice(findings.advice, 3)] == ["tinyBox", "dark", "tinyBox"]
