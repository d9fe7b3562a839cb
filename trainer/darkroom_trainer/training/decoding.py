"""The pictures of a training as tensors, at the size that serves what is trained and what is frozen.

Owns which frozen networks a new run looks through, and the size that follows. Must not read datasets or train.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom_predict.description import Preprocessing
from darkroom_trainer.loop import preparation, training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.search import frozen_admission, pretrained as pretraining, resolution
from darkroom_trainer.tasks import base
from darkroom_trainer.training.run_context import RunContext
from darkroom_trainer.training.run_data import RunData
from darkroom_trainer.training.training_run import Measurable


@dataclass(frozen=True)
class DecodedImages:
    """The images of a run, how they are normalized, and the frozen networks for images of their size, by name."""

    preprocessing: Preprocessing
    frozen: frozen_admission.AdmittedNetworks
    learned: training_loop.TrainingData
    evaluation: Measurable | None


def admit_networks(
    context: RunContext, data: RunData, pretrained: pretraining.Pretrained, left_seconds: float
) -> frozen_admission.AdmittedNetworks:
    """Return the pretrained networks whose features of all images a new run can pay for."""
    if data.task.has_boxes:
        return {}
    images = len(data.rows.usable) + len(data.evaluation_rows)
    return frozen_admission.admit_networks(pretrained, context.device, context.meter, images, left_seconds)


def choose_side(recipe: Recipe, data: RunData, frozen: frozen_admission.AdmittedNetworks) -> int:
    """Return the side that a new run decodes its images at."""
    if not frozen:
        return recipe.image_size_px
    frozen_px = [network.look.size_px for network in frozen.values()]
    return resolution.choose_decoded_side(recipe.image_size_px, data.useful_side_px, frozen_px)


def read_side(state: Mapping[str, Any], recipe: Recipe) -> int:
    """Return the side that a saved run decodes its images at; older versions decoded what they trained on."""
    return int(state.get("imageSize", recipe.image_size_px))


def decode_data(
    context: RunContext,
    task: base.LearningTask,
    data: RunData,
    recipe: Recipe,
    size_px: int,
    frozen: frozen_admission.AdmittedNetworks,
) -> DecodedImages:
    """Return all images of a run at a size."""
    preprocessing = preparation.build_preprocessing(recipe, size_px)
    build = (task, preprocessing, context.device, context.work, context.reporter)
    prepared = data.list_sources(context.config)
    with context.pictures.watch():
        for source, dataset in prepared:
            context.pictures.restore(source, dataset, size_px)
        learned = preparation.build_data(data.dataset, data.rows.usable, *build)
        evaluation = None
        if data.evaluation is not None:
            images = preparation.build_data(data.evaluation, data.evaluation_rows, *build)
            evaluation = Measurable(data.evaluation, images)
    context.pictures.keep(prepared, size_px)
    sized = {name: network.resized_from(size_px) for name, network in frozen.items()}
    return DecodedImages(preprocessing, sized, learned, evaluation)
