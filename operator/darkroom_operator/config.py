"""What the administrator sets: one YAML file, camelCase, unknown keys refused.

Owns reading and checking it. Must not know Kubernetes objects.
"""

import fnmatch
import functools
import pathlib
import ssl
from typing import Annotated, Any, Final, Literal

import pydantic
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from darkroom_api import names
from darkroom_api.durations import DURATION_PATTERN, parse_duration
from darkroom_api.endpoints import MAX_ENDPOINTS, AllowedEndpoint, Reach, check_entry, list_endpoints
from darkroom_api.v1alpha1.common import BucketUri, QueueName, ResourceName, Storage
from darkroom_api.v1alpha1.model import MAX_BUDGET_SECONDS, MAX_NODES

QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"

MIN_START_TIMEOUT_SECONDS: Final = 10
"""A node takes seconds to make a container; a shorter timeout would end sound runs."""
MAX_START_TIMEOUT_SECONDS: Final = 30 * 24 * 3600
"""With the longest budget it still fits a pod's deadline, which has 31 bits of seconds."""

OWN_ENDPOINTS: Final = 3
"""Of the output, the weights and the hub: they count as listed."""

Quantity = Annotated[str, Field(pattern=QUANTITY_PATTERN, max_length=20)]
Pattern = Annotated[str, Field(min_length=1, max_length=253)]
Endpoint = Annotated[AllowedEndpoint, AfterValidator(check_entry)]
LABEL_KEY_PATTERN: Final = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE_PATTERN: Final = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
MAX_AUTHORITIES_LENGTH: Final = 32 * 1024
"""It travels in an annotation of the pod beside the run configuration, and annotations hold 256 KiB."""


def _check_free(key: str) -> str:
    if key == names.LABEL_MANAGED_BY or key.startswith(f"{names.GROUP}/"):
        raise ValueError(f"{key} is set by the operator")
    return key


def _check_authorities(text: str) -> str:
    text = text.encode("ascii", "ignore").decode()  # comments beside the certificates may hold anything
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f"is not a list of certificates in PEM: {error}") from error
    return text


PodKey = Annotated[str, Field(pattern=LABEL_KEY_PATTERN, max_length=317), AfterValidator(_check_free)]
TopologyLevel = Annotated[str, Field(pattern=LABEL_KEY_PATTERN, max_length=317)]
PodLabels = dict[PodKey, Annotated[str, Field(pattern=LABEL_VALUE_PATTERN, max_length=63)]]
PodAnnotations = dict[PodKey, Annotated[str, Field(max_length=4096)]]
Authorities = Annotated[str, Field(max_length=MAX_AUTHORITIES_LENGTH), AfterValidator(_check_authorities)]


def _check_time(text: str) -> str:
    if not 0 < parse_duration(text) <= MAX_BUDGET_SECONDS:
        raise ValueError("must be more than 0s and at most 1344h")
    return text


Time = Annotated[str, Field(min_length=2, max_length=20, pattern=DURATION_PATTERN), AfterValidator(_check_time)]
"""A duration as users write it; the most is that of a budget."""
HubUrl = Annotated[str, Field(pattern=r"^https://[^\s?#]+$", max_length=2048)]


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the file and the field."""


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class WeightsConfig(_Section):
    """Where trainers find pretrained backbones beside the mounted claim; nothing of it is used unless it is set."""

    uri: BucketUri | None = None
    storage: Storage | None = None
    hub: HubUrl | None = None


class TrainerConfig(_Section):
    """How every trainer pod is made."""

    image: Annotated[str, Field(min_length=1)]
    image_pull_policy: Annotated[str, Field(pattern="^(Always|IfNotPresent|Never)$")] = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    run_as_user: Annotated[int, Field(ge=1)] | None = 10001
    """None leaves the ids of user and groups to the platform, which may give each namespace its own."""
    node_selector: dict[str, str] = {}
    pod_labels: PodLabels = {}
    pod_annotations: PodAnnotations = {}
    runtime_class_name: ResourceName | None = None
    certificate_authorities: Authorities | None = None
    """Trusted beside the public ones by whatever trainers connect to."""
    weights_claim: str | None = None
    weights: WeightsConfig = WeightsConfig()
    embedded_weights: bool = True
    """Whether the weights in the trainer's image are used, after those places."""
    picture_cache_mebibytes: Annotated[int, Field(ge=0, le=1 << 30)] = 8192
    """What the decoded images of one folder of outputs may take; 0 keeps none."""


