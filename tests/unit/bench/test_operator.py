"""What the bench says of its numbers."""

import pytest

from bench.operator.__main__ import Bar, print_table


@pytest.mark.parametrize(
    ("value", "met"), [(0.8, True), (0.9, True), (0.7, False)], ids=["as much", "more", "less than there must be"]
)
def test_the_last_column_is_judged(value: float, met: bool, capsys: pytest.CaptureFixture[str]) -> None:
    results = {"bare kopf": {"rate": 1.0}, "darkroom": {"rate": 2.0, "share": value}}
    assert print_table(results, {"share": Bar(at_least=0.8)}) is met
    told = capsys.readouterr().out
    assert told.rstrip().endswith("bar >= 0.8 ok" if met else "bar >= 0.8 MISSED")
    assert "rate                                      1.00          2.00" in told


@pytest.mark.parametrize(("value", "verdict"), [(0, "ok"), (1, "MISSED")], ids=["none", "one more than there may be"])
def test_a_bar_may_be_that_nothing_is_done(value: float, verdict: str) -> None:
    assert Bar(at_most=0).judge(value) == f"   bar <= 0 {verdict}"
