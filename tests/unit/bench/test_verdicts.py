"""What the quality benches say about numbers: shots, verdicts, drops of the curve, early stops and broken runs."""

import pytest

from bench.curve import trainings
from bench.curve.trainings import Point, Result
from bench.fewshot import cells, sets, tables
from bench.fewshot.cells import Cell, Row
from bench.fewshot.tables import BEHIND, BEST, UNMEASURED, WITHIN, Score
from bench.random_budgets.verdicts import Plan, Run, find_problems
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.training.publication import model_files


@pytest.mark.parametrize(
    ("own", "best", "verdict"),
    [
        pytest.param((0.80, 0.01), (0.79, 0.01), BEST, id="ahead"),
        pytest.param((0.80, 0.01), (0.80, 0.00), BEST, id="equal"),
        pytest.param((0.80, 0.02), (0.815, 0.02), WITHIN, id="less than a deviation behind"),
        pytest.param((0.80, 0.02), (0.83, 0.02), BEHIND, id="more than a deviation behind"),
        pytest.param((0.998, 0.00), (1.0, 0.00), WITHIN, id="behind by less than one image"),
        pytest.param((0.80, 0.00), (0.83, 0.03), BEHIND, id="a baseline's luck alone is no excuse"),
    ],
)
def test_a_method_is_judged_beside_the_best_other(
    own: tuple[float, float], best: tuple[float, float], verdict: str
) -> None:
    others = [Score(0.1, 0.5, 3, 200), Score(*best, 3, 200)]
    assert tables.judge(Score(*own, 3, 200), others) == verdict


def test_nothing_is_said_about_what_was_not_measured() -> None:
    assert tables.judge(None, [Score(0.5, 0.1, 3, 200)]) == UNMEASURED
    assert tables.judge(Score(0.5, 0.1, 3, 200), []) == UNMEASURED


def test_the_table_marks_the_best_of_each_line() -> None:
    rows = [
        Row(Cell("digits", 2, seed, method, 20), score + seed / 10, 300, 20.0, {})
        for method, score in (("darkroom", 0.7), ("knn", 0.5))
        for seed in (0, 1)
    ]
    text, verdicts = tables.format_table("digits", rows, [2, sets.FULL], ["darkroom", "knn"])
    assert text.splitlines()[2:] == [
        "| 2 | **0.750 ± 0.071** | 0.550 ± 0.071 | best |",
        "| full | – | – | not measured |",
    ]
    assert verdicts == [BEST, UNMEASURED]


@pytest.mark.parametrize(
    ("labels", "shots", "kept"),
    [
        pytest.param([(0,), (0,), (0,), (1,), (1,)], 2, [0, 1, 3, 4], id="one tag each"),
        pytest.param([(0, 0), (0, 1), (0, 1), (1,)], 2, [0, 1, 2], id="an image counts once for a tag that it repeats"),
        pytest.param([(), (0, 1), (1,)], 1, [1], id="empty scenes are left out"),
    ],
)
def test_images_are_kept_while_a_tag_is_shown_too_seldom(
    labels: list[tuple[int, ...]], shots: int, kept: list[int]
) -> None:
    assert sets.choose_rows(labels, shots, 2) == kept


def test_too_few_images_of_a_tag_are_refused() -> None:
    with pytest.raises(ValueError, match="only 1 images"):
        sets.choose_rows([(0,), (0,), (1,)], 2, 2)


@pytest.mark.parametrize("name", ["letters", "textures", "shapes"])
def test_a_set_is_the_same_every_time_and_its_tests_are_others(name: str) -> None:
    bench_set = sets.SETS[name]
    first, again = (list(bench_set.draw(4, 7, False)) for _ in range(2))
    tested = list(bench_set.draw(4, 7, True))
    assert [one.pixels.tobytes() for one in first] == [one.pixels.tobytes() for one in again]
    assert not {one.pixels.tobytes() for one in first} & {one.pixels.tobytes() for one in tested}
    for picture in first:
        assert len(picture.boxes) == (len(picture.labels) if bench_set.boxed else 0)
        assert all(x >= 0 and y >= 0 and x + w <= 1 and y + h <= 1 for x, y, w, h in picture.boxes)


