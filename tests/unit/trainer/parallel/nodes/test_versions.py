"""What a pod says that it is."""

import pathlib

import pytest

from darkroom_trainer.parallel.nodes import versions


def test_what_is_ours_and_torch_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, torch, code = versions.describe_version().split(", ")
    assert ours.startswith("darkroom ")
    assert torch.startswith("torch 2.")
    assert code.startswith("code ")
    monkeypatch.setattr(versions, "PACKAGES", ("no-such-package",))
    assert versions.describe_version() == f"no-such-package unknown, {code}"


def test_another_name_or_another_line_is_another_program(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    first = versions._sum_code(tmp_path)
    (tmp_path / "a.txt").write_text("no code")
    assert versions._sum_code(tmp_path) == first
    (tmp_path / "a.py").write_text("x = 2\n")
    second = versions._sum_code(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, versions._sum_code(tmp_path)}) == 3
