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
from darkroom_api.v1alpha1.common import STORAGE_ENDPOINT_PATTERN, Storage
from darkroom_server.config import (
    MIB,
    AnnotationRules,
    FetchLimits,
    PredictionLimits,
    PrefixMapping,
    RunLimits,
    ServerConfig,
)

Pattern = Annotated[str, Field(min_length=1, max_length=253)]
Namespace = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Prefix = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^(s3|az)://[^\s]*$")]
SecretPrefix = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?-$")]
UrlPrefix = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")]


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the file and the field."""


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class StorageSection(_Section):
    """How the artifacts below some addresses are reached."""

    prefix: Prefix = "s3://"
    endpoint: Annotated[str, Field(max_length=512, pattern=STORAGE_ENDPOINT_PATTERN)] | None = None
    region: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9-]+$")] | None = None
    credentials_folder: str | None = None
    """A mounted Secret with the keys of `names.CREDENTIAL_KEYS`; the pod's cloud identity when absent."""
    image_namespaces: tuple[Pattern, ...] = ()
    """Whose callers may have images below the prefix read by address. None by default: artifacts may lie there."""

    @pydantic.model_validator(mode="after")
    def _check_images(self) -> "StorageSection":
        if self.image_namespaces and not self.prefix.endswith("/"):
            message = (
                f"imageNamespaces: prefix {self.prefix!r} also begins names beside the folder; end it with a slash"
            )
            raise ValueError(message)
        return self

    def opens_images(self, namespace: str) -> bool:
        """Return whether callers of a namespace may have images below the prefix read."""
        return any(fnmatch.fnmatchcase(namespace, pattern) for pattern in self.image_namespaces)

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
    runs_uri: Annotated[str, Field(max_length=1024, pattern=r"^(s3|az)://[^\s/]+/[^\s]*[^\s/]/?$")] | None = None
    """Where the server keeps product-recognition runs: a prefix of its own, below one of `storage`; none if absent."""

    @pydantic.model_validator(mode="after")
    def _check_runs(self) -> "ClusterSection":
        if self.runs_folder is None:
            return self
        section = self.find_storage(self.runs_folder)
        if section is None:
            raise ValueError(f"runsUri: no entry of storage has a prefix of {self.runs_uri!r}; add one that may write")
        below = [entry for entry in self.storage if entry.prefix.startswith(self.runs_folder)]
        for entry in (section, *below):
            if entry.image_namespaces:
                message = f"runsUri: imageNamespaces of prefix {entry.prefix!r} would open the images of runs to others"
                raise ValueError(f"{message}; give runs an entry of storage of their own, without it")
        return self

    @property
    def runs_folder(self) -> str | None:
        """Return `runs_uri` with the slash that ends a folder."""
        return f"{self.runs_uri.rstrip('/')}/" if self.runs_uri is not None else None

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


class BuiltInSection(_Section):
    """The Model behind the retired service's built-in one: it answers callers of every namespace."""

    namespace: Namespace
    name: Annotated[str, Field(min_length=1, max_length=255)]


class RunsSection(_Section):
    """Which product-recognition runs are kept."""

    most_kept: Annotated[int, Field(ge=10, le=100_000)] = 1000
    kept_hours: Annotated[int, Field(ge=1, le=8760)] = 168
    built_in_model: BuiltInSection | None = None

    @property
    def limits(self) -> RunLimits:
        """Return it as runs take it."""
        model = self.built_in_model
        built_in = (model.namespace, model.name) if model is not None else None
        return RunLimits(self.most_kept, self.kept_hours * 3600, built_in)


class ConfigFile(_Section):
    """The whole file."""

    cluster: ClusterSection = ClusterSection()
    access: AccessSection = AccessSection()
    prediction: PredictionSection = PredictionSection()
    fetching: FetchingSection = FetchingSection()
    datasets: DatasetsSection = DatasetsSection()
    runs: RunsSection = RunsSection()

    @property
    def limits(self) -> ServerConfig:
        """Return it as the application takes it."""
        return ServerConfig(
            prediction=self.prediction.limits,
            fetching=FetchLimits(self.fetching.allowed_prefixes),
            annotations=self.datasets.rules,
            runs=self.runs.limits,
        )

    @pydantic.model_validator(mode="after")
    def _check_built_in(self) -> "ConfigFile":
        model = self.runs.built_in_model
        if model is not None and not self.cluster.serves(model.namespace):
            raise ValueError(f"runs.builtInModel.namespace: {model.namespace!r} is not one of cluster.namespaces")
        return self

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