class TopologyConfig(_Section):
    """Where Kueue places the pods of a run relative to each other, as the key of the nodes' label of that level."""

    required: TopologyLevel | None = None
    preferred: TopologyLevel | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "TopologyConfig":
        if self.required is not None and self.preferred is not None:
            raise ValueError("give required or preferred, not both")
        return self


class ComputeClass(_Section):
    """A kind of hardware. CPU, memory and storage are those of one pod, whatever its number of devices."""

    resource_name: str | None = None
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, Any], ...] = ()
    pod_labels: PodLabels = {}
    pod_annotations: PodAnnotations = {}
    runtime_class_name: ResourceName | None = None
    scheduler_name: ResourceName | None = None
    topology: TopologyConfig = TopologyConfig()
    milli_rate: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    max_devices: Annotated[int, Field(ge=1, le=64)] = 8
    max_nodes: Annotated[int, Field(ge=1, le=MAX_NODES)] = 1
    """Pods that one Model may have: those of several train one model together."""
    cpu: Quantity = "2"
    cpu_request: Quantity | None = None
    """What the scheduler sets aside, where that is less than `cpu`, the most that a trainer may use."""
    memory: Quantity = "8Gi"
    shared_memory: Quantity = "1Gi"
    ephemeral_storage: Quantity = "10Gi"


class InspectionConfig(_Section):
    """What an inspection pod may use."""

    cpu: Quantity = "1"
    cpu_request: Quantity | None = "250m"
    memory: Quantity = "1Gi"


class NamespaceLimits(_Section):
    """What the resources of some namespaces may ask for."""

    namespaces: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    allowed_priority_classes: tuple[Pattern, ...] = ()
    """None by default: a PriorityClass takes devices from the pods of others, in every namespace."""
    allowed_compute_classes: tuple[Pattern, ...] = ("*",)
    max_devices: Annotated[int, Field(ge=1, le=64 * MAX_NODES)] = 64
    """Devices of all pods of a run together."""
    max_budget: Time = "1344h"
    max_running_runs: Annotated[int, Field(ge=1)] | None = None
    """Models, Evaluations and Predictions of one namespace that have a Job at once; no bound when absent."""
    default_queue: QueueName | Literal[""] | None = None
    """LocalQueue of what names none; empty for none, and the installation's when absent."""
    max_evaluation_time: Time = "6h"
    max_prediction_time: Time = "6h"
    max_inspection_time: Time = "6h"
    """No budget bounds Evaluations, Predictions and inspections, so these do, in wall-clock time."""

    def allows_priority_class(self, name: str) -> bool:
        """Return whether a Model may name this PriorityClass."""
        return _matches(name, self.allowed_priority_classes)

    def allows_compute_class(self, name: str) -> bool:
        """Return whether a run may have this class."""
        return _matches(name, self.allowed_compute_classes)


_DEFAULT_LIMITS: Final = NamespaceLimits(namespaces=("*",))


class OutputConfig(_Section):
    """Where artifacts go when a Model does not say."""

    uri: BucketUri
    storage: Storage | None = None


class RetriesConfig(_Section):
    """How often an attempt is repeated, by what ended it, and how long the pauses are (doubling)."""

    failures: Annotated[int, Field(ge=0, le=4)] = 2
    disruptions: Annotated[int, Field(ge=0, le=1000)] = 10
    storage: Annotated[int, Field(ge=0, le=4)] = 4
    backoff_seconds: Annotated[int, Field(ge=1)] = 10
    max_backoff_seconds: Annotated[int, Field(ge=1)] = 300


class TrainerPolicyConfig(_Section):
    """The NetworkPolicy of trainers, which the operator keeps in every namespace that has a run."""

    enabled: bool = True
    report_from: tuple[dict[str, Any], ...] = ()
    """Who may reach the report port, as NetworkPolicy peers."""
    egress: tuple[dict[str, Any], ...] | None = None
    """Where trainers may connect to, as NetworkPolicy rules; anywhere but link-local and the API server when None."""


