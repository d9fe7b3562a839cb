"""Models whose files lie in a container of Azure and are fetched by a cluster's back end. Owns no expectation."""

import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Sequence

from kubernetes.aio.client import Configuration

from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ClusterSection
from darkroom_storage.objects import NO_LIMIT_BYTES
from tests.support.server.models import a_stored_model, write_model
from tests.support.server.parts import ModelFolders
from tests.support.storage.azurite import CONTAINER, Azurite
from tests.support.storage.held_storage import HeldStorage


class AzureModels(ModelFolders):
    """Resources in memory, and the Secret with the token by which a server reads their files."""

    def __init__(self, azurite: Azurite, folder: pathlib.Path) -> None:
        super().__init__()
        self._azurite, self._folder = azurite, folder
        self._files: KubernetesBackend | None = None

    def give_token(self, hours: float) -> str:
        """Put a token into the Secret that expires in so many hours; returns its URL."""
        url = self._azurite.sign(CONTAINER, "r", hours)
        self._azurite.mount(self._folder / "secret", sas_url=url)
        return url

    def publish(self, name: str, labels: tuple[str, ...]) -> None:
        """Let a Model be one of these labels, in a folder of its own."""
        prefix = f"{self._folder.name}/{labels[0]}"
        digest = write_model(self._folder / labels[0], Task.CLASSIFIER, labels)
        self._azurite.put_folder(CONTAINER, self._folder / labels[0], f"{prefix}/")
        model = a_stored_model(name, digest=digest)
        assert isinstance(model.status, ModelStatus)
        artifacts = Artifacts(uri=f"az://{CONTAINER}/{prefix}", digest=digest)
        self.models[name] = dataclasses.replace(model, status=model.status.model_copy(update={"artifacts": artifacts}))

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Let files be fetched meanwhile."""
        api = KubernetesApi(Configuration(host="http://127.0.0.1:1"))
        section = HeldStorage(prefix=f"az://{CONTAINER}/", credentials_folder=str(self._folder / "secret"))
        self._files = KubernetesBackend(api, ClusterSection(storage=(section,)), lambda _: None)
        try:
            yield
        finally:
            await api.close()

    async def fetch_artifacts(
        self, stored: Stored, files: Sequence[str], folder: pathlib.Path, limit_bytes: int = NO_LIMIT_BYTES
    ) -> None:
        """Fetch them as on a cluster."""
        assert self._files is not None
        await self._files.fetch_artifacts(stored, files, folder, limit_bytes)
