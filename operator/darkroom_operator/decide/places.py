"""Where a run writes, and which storage that is.

Owns the order of places for artifacts: the resource's own output, the installation's, beside the dataset.
"""

from darkroom_api.v1alpha1.common import Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import Output
from darkroom_operator.config import OperatorConfig, OutputConfig
from darkroom_operator.facts.views import EvaluationView

OutputBase = tuple[str, Storage | None]


def find_output_base(
    output: Output | None, dataset: DatasetSpec, default: OutputConfig | None, namespace: str
) -> OutputBase | None:
    """Return the folder below which resources get their own, and its storage; None where there is no bucket to use."""
    if output is not None:
        return output.uri.rstrip("/"), output.storage or dataset.storage
    if default is not None:
        return f"{default.uri.rstrip('/')}/{namespace}", default.storage
    first = next((uri for uri in dataset.annotation_files if uri.startswith("s3://")), None)
    if first is None:
        return None
    return f"{first.rpartition('/')[0]}/darkroom", dataset.storage


def find_places(view: EvaluationView, config: OperatorConfig) -> OutputBase | None:
    """Return the folder of the Model's outputs and its storage.

    The Model knows where it is; how to get in is said by its output, the installation, or its Dataset (else by the
    Evaluation's own, when that Dataset is gone).
    """
    model, own = view.model, view.dataset
    if model is None or own is None or model.artifacts is None:
        return None
    dataset = view.model_dataset.spec if view.model_dataset is not None else own.spec
    base = find_output_base(model.spec.output, dataset, config.output, view.self_.key.namespace)
    folder = model.artifacts.uri.rstrip("/").rpartition("/models/")[0]
    return (folder or base[0], base[1]) if base is not None else None
