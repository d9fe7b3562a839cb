"""How many threads compute."""

import pathlib

import pytest

from darkroom_trainer.runtime.cpus import count_threads, read_cpu_quota


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
