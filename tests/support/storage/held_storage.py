"""A server's storage on this machine, where a cluster's server goes to nobody."""

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_server.config_file import StorageSection


class HeldStorage(StorageSection):
    """An entry of `server.storage` that has leave for this machine."""

    @property
    def access(self) -> StorageAccess:
        """Return it with that leave."""
        return super().access.model_copy(update={"reach": OWN_MACHINE})
