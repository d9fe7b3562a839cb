"""A detector's tensors and the config.json beside them: what is wrong with them is said, with the file."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights import finding
from tests.support.pretrained import detectors
from tests.unit.trainer.weights.places import sources_of

Tensors = dict[str, torch.Tensor]


def find(tmp_path: pathlib.Path) -> finding.FoundWeights | None:
    return finding.find_weights(detectors.NAME, sources_of(tmp_path / "nets", tmp_path))


@pytest.mark.parametrize("folder", [detectors.NAME, detectors.NAME.replace("_", "-")])
def test_a_detector_of_a_folder_is_found_with_its_form(folder: str, tmp_path: pathlib.Path) -> None:
    detectors.write_detector(tmp_path / "nets" / folder)
    found = find(tmp_path)
    assert found is not None
    assert found.network == detectors.a_network()
    assert found.matched_tensors == found.total_tensors
    assert {"path", "network"}.isdisjoint(found.to_json())


def test_no_folder_no_detector(tmp_path: pathlib.Path) -> None:
    assert find(tmp_path) is None


def without(tensors: Tensors) -> Tensors:
    return {key: value for key, value in tensors.items() if "encoder_input_proj.0.0" not in key}


def widened(tensors: Tensors) -> Tensors:
    return {key: torch.cat([value, value]) if "enc_output.0.bias" in key else value for key, value in tensors.items()}


def spoiled(tensors: Tensors) -> Tensors:
    return {key: value * torch.nan if "enc_output.0.bias" in key else value for key, value in tensors.items()}


def of_another(_: Tensors) -> Tensors:
    return {"stem.weight": torch.zeros(3)}


WRONG: dict[str, tuple[Callable[[Tensors], Tensors], dict[str, Any], str]] = {
    "another network's file": (of_another, {}, "is not there"),
    "a tensor that is missing": (without, {}, r"encoder_input_proj.0.0.weight is not there"),
    "a tensor of another shape": (widened, {}, r"enc_output.0.bias has shape \(16,\), \(8,\) is needed"),
    "values that are no numbers": (spoiled, {}, "no numbers"),
    "another architecture": (dict, {"model_type": "detr"}, "config.json describes detr"),
    "code of its own": (dict, {"auto_map": {"AutoModel": "own.Own"}}, "config.json names code of its own"),
}


@pytest.mark.parametrize(("change", "config", "said"), WRONG.values(), ids=WRONG.keys())
def test_files_that_are_not_a_detectors_end_the_run_that_names_it(
    change: Callable[[Tensors], Tensors], config: dict[str, Any], said: str, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "nets" / detectors.NAME
    detectors.write_detector(folder, change(detectors.some_tensors()), {**detectors.CONFIG, **config})
    with pytest.raises(RunError, match=said) as raised:
        find(tmp_path)
    assert raised.value.reason is Reason.INVALID_CONFIGURATION
    assert str(folder) in raised.value.message


def test_weights_without_their_form_are_told(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "nets" / detectors.NAME
    detectors.write_detector(folder)
    (folder / "config.json").unlink()
    with pytest.raises(RunError, match=r"dfine_tiny_test/config\.json is missing"):
        find(tmp_path)


def test_a_sum_beside_the_tensors_is_compared(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "nets" / detectors.NAME
    detectors.write_detector(folder)
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  model.safetensors\n")
    with pytest.raises(RunError, match="it is damaged or another file"):
        find(tmp_path)


def test_a_form_that_may_hold_code_is_not_read(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "nets" / detectors.NAME).mkdir(parents=True)
    (tmp_path / "nets" / detectors.NAME / "pytorch_model.bin").write_bytes(b"code")
    assert find(tmp_path) is None
    assert "is not read, since it may hold code" in caplog.text
