"""What the administrator sets for a server on a cluster: one YAML file, camelCase, unknown keys refused.

Owns reading and checking it. Must not know Kubernetes objects or HTTP.
"""

import fnmatch
import pathlib
from typing import Annotated

import pydantic
import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.common import Storage
from darkroom_server.config import MIB, AnnotationRules, FetchLimits, PredictionLimits, PrefixMapping, ServerConfig

Pattern = Annotated[str, Field(min_length=1, max_length=253)]
Namespace = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Prefix = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^s3://[^\s]*$")]
SecretPrefix = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?-$")]
UrlPrefix = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")]


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the file and the field."""


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class StorageSection(_Section):
    """How the artifacts below some addresses are reached."""

    prefix: Prefix = "s3://"
    endpoint: Annotated[str, Field(max_length=512, pattern=r"^https?://[^\s/]+/?$")] | None = None
    region: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9-]+$")] | None = None
    credentials_folder: str | None = None
    """A mounted Secret with the keys of `names.CREDENTIAL_KEYS`; the pod's cloud identity when absent."""

    @property
    def access(self) -> StorageAccess:
        """Return it as storage takes it. The endpoint counts as allowed: the administrator has named it."""
        return StorageAccess(
            endpoint=self.endpoint,
            region=self.region,
            credentials_dir=self.credentials_folder,
            service_account=self.credentials_folder is None,
            reach=Reach(allowed_endpoints=list_endpoints([self.endpoint] if self.endpoint else [])),
        )


class PredictionSection(_Section):
    """How much is computed at once, and how much may wait."""

    threads: Annotated[int, Field(ge=1, le=256)] = 2
    max_waiting: Annotated[int, Field(ge=0, le=100_000)] = 64
    memory_mebibytes: Annotated[int, Field(ge=1)] = 1024

    @property
    def limits(self) -> PredictionLimits:
        """Return it as predictions take it."""
        return PredictionLimits(self.threads, self.max_waiting, self.memory_mebibytes * MIB)


class FetchingSection(_Section):
    """What is fetched for a caller."""

    allowed_prefixes: tuple[UrlPrefix, ...] = ()


class MappingSection(_Section):
    """Replaces the beginning of the addresses in requests: those of the storage that data has moved from.

    Both end with a slash: `https://old.host` begins the address of another host as well, `https://old.host.example`.
    """

    from_prefix: Annotated[str, Field(alias="from", pattern="/$", max_length=2048)]
    to_prefix: Annotated[str, Field(alias="to", pattern="/$", max_length=2048)]
    storage: Storage | None = None


class DatasetsSection(_Section):
    """How the data is reached that requests name."""

    storage: Storage | None = None
    """Of Datasets of kind `managedIdentity`."""
    url_mappings: Annotated[tuple[MappingSection, ...], Field(max_length=20)] = ()

    @property
    def rules(self) -> AnnotationRules:
        """Return it as Datasets take it. Which hosts may be read is for the operator to say."""
        mappings = (PrefixMapping(one.from_prefix, one.to_prefix, one.storage) for one in self.url_mappings)
        return AnnotationRules(mappings=tuple(mappings), storage=self.storage)


class ClusterSection(_Section):
    """Where resources live."""

    namespaces: tuple[Namespace, ...] = ()
    """All when empty."""
    allowed_secrets: tuple[Pattern, ...] = ("darkroom-*",)
    secret_prefix: SecretPrefix = "darkroom-token-"  # noqa: S105 - of a name
    """Of the names of Secrets that this server makes."""
    storage: tuple[StorageSection, ...] = ()

    @pydantic.model_validator(mode="after")
    def _check_prefix(self) -> "ClusterSection":
        if not any(fnmatch.fnmatchcase(f"{self.secret_prefix}x", pattern) for pattern in self.allowed_secrets):
            allowed = ", ".join(self.allowed_secrets)
            raise ValueError(
                f"secretPrefix: {self.secret_prefix!r} begins no name that allowedSecrets covers ({allowed})"
            )
        return self

    def serves(self, namespace: str) -> bool:
        """Return whether resources of this namespace are served."""
        return not self.namespaces or namespace in self.namespaces

    def find_storage(self, uri: str) -> StorageSection | None:
        """Return the section with the longest prefix that `uri` begins with."""
        fitting = [section for section in self.storage if uri.startswith(section.prefix)]
        return max(fitting, key=lambda section: len(section.prefix), default=None)


class AccessSection(_Section):
    """Who may call."""

    keys_folder: str | None = None
    """A mounted Secret with one file a key, called NAMESPACE.NAME; no keys when absent."""
    bearer_tokens: bool = True
    """Whether a token of the cluster is taken, and RBAC asked what its user may do."""


class ConfigFile(_Section):
    """The whole file."""

    cluster: ClusterSection = ClusterSection()
    access: AccessSection = AccessSection()
    prediction: PredictionSection = PredictionSection()
    fetching: FetchingSection = FetchingSection()
    datasets: DatasetsSection = DatasetsSection()

    @property
    def limits(self) -> ServerConfig:
        """Return it as the application takes it."""
        return ServerConfig(
            prediction=self.prediction.limits,
            fetching=FetchLimits(self.fetching.allowed_prefixes),
            annotations=self.datasets.rules,
        )

    @pydantic.model_validator(mode="after")
    def _check_access(self) -> "ConfigFile":
        if self.access.keys_folder is None and not self.access.bearer_tokens:
            raise ValueError("access: neither keysFolder nor bearerTokens is set, so nobody could call")
        return self


def read_config(path: pathlib.Path) -> ConfigFile:
    """Read and check the file; raises ConfigError naming the file and the field."""
    try:
        loaded = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
    return parse_config(loaded, str(path))


def parse_config(loaded: object, source: str) -> ConfigFile:
    """Check what a YAML file held; raises ConfigError naming `source` and the field."""
    try:
        return ConfigFile.model_validate(loaded)
    except pydantic.ValidationError as error:
        problems = [_describe(item["loc"], item["msg"]) for item in error.errors()]
        raise ConfigError(f"{source}: " + "; ".join(problems)) from error


def _describe(place: tuple[int | str, ...], message: str) -> str:
    return ": ".join(filter(None, (".".join(str(part) for part in place), message.removeprefix("Value error, "))))
