"""What the commands of a finished model's folder and those of a shelf bring in, and when."""

import pathlib
import subprocess
import sys
from types import ModuleType

import pytest

from darkroom_trainer.command import build_parser, main
from darkroom_trainer.local import model_commands, shelf_commands

HEAVY = {"torch", "timm", "numpy", "scipy", "cv2", "PIL", "onnxruntime", "boto3"}


@pytest.mark.parametrize("commands", [model_commands, shelf_commands])
def test_nothing_is_brought_in_before_a_command_is_chosen(commands: ModuleType) -> None:
    program = f"import sys, {commands.__name__}; print(sorted({HEAVY!r} & set(sys.modules)))"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_photos_to_stitch_are_any_number_before_the_target() -> None:
    parsed = build_parser().parse_args(["stitch", "a.jpg", "b.jpg", "--to", "c.jpg"])
    assert (parsed.images, parsed.to) == ([pathlib.Path("a.jpg"), pathlib.Path("b.jpg")], pathlib.Path("c.jpg"))


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in [name for name in sys.modules if name.startswith("darkroom_shelf")]:
        monkeypatch.delitem(sys.modules, module)
    for module in ("scipy", "scipy.sparse", "scipy.sparse.csgraph"):
        monkeypatch.setitem(sys.modules, module, None)
    assert main(["planogram", "a.json", "b.json"]) == 1
    assert "pip install 'darkroom[shelf]'" in capsys.readouterr().err
