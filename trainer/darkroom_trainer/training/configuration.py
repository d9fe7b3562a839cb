"""What a training's configuration must say, asked before anything is fetched.

Owns the fields that are named in a refusal. Must not read data.
"""

from darkroom_api.conditions import Reason
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data import annotations
from darkroom_trainer.runtime import errors
from darkroom_trainer.tasks import registry
from darkroom_trainer.weights import catalogue


def check_config(config: RunConfig) -> Task:
    """Return the task; raises RunError(InvalidConfiguration) naming the field that cannot be."""
    if config.task is None or config.budget_seconds is None:
        field = "task" if config.task is None else "budgetSeconds"
        raise errors.RunError(Reason.INVALID_CONFIGURATION, f"{field}: a training needs it")
    registry.check_trainable(config.task)
    catalogue.check_backbone(config.backbone, config.task)
    source = config.dataset
    annotations.check_annotation_kind(
        source.name, source.annotation_kind, config.task, Reason.INVALID_CONFIGURATION, "task"
    )
    return config.task
