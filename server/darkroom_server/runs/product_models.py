"""The product recognizer behind the model's name in a run's path. Must not do: anything with it."""

from typing import Final

from darkroom_api.v1alpha1.common import Task
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_server.backends.backend import Backend, Stored
from darkroom_server.config import RunLimits
from darkroom_server.prediction.failures import ModelMissing, ModelUnfit
from darkroom_server.prediction.finding import check_finished, find_model
from darkroom_server.resources.names import find_rest_name

BUILT_IN: Final = "ms-pretrained-product-detection"
"""The retired service's own model, which knew products and gaps and no names."""
_SETTING: Final = "server.runs.builtInModel (darkroom serve --local: --product-model)"


async def find_product_model(backend: Backend, namespace: str, name: str, limits: RunLimits) -> Stored:
    """Return the Model that looks at an image of a run; raises ModelMissing, ModelUnfinished, ModelUnfit, ModelAway."""
    found = await (_find_built_in(backend, limits) if name == BUILT_IN else find_model(backend, namespace, name))
    assert isinstance(found.spec, ModelSpec)
    if found.spec.task is not Task.PRODUCT_RECOGNIZER:
        asked = f"a run needs one of task {Task.PRODUCT_RECOGNIZER.value}"
        raise ModelUnfit(f"Model {find_rest_name(found)} has the task {found.spec.task.value}, and {asked}")
    check_finished(found)
    return found


async def _find_built_in(backend: Backend, limits: RunLimits) -> Stored:
    if limits.built_in is None:
        message = f"no Model stands behind {BUILT_IN} here; name a Model of your own, or have the administrator set "
        raise ModelMissing(message + _SETTING)
    try:
        return await find_model(backend, *limits.built_in)
    except ModelMissing as failure:
        message = f"the Model {'/'.join(limits.built_in)} behind {BUILT_IN} is not there; have the administrator set "
        raise ModelMissing(message + _SETTING) from failure
