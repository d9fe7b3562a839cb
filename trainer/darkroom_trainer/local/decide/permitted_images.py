"""Whether the images of a Prediction may be read by who asks, who need not be the user of this machine.

Owns where such a folder really leads. Must not read it.
"""

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.prediction import PredictionSpec
from darkroom_storage.errors import AddressForbidden
from darkroom_storage.local_files import resolve_uri, to_path
from darkroom_trainer.local.config import Target


def find_forbidden_images(target: Target) -> Blocker | None:
    """Return why the images that a Prediction names may not be read: whoever asks has leave for some folders only."""
    spec, permits = target.manifest.spec, target.permits
    assert isinstance(spec, PredictionSpec)
    if permits is None or spec.images is None or not spec.images.uri.startswith("file:"):
        return None
    try:
        # Where it really leads: a percent-encoded `..` and a link look like names.
        path = to_path(resolve_uri(spec.images.uri, target.manifest.folder)).resolve()
    except AddressForbidden as error:
        return Blocker(Reason.NOT_ALLOWED, f"images.uri: {error}", final=True)
    if any(path.is_relative_to(folder.resolve()) for folder in permits.folders):
        return None
    message = f"images.uri: `{spec.images.uri}` is in no folder that this server may read; start it with --allow-folder"
    return Blocker(Reason.NOT_ALLOWED, f"{message}, or move the images.", final=True)