def test_results_of_other_budgets_are_other_cells() -> None:
    assert Cell("digits", 2, 0, "knn", 20).key != Cell("digits", 2, 0, "knn", 40).key
    assert cells.parse_shots(cells.name_shots(sets.FULL)) == sets.FULL


def a_result(budget: float, score: float, charged: float, *, stops_early: bool = True, seed: int = 0) -> Result:
    point = Point("digits", 10, seed, budget, stops_early)
    return Result(point, score, 300, charged, "Converged", {})


def test_a_larger_budget_may_lose_noise_and_no_more() -> None:
    fine = [a_result(30, 0.90, 29), a_result(60, 0.89, 59)]
    assert not trainings.find_drops(fine)
    dropped = trainings.find_drops([*fine, a_result(120, 0.80, 119)])
    assert len(dropped) == 2, "worse than both smaller budgets"
    assert all("120 s" in problem for problem in dropped)


@pytest.mark.parametrize(
    ("score", "charged", "said"),
    [
        pytest.param(0.95, 150, [], id="a quarter charged, nothing lost"),
        pytest.param(0.95, 300, ["50%"], id="half of it charged"),
        pytest.param(0.80, 150, ["lost 0.150"], id="stopped too early"),
    ],
)
def test_early_stop_saves_compute_at_no_loss(score: float, charged: float, said: list[str]) -> None:
    problems = trainings.find_stop_problems(
        [a_result(600, score, charged)], [a_result(300, 0.95, 299, stops_early=False)]
    )
    assert len(problems) == len(said)
    assert all(text in problem for text, problem in zip(said, problems, strict=True))


@pytest.mark.parametrize(
    ("reason", "charged", "excess", "said"),
    [
        pytest.param(Reason.SUCCEEDED, 9.9, -0.1, [], id="within the budget"),
        pytest.param(Reason.SUCCEEDED, 10.0, 0.4, ["0.40 charged seconds above"], id="capped, and yet above it"),
        pytest.param(Reason.SUCCEEDED, 10.5, -0.1, ["was charged 10.50"], id="charged too much"),
        pytest.param(Reason.BUDGET_NOT_ENOUGH, 0.0, 0.4, [], id="refused after a slow measurement"),
        pytest.param(Reason.BUDGET_NOT_ENOUGH, 3.0, 0.4, ["above the budget"], id="refused after kept work"),
        pytest.param(Reason.UNKNOWN, 2.0, -5.0, ["ended Unknown"], id="a crash"),
    ],
)
def test_a_random_run_is_broken_when_it_passes_its_budget_or_crashes(
    reason: Reason, charged: float, excess: float, said: list[str]
) -> None:
    problems = find_problems(a_random_run(reason, "", charged, excess))
    assert len(problems) == len(said)
    assert all(text in problem for text, problem in zip(said, problems, strict=True))


@pytest.mark.parametrize(("problem", "is_broken"), [(None, True), (model_files.NO_TIME, False)])
def test_a_random_run_is_broken_when_its_onnx_file_disagrees_and_not_when_there_was_no_time_for_it(
    problem: str | None, *, is_broken: bool
) -> None:
    message = model_files.explain_missing({"agrees": False, "problem": problem})
    assert message is not None
    assert bool(find_problems(a_random_run(Reason.SUCCEEDED, message, 9.0, -1.0))) is is_broken


def a_random_run(reason: Reason, message: str, charged: float, excess: float) -> Run:
    plan = Plan(1, Task.CLASSIFIER, 12, False, 10.0, 1000, 0, 0.1, ())
    return Run(plan, reason, message, charged, excess, "", (), 1, "", 1.0)
