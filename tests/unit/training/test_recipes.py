"""Which recipe a budget, a machine and a dataset lead to, what is held out, and how many threads compute."""

import pathlib

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data.splitting import split_rows
from darkroom_trainer.loop.recipe import (
    LADDERS,
    PRETRAINED_PASSES,
    build_ladder,
    build_recipe,
    is_next_worth_measuring,
    is_worthwhile,
)
from darkroom_trainer.runtime.device import count_threads, read_cpu_quota
from tests.unit.training.learning import an_example


@pytest.mark.parametrize(
    ("task", "side", "size"),
    [
        pytest.param(Task.CLASSIFIER, 8, 32, id="tiny pictures"),
        pytest.param(Task.CLASSIFIER, 64, 64, id="as large as the pictures are"),
        pytest.param(Task.CLASSIFIER, 1260, 96, id="large pictures shrink"),
        pytest.param(Task.DETECTOR, 100, 128, id="up to the next multiple of 32"),
    ],
)
def test_image_size_follows_the_pictures(task: Task, side: float, size: int) -> None:
    assert build_recipe(task, LADDERS[task][0], side, on_gpu=False).image_size_px == size


@pytest.mark.parametrize(
    ("passes", "measured", "taken"),
    [
        pytest.param(20_000, False, False, id="a minute on a laptop stays with the smallest"),
        pytest.param(60_000, False, True, id="never measured when two times the passes are not there"),
        pytest.param(100_000, True, True, id="several minutes climb"),
    ],
)
def test_a_larger_backbone_has_to_earn_its_place(passes: float, *, measured: bool, taken: bool) -> None:
    ladder = build_ladder(Task.DETECTOR)
    assert is_next_worth_measuring(ladder, 0, passes) is measured
    assert is_worthwhile(ladder[1], passes) is taken


def test_the_last_rung_has_no_next() -> None:
    ladder = build_ladder(Task.CLASSIFIER)
    assert not is_next_worth_measuring(ladder, len(ladder) - 1, 1e12)


def test_a_named_backbone_is_the_only_rung() -> None:
    assert [rung.backbone for rung in build_ladder(Task.MULTILABEL_CLASSIFIER, "resnet34", ["resnet18"])] == [
        "resnet34"
    ]


def test_with_pretrained_weights_the_ladder_is_the_smallest_network_and_those_that_have_them() -> None:
    ladder = build_ladder(Task.CLASSIFIER, None, ["resnet18", "vit_small"])
    assert [rung.backbone for rung in ladder] == ["test_resnet", "resnet18", "vit_small"]
    assert [rung.worthwhile_passes for rung in ladder] == [0, PRETRAINED_PASSES, PRETRAINED_PASSES]


def test_pretrained_weights_are_learned_from_in_smaller_steps() -> None:
    rung = LADDERS[Task.CLASSIFIER][2]
    fresh, kept = (build_recipe(Task.CLASSIFIER, rung, 96, on_gpu=False, has_weights=has) for has in (False, True))
    assert kept.peak_learning_rate < fresh.peak_learning_rate


@pytest.mark.parametrize(
    ("cpus", "quota", "threads"),
    [(8, None, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.2, 1), (2, 16.0, 2)],
)
def test_threads_are_the_cpus_of_the_quota(cpus: int, quota: float | None, threads: int) -> None:
    assert count_threads(cpus, quota) == threads


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        pytest.param({"cpu.max": "150000 100000\n"}, 1.5, id="version 2"),
        pytest.param({"cpu.max": "max 100000\n"}, None, id="version 2 without a limit"),
        pytest.param({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5, id="version 1"),
        pytest.param({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None, id="no limit"),
        pytest.param({}, None, id="no cgroup"),
    ],
)
def test_quota_is_read_from_both_versions_of_cgroups(
    tmp_path: pathlib.Path, files: dict[str, str], quota: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert read_cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(
    ("counts", "held"),
    [
        pytest.param([50, 50], [10, 10], id="a fifth of each tag"),
        pytest.param([3, 2], [1, 1], id="at least one of each"),
        pytest.param([10, 1], [2, 0], id="never a tag's only image"),
        pytest.param([1, 1], [0, 0], id="nothing to hold out"),
    ],
)
def test_hold_out_takes_its_share_of_every_tag(counts: list[int], held: list[int]) -> None:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    examples = [an_example(label, boxed=False) for label in labels]
    train, held_out = split_rows(examples, np.arange(len(examples)), 5, by_label=True)
    assert np.bincount([labels[row] for row in held_out], minlength=2).tolist() == held
    assert sorted([*train, *held_out]) == list(range(len(examples)))


def test_hold_out_depends_on_the_seed_alone() -> None:
    examples = [an_example(0, boxed=True) for _ in range(50)]
    first, again, other = (split_rows(examples, np.arange(50), seed, by_label=False)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 10