class OperatorConfig(_Section):
    """The whole file."""

    namespaces: tuple[str, ...] = ()
    trainer: TrainerConfig
    compute_classes: dict[str, ComputeClass]
    default_compute_class: str = "gpu"
    inspection: InspectionConfig = InspectionConfig()
    output: OutputConfig | None = None
    allowed_secrets: tuple[Pattern, ...] = ("darkroom-*",)
    allowed_service_accounts: tuple[Pattern, ...] = ("darkroom-*",)
    allowed_volume_claims: tuple[Pattern, ...] = ("*",)
    """PersistentVolumeClaims. All by default: they are only read, and whoever may create pods may mount them."""
    allowed_endpoints: Annotated[tuple[Endpoint, ...], Field(max_length=MAX_ENDPOINTS - OWN_ENDPOINTS)] = ()
    trainer_policy: TrainerPolicyConfig = TrainerPolicyConfig()
    default_queue: QueueName | None = None
    """LocalQueue of what names none, in each namespace: a Kueue that holds unlabelled Jobs would never admit it."""
    limits: tuple[NamespaceLimits, ...] = ()
    retries: RetriesConfig = RetriesConfig()
    grace_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    start_timeout_seconds: Annotated[int, Field(ge=0, le=MAX_START_TIMEOUT_SECONDS)] = 3600
    """How long a run may wait for its container, or for its configuration to be fixed; 0 for ever."""
    progress_interval_seconds: Annotated[int, Field(ge=1)] = 10
    job_ttl_seconds: Annotated[int, Field(ge=300)] = 86400

    @model_validator(mode="after")
    def _check_default_class(self) -> "OperatorConfig":
        if self.default_compute_class not in self.compute_classes:
            known = ", ".join(sorted(self.compute_classes)) or "none"
            raise ValueError(f"defaultComputeClass: {self.default_compute_class!r} is not in computeClasses ({known})")
        return self

    @field_validator("start_timeout_seconds")
    @classmethod
    def _check_start_timeout(cls, seconds: int) -> int:
        if 0 < seconds < MIN_START_TIMEOUT_SECONDS:
            raise ValueError(f"must be 0 (wait for ever) or at least {MIN_START_TIMEOUT_SECONDS}")
        return seconds

    @functools.cached_property
    def reach(self) -> Reach:
        """Return what runs may reach: the endpoints that are listed, and those that the administrator uses here."""
        storages = (self.output and self.output.storage, self.trainer.weights.storage)
        own = [storage.endpoint for storage in storages if storage and storage.endpoint]
        own += [self.trainer.weights.hub] if self.trainer.weights.hub else []
        return Reach(allowed_endpoints=(*self.allowed_endpoints, *list_endpoints(own)))

    @property
    def spans_nodes(self) -> bool:
        """Return whether a Model of some class may have several pods, which then have to reach each other."""
        return any(compute.max_nodes > 1 for compute in self.compute_classes.values())

    def find_limits(self, namespace: str) -> NamespaceLimits:
        """Return the first limits that name the namespace, or the defaults."""
        found = (limits for limits in self.limits if _matches(namespace, limits.namespaces))
        return next(found, _DEFAULT_LIMITS)

    def find_queue(self, namespace: str, named: str | None) -> str | None:
        """Return the LocalQueue that admits what names this one or none; None where no queue does."""
        default = self.find_limits(namespace).default_queue
        return named or (self.default_queue if default is None else default) or None

    def allows_secret(self, name: str) -> bool:
        """Return whether a resource may name this Secret."""
        return _matches(name, self.allowed_secrets)

    def allows_service_account(self, name: str) -> bool:
        """Return whether a resource may name this ServiceAccount."""
        return _matches(name, self.allowed_service_accounts)

    def allows_volume_claim(self, name: str) -> bool:
        """Return whether a resource may name this PersistentVolumeClaim."""
        return _matches(name, self.allowed_volume_claims)


def read_config(path: pathlib.Path) -> OperatorConfig:
    """Read and check the file; raises ConfigError naming the file and the field."""
    try:
        loaded = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
    return parse_config(loaded, str(path))


def parse_config(loaded: object, source: str) -> OperatorConfig:
    """Check what a YAML file held; raises ConfigError naming `source` and the field."""
    try:
        return OperatorConfig.model_validate(loaded)
    except pydantic.ValidationError as error:
        problems = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ConfigError(f"{source}: " + "; ".join(problems)) from error


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
