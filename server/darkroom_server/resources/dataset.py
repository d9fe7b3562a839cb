"""Datasets of the REST interface, and the objects that they stand for. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from darkroom_api.names import API_VERSION, GROUP
from darkroom_api.v1alpha1.common import AnnotationKind, Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_server.backends.backend import Stored
from darkroom_server.resources.addresses import Placed
from darkroom_server.resources.names import build_metadata, find_rest_name
from darkroom_server.resources.rest_object import RestObject, format_moment

ANNOTATION_AUTHENTICATION: Final = f"{GROUP}/rest-authentication"
ANNOTATION_FILES: Final = f"{GROUP}/rest-annotation-files"
"""The addresses as they were sent, where others stand in the spec."""
ANNOTATION_PROPERTIES: Final = f"{GROUP}/rest-custom-properties"
ANNOTATION_UPDATED: Final = f"{GROUP}/rest-updated"
_OLD_KINDS: Final = {"multiclassclassification": AnnotationKind.CLASSIFICATION}
_KINDS: Final = {kind.value.lower(): kind for kind in AnnotationKind} | _OLD_KINDS

Text = Annotated[str, Field(max_length=1024)]
Properties = Annotated[dict[Annotated[str, Field(min_length=1, max_length=256)], Text], Field(max_length=10)]
Uris = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=10)]
NoteT = TypeVar("NoteT")
_URIS: Final[TypeAdapter[list[str]]] = TypeAdapter(Uris)
_PROPERTIES: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(Properties)


class AuthenticationKind(StrEnum):
    """How the annotation files and images are reached."""

    NONE = "none"
    MANAGED_IDENTITY = "managedIdentity"
    SAS = "sas"


_AUTHENTICATIONS: Final = {kind.value.lower(): kind for kind in AuthenticationKind}


def _find_word(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    if isinstance(value, StrEnum):
        return value
    raise ValueError(f"must be one of {', '.join(dict.fromkeys(str(word) for word in known.values()))}")


class Authentication(RestObject):
    """How the files are reached; the token is taken and never told."""

    kind: AuthenticationKind = Field(description="`none`: public; `managedIdentity`: the installation's credentials.")
    sas_token: str | None = Field(
        default=None, description="The query of a signed address, for `sas`.", json_schema_extra={"writeOnly": True}
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _read_kind(cls, value: Any) -> Any:
        return _find_word(value, _AUTHENTICATIONS)


class DatasetPatch(RestObject):
    """What of a Dataset may be changed; what is absent stays."""

    annotation_kind: AnnotationKind | None = Field(default=None, description="What the annotations say.")
    annotation_file_uris: Uris | None = Field(default=None, description="Addresses of COCO files.")
    authentication: Authentication | None = Field(default=None, description="How they are reached; `none` if absent.")
    custom_properties: Properties | None = Field(default=None, description="The caller's own; kept as they are.")

    @field_validator("annotation_kind", mode="before")
    @classmethod
    def _read_kind(cls, value: Any) -> Any:
        return None if value is None else _find_word(value, _KINDS)


class DatasetRequest(DatasetPatch):
    """A Dataset as a caller sends it."""

    @model_validator(mode="before")
    @classmethod
    def _require(cls, body: Any) -> Any:
        return {key: value for key, value in body.items() if value is not None} if isinstance(body, dict) else body

    annotation_kind: AnnotationKind = Field(description="What the annotations say.")
    annotation_file_uris: Uris = Field(description="Addresses of COCO files.")


class DatasetAnswer(RestObject):
    """A Dataset as it is told."""

    name: str
    annotation_kind: AnnotationKind
    annotation_file_uris: list[str]
    authentication: Authentication | None = None
    custom_properties: dict[str, str] | None = None
    created_date_time: str
    updated_date_time: str
    e_tag: str


def build_manifest(name: str, wanted: DatasetPatch, placed: Placed, secret: str | None) -> dict[str, Any]:
    """Return the object of a new Dataset; `secret` holds the token that opens its files."""
    metadata: dict[str, Any] = build_metadata(name)
    annotations = _annotate(wanted, placed)
    metadata["annotations"] |= {key: text for key, text in annotations.items() if text is not None}
    spec = {key: value for key, value in _specify(wanted, placed, secret).items() if value is not None}
    return {"apiVersion": API_VERSION, "kind": "Dataset", "metadata": metadata, "spec": spec}


def build_change(
    wanted: DatasetPatch, placed: Placed | None, secret: str | None, now: datetime, *, has_new_files: bool = False
) -> dict[str, Any]:
    """Return the merge patch that makes a Dataset what is wanted; without `placed` its files and storage stay.

    With `has_new_files`, its files are COCO files from now on, whatever they were: callers know no other format.
    """
    spec: dict[str, Any] = {"annotationKind": wanted.annotation_kind}
    annotations = {ANNOTATION_UPDATED: format_moment(now), **_annotate_properties(wanted)}
    if placed is not None:
        spec, annotations = _specify(wanted, placed, secret), annotations | _annotate(wanted, placed)
        if spec["storage"] is not None:
            spec["storage"] = _NO_STORAGE | spec["storage"]  # a merge patch leaves what it does not name
    if has_new_files:
        spec |= {"format": None, "splits": None}
    return {"metadata": {"annotations": annotations}, "spec": spec}


_NO_STORAGE: Final[dict[str, Any]] = {
    "endpoint": None, "region": None, "credentialsSecret": None, "serviceAccountName": None, "volumeClaim": None,
}  # fmt: skip


def _specify(wanted: DatasetPatch, placed: Placed, secret: str | None) -> dict[str, Any]:
    storage = Storage(credentials_secret=secret) if secret is not None else placed.storage
    mappings = [{"from": mapping.from_prefix, "to": mapping.to_prefix} for mapping in placed.mappings]
    return {
        "annotationKind": wanted.annotation_kind,
        "annotationFiles": list(placed.files),
        "urlMappings": mappings or None,
        "storage": storage.to_json() if storage is not None else None,
    }


def _annotate(wanted: DatasetPatch, placed: Placed) -> dict[str, str | None]:
    sent, authentication = wanted.annotation_file_uris, wanted.authentication
    kind = authentication.kind if authentication is not None else AuthenticationKind.NONE
    return {
        ANNOTATION_AUTHENTICATION: kind if kind is not AuthenticationKind.NONE else None,
        ANNOTATION_FILES: json.dumps(sent) if sent != list(placed.files) else None,
        **_annotate_properties(wanted),
    }


def _annotate_properties(wanted: DatasetPatch) -> dict[str, str | None]:
    properties = wanted.custom_properties
    return {ANNOTATION_PROPERTIES: json.dumps(properties, ensure_ascii=False) if properties is not None else None}


def build_answer(stored: Stored) -> DatasetAnswer:
    """Return a Dataset as it is told."""
    spec, notes = stored.spec, stored.annotations
    assert isinstance(spec, DatasetSpec)
    kind = find_authentication(stored)
    created = format_moment(stored.created_at)
    return DatasetAnswer(
        name=find_rest_name(stored),
        annotation_kind=spec.annotation_kind,
        annotation_file_uris=_read_note(notes, ANNOTATION_FILES, _URIS) or list(spec.annotation_files),
        # Clients know no `none`.
        authentication=Authentication(kind=kind) if kind is not AuthenticationKind.NONE else None,
        custom_properties=_read_note(notes, ANNOTATION_PROPERTIES, _PROPERTIES),
        created_date_time=created,
        updated_date_time=notes.get(ANNOTATION_UPDATED, created),
        e_tag=stored.version,
    )


def find_authentication(stored: Stored) -> AuthenticationKind:
    """Return how a Dataset is reached; one that was applied with kubectl says so by its storage."""
    spec = stored.spec
    assert isinstance(spec, DatasetSpec)
    noted = stored.annotations.get(ANNOTATION_AUTHENTICATION, "").lower()
    if noted in _AUTHENTICATIONS:
        return _AUTHENTICATIONS[noted]
    return AuthenticationKind.NONE if spec.storage is None else AuthenticationKind.MANAGED_IDENTITY


def find_secret(stored: Stored) -> str | None:
    """Return the Secret that holds the token of a Dataset of kind `sas`."""
    spec = stored.spec
    assert isinstance(spec, DatasetSpec)
    is_signed = find_authentication(stored) is AuthenticationKind.SAS and spec.storage is not None
    return spec.storage.credentials_secret if is_signed and spec.storage is not None else None


def merge(stored: Stored, patch: DatasetPatch) -> DatasetPatch:
    """Return all that is wanted of a Dataset: what the patch says, and what stays."""
    now = build_answer(stored)
    return DatasetPatch(
        annotation_kind=patch.annotation_kind or now.annotation_kind,
        annotation_file_uris=patch.annotation_file_uris or now.annotation_file_uris,
        authentication=patch.authentication or now.authentication,
        custom_properties=patch.custom_properties if patch.custom_properties is not None else now.custom_properties,
    )


def _read_note(notes: Mapping[str, str], key: str, form: TypeAdapter[NoteT]) -> NoteT | None:
    """Return what an annotation holds; anybody may have written it, so what is not of its form counts as absent."""
    try:
        return form.validate_json(notes[key], strict=True) if key in notes else None
    except ValidationError:
        return None
