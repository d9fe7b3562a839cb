"""A sum beside a file of weights is compared, and what has none or a wrong one is reported."""

import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights.finding import find_weights
from tests.unit.weights.places import NAME, Pack, put, sources_of, sum_of

SUMS = {
    "a sum beside the file": (f"{NAME}.safetensors", f"{NAME}.safetensors.sha256", "{sum}"),
    "a sum with the file's name": (f"{NAME}.safetensors", f"{NAME}.safetensors.sha256", "{sum}  model.safetensors\n"),
    "a list of sums": (f"{NAME}.safetensors", "SHA256SUMS", "{other}  b.safetensors\n{sum}  {file}\n"),
    "a list of sums of binary files": (f"{NAME}.safetensors", "SHA256SUMS", "{sum} *{file}\n"),
    "a list for all folders": (f"{NAME}/model.safetensors", "SHA256SUMS", "{sum}  {file}\n"),
    "a list in the folder": (f"{NAME}/model.safetensors", f"{NAME}/SHA256SUMS", "{sum}  model.safetensors\n"),
}


@pytest.mark.parametrize(("file", "sum_file", "text"), SUMS.values(), ids=SUMS.keys())
def test_a_sum_is_compared(
    file: str, sum_file: str, text: str, mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack
) -> None:
    right, wrong = sum_of(pack(NAME)), sum_of(b"something else")
    put(mounted, {file: pack(NAME), sum_file: text.format(sum=right, other=wrong, file=file).encode()})
    found = find_weights(NAME, sources_of(mounted, tmp_path))
    assert found is not None
    assert found.is_verified
    put(mounted, {sum_file: text.format(sum=wrong, other=right, file=file).encode()})
    with pytest.raises(RunError) as caught:
        find_weights(NAME, sources_of(mounted, tmp_path))
    assert caught.value.reason is Reason.INVALID_CONFIGURATION
    assert f"SHA-256 {right}, but {sum_file} beside it says {wrong}" in caught.value.message


def test_a_list_of_other_files_sums_compares_nothing(
    mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    put(mounted, {f"{NAME}.safetensors": pack(NAME), "SHA256SUMS": f"{'0' * 64}  b.safetensors".encode()})
    found = find_weights(NAME, sources_of(mounted, tmp_path))
    assert found is not None
    assert not found.is_verified
    assert f"came without a SHA-256 to compare; it has {found.sha256}" in caplog.text


def test_a_sum_that_is_none_is_refused(mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack) -> None:
    put(mounted, {f"{NAME}.safetensors": pack(NAME), f"{NAME}.safetensors.sha256": b"todo"})
    with pytest.raises(RunError, match=r"test_resnet\.safetensors\.sha256 holds no SHA-256"):
        find_weights(NAME, sources_of(mounted, tmp_path))
