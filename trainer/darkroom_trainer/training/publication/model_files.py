"""The files of a finished model: weights, model.json, the tags and an ONNX file that was checked against torch.

Owns these files of a finished training. Must not measure, and must not change the model.
"""

import hashlib
import json
import logging
import pathlib
from dataclasses import dataclass
from typing import Any, Final

import safetensors.torch
import torch

from darkroom_predict import description
from darkroom_predict.images import Pixels
from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.export import onnx_model, onnx_parity
from darkroom_trainer.heads import ensemble as ensembles
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)

LABELS_NAME: Final = "labels.txt"
DISAGREES: Final = f"its outputs differ from PyTorch's by more than {onnx_parity.TOLERANCE:g}"
NO_TIME: Final = "the budget left no time to write it; `darkroom export` writes it"


@dataclass(frozen=True)
class ModelFiles:
    """The model's description, the names of its files, and the record of ONNX against torch."""

    description: description.ModelDescription
    names: list[str]
    parity: dict[str, Any]


def build_final_model(session: sessions.Session) -> torch.nn.Module:
    """Return the model that answers: the network, the frozen-feature classifier, or both."""
    head = session.head.model if session.head else None
    model = ensembles.join_models(session.learner.task.kind, session.learner.model, head, session.ensemble_weight)
    return model.to(session.learner.device.torch_device)


def write_model(
    run: TrainingRun, session: sessions.Session, model: torch.nn.Module, folder: pathlib.Path
) -> ModelFiles:
    """Write the files into `folder`; a model that ONNX cannot express comes without that file, and the record says why.

    So does one whose machine became so slow that no time is left for the export.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    data = safetensors.torch.save(tensors)
    (folder / description.WEIGHTS_NAME).write_bytes(data)
    described = _describe(run, session, hashlib.sha256(data).hexdigest()[:12])
    description.write_description(described, folder)
    (folder / LABELS_NAME).write_text("".join(f"{label}\n" for label in described.labels), encoding="utf-8")
    names = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME, LABELS_NAME]
    parity = _export_in_time(run, model, described, folder)
    if parity["agrees"]:
        names.append(description.ONNX_NAME)
    else:
        LOG.warning("%s", explain_missing(parity), extra={"parity": parity})
    return ModelFiles(described, names, parity)


def _export_in_time(
    run: TrainingRun, model: torch.nn.Module, described: description.ModelDescription, folder: pathlib.Path
) -> dict[str, Any]:
    """Write the ONNX file where there is time for it; what it took tells how slow the machine is now."""
    ledger, meter = run.ledger, run.context.meter
    if not ledger.may_start(RemainingWork.ONNX, meter.charged_seconds):
        return {"agrees": False, "problem": NO_TIME}
    pixels = run.data.images[torch.from_numpy(run.rows.usable[: onnx_parity.MAX_IMAGES])].cpu().numpy()
    started = meter.charged_seconds
    parity = _export(model, described, folder, pixels)
    ledger.slowdown.learn(ledger.costs.export_seconds, meter.charged_seconds - started)
    ledger.settle(RemainingWork.ONNX)
    return parity


def explain_missing(parity: dict[str, Any]) -> str | None:
    """Return why there is no ONNX file, None where there is one."""
    if parity["agrees"]:
        return None
    return f"there is no {description.ONNX_NAME}: {parity.get('problem') or DISAGREES}"


def _export(
    model: torch.nn.Module, described: description.ModelDescription, folder: pathlib.Path, pixels: Pixels
) -> dict[str, Any]:
    """Write the ONNX file and return how it compares with torch; one that says something else is worth nothing."""
    try:
        return onnx_parity.export_checked(model, described, folder, pixels).to_json()
    except onnx_model.ExportFailed as error:
        return {"agrees": False, "problem": str(error)}


def _describe(run: TrainingRun, session: sessions.Session, version: str) -> description.ModelDescription:
    ensemble_weight = session.ensemble_weight
    threshold = session.hold_out.threshold if session.hold_out else run.task.choose_threshold([], [])
    return description.ModelDescription(
        task=run.task.kind,
        labels=run.task.labels,
        backbone=None if ensemble_weight == 1 else session.learner.recipe.backbone,
        preprocessing=run.preprocessing,
        threshold=threshold,
        version=version,
        darkroom_version=description.read_version(),
        light=session.head.model.spec if session.head and ensemble_weight > 0 else None,
        light_share=ensemble_weight,
        network_size_px=None if ensemble_weight == 1 else session.learner.recipe.image_size_px,
        network=json.loads(session.learner.recipe.network) if session.learner.recipe.network else None,
    )
