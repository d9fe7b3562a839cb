"""Where a run reads and writes: the output folder of a resource, and the storages of its roles.

Owns the order of places for artifacts: the resource's own output, the installation's, beside the dataset.
"""

from darkroom_api import names
from darkroom_api.v1alpha1.common import Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import Output
from darkroom_operator.config import OutputConfig

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


def join_artifact_folder(base: str, kind: str, name: str, uid: str) -> str:
    """Return the folder of one resource below `base`."""
    return f"{base}/{names.artifact_folder(kind, name, uid)}"
