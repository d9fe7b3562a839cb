"""The frozen-feature classifier as a module: it comes back from its spec and file exactly, and exports."""

import json
import pathlib
from typing import Any

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch

from darkroom_trainer.heads import refitting, specs, store, views as varied
from darkroom_trainer.heads.fits import families, model, temperature
from darkroom_trainer.tasks.classifier import Classifier
from tests.unit.trainer.head_examples import a_network, build_examples, build_multilabel, normalize


def build_spec(examples: store.Examples, *kinds: families.Family) -> dict[str, Any]:
    blocks = [("grey8", "gradients4"), ("gradients4",), ("colours",)]
    members = [
        specs.build_member(blocks[place], kind, families.GRIDS[kind][-1], 2, temperature.Calibration(3.0, -0.5))
        for place, kind in enumerate(kinds)
    ]
    return specs.join_members(
        members, store.FeatureStore(examples, np.arange(len(examples.rows))), temperature.Calibration(1.2, 0.1)
    )


ONE_LABEL = build_examples(np.arange(12) % 3, 3)
MULTILABEL = build_multilabel(20, 3)
MODELS = [
    pytest.param(ONE_LABEL, (families.Family.DISCRIMINANT,), id="discriminant"),
    pytest.param(
        ONE_LABEL,
        (families.Family.KERNEL, families.Family.NEIGHBOURS, families.Family.PROTOTYPES),
        id="kernel, neighbours, prototypes",
    ),
    pytest.param(
        MULTILABEL, (families.Family.RIDGE, families.Family.NEIGHBOURS, families.Family.LOGISTIC), id="multilabel"
    ),
]


@pytest.mark.parametrize(("examples", "kinds"), MODELS)
def test_a_model_comes_back_from_its_spec_and_file_bit_by_bit(
    examples: store.Examples, kinds: tuple[families.Family, ...], tmp_path: pathlib.Path
) -> None:
    fitted = refitting.fit_spec(build_spec(examples, *kinds), examples, seed=0)
    safetensors.torch.save_file(fitted.state_dict(), tmp_path / "light.safetensors")
    again = model.build_frozen_classifier(json.loads(json.dumps(fitted.spec)), examples.num_labels)
    again.load_state_dict(safetensors.torch.load_file(tmp_path / "light.safetensors"))
    assert torch.equal(again(normalize(examples)), fitted(normalize(examples)))


@pytest.mark.parametrize(("examples", "kinds"), MODELS)
def test_a_model_exports_to_onnx_and_agrees(
    examples: store.Examples, kinds: tuple[families.Family, ...], tmp_path: pathlib.Path
) -> None:
    fitted, images = refitting.fit_spec(build_spec(examples, *kinds), examples, seed=0), normalize(examples)
    path, axes = tmp_path / "light.onnx", {"images": {0: "batch"}, "logits": {0: "batch"}}
    names = {"input_names": ["images"], "output_names": ["logits"], "dynamic_axes": axes}
    torch.onnx.export(fitted, (images[:1],), str(path), dynamo=False, opset_version=17, **names)  # type: ignore[arg-type]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answers,) = session.run(["logits"], {"images": images.numpy()})
    np.testing.assert_allclose(answers, fitted(images).numpy(), atol=1e-4, rtol=1e-4)


def test_a_backbone_travels_with_the_model() -> None:
    torch.manual_seed(0)
    backbones = {"own": a_network()}
    member = specs.build_member(
        ("backbone:own",), families.Family.RIDGE, {"penalty": 0.01}, 0, temperature.Calibration()
    )
    spec = specs.join_members(
        [member], store.FeatureStore(ONE_LABEL, np.arange(12), None, backbones), temperature.Calibration()
    )
    fitted = refitting.fit_spec(spec, ONE_LABEL, seed=0, backbones=backbones)
    again = model.build_frozen_classifier(spec, 3, {"own": a_network()})
    again.load_state_dict(fitted.state_dict())
    assert torch.equal(again(normalize(ONE_LABEL)), fitted(normalize(ONE_LABEL)))


def test_fitting_a_spec_again_gives_the_same_model_and_views_count() -> None:
    views = varied.build_views(Classifier(("a", "b", "c")), seed=5)
    spec = build_spec(ONE_LABEL, families.Family.DISCRIMINANT)
    first, again = (refitting.fit_spec(spec, ONE_LABEL, seed=0, views=views) for _ in range(2))
    plain = refitting.fit_spec(spec, ONE_LABEL, seed=0)
    images = normalize(ONE_LABEL)
    assert torch.equal(first(images), again(images))
    assert not torch.allclose(first(images), plain(images))
