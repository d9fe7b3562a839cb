"""Custom Vision's training API: the reading routes, one method each.

Owns addresses and what an error of the service means. Must not do: write anything, or send the key to another host.
"""

import urllib.parse
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from darkroom_api.endpoints import EndpointProblem, find_origin
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_migrate.answers import Domain, Iteration, Project, Refusal, Scores, Tag, read_answer
from darkroom_migrate.calls import Answer, Caller
from darkroom_migrate.errors import MigrationError

PAGE_IMAGES: Final = 256
"""The most that the service gives at once."""
_VERSION: Final = "v3.3"
"""The last that is not a preview."""
_MAX_ANSWER_BYTES: Final = 1 << 28
_MAX_SAID: Final = 300
_KINDS: Final = {
    ("classification", "multiclass"): AnnotationKind.CLASSIFICATION,
    ("classification", "multilabel"): AnnotationKind.MULTILABEL,
    ("objectdetection", ""): AnnotationKind.DETECTION,
}
_ADVICE: Final = {
    401: "the training key is not this endpoint's; give the key of the training resource",
    403: "the training key is not this endpoint's, or the resource is closed to this network",
    404: "check --endpoint and --project",
    429: "the service says that it is asked too often; run the same command again later",
}

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class OldModel:
    """The newest iteration that was trained, and what it scored."""

    iteration: Iteration
    scores: Scores


def find_base(endpoint: str) -> str:
    """Return where the training API is; MigrationError where `endpoint` is no https address of a host."""
    base = endpoint.partition("/customvision")[0].rstrip("/")
    try:
        origin = find_origin(base)
    except EndpointProblem as problem:
        raise MigrationError(f"--endpoint: {problem}") from problem
    if origin.scheme != "https" or "?" in base or "#" in base:
        raise MigrationError(
            "--endpoint: give https://NAME.cognitiveservices.azure.com, as the resource's page shows it"
        )
    return f"{base}/customvision/{_VERSION}/training"


class TrainingApi:
    """One resource's training API."""

    def __init__(self, base: str, key: str, caller: Caller) -> None:
        self._base = base
        self._headers = {"Training-Key": key}
        self._caller = caller

    def find_project(self, wanted: str) -> Project:
        """Return the project with this id or name; MigrationError where there is none, or more than one."""
        projects = self._read(TypeAdapter(list[Project]), "/projects")
        found = [project for project in projects if wanted in (project.id, project.name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise MigrationError(f"--project: {len(found)} projects are called {wanted!r}; give the id of one")
        names = ", ".join(repr(project.name) for project in projects[:10]) or "no project"
        raise MigrationError(f"--project: there is no project {wanted!r}; the endpoint has {names}")

    def find_kind(self, project: Project) -> AnnotationKind:
        """Return what a project's labels say about its images."""
        domain = self._read(TypeAdapter(Domain), f"/domains/{project.settings.domain_id}")
        kinds = domain.type, project.settings.classification_type or ""
        key = kinds[0].lower(), kinds[1].lower() if kinds[0].lower() == "classification" else ""
        if key not in _KINDS:
            raise MigrationError(
                f"project {project.name!r}: domain type and classification type are {kinds!r}, not known"
            )
        return _KINDS[key]

    def read_tags(self, project: Project) -> list[Tag]:
        """Return the project's tags."""
        return self._read(TypeAdapter(list[Tag]), f"/projects/{project.id}/tags")

    def count_images(self, project: Project) -> int:
        """Return how many images the project has."""
        return self._read(TypeAdapter(int), f"/projects/{project.id}/images/count")

    def read_page(self, project: Project, skip: int) -> list[Any]:
        """Return images from the `skip`-th oldest on, as they come; none at the end."""
        query = {"orderBy": "Oldest", "take": PAGE_IMAGES, "skip": skip, "taggingStatus": "All"}
        path = f"/projects/{project.id}/images?{urllib.parse.urlencode(query)}"
        return self._read(TypeAdapter(list[Any]), path)

    def read_old_model(self, project: Project) -> OldModel | None:
        """Return the newest trained iteration with its scores, None where nothing was trained."""
        path = f"/projects/{project.id}/iterations"
        trained = [entry for entry in self._read(TypeAdapter(list[Iteration]), path) if entry.trained_at]
        if not trained:
            return None
        newest = max(trained, key=lambda entry: (entry.trained_at or "", entry.id))
        return OldModel(newest, self._read(TypeAdapter(Scores), f"{path}/{newest.id}/performance"))

    def _read(self, adapter: TypeAdapter[Parsed], path: str) -> Parsed:
        what = f"GET {self._base}{path.partition('?')[0]}"
        answer = self._caller.get(self._base + path, _MAX_ANSWER_BYTES, self._headers)
        if answer.status != 200:
            raise MigrationError(f"{what}: {_explain_refusal(answer)}")
        return read_answer(adapter, answer.body, what)


def _explain_refusal(answer: Answer) -> str:
    try:
        found = Refusal.model_validate_json(answer.body)
        refusal = found.error or found
        texts = [text for text in (refusal.code, refusal.message) if text]
    except ValidationError:
        texts = []
    said = "".join(char if char.isprintable() else " " for char in " ".join(texts))[:_MAX_SAID]
    advice = _ADVICE.get(answer.status, "run the same command again" if answer.is_busy else "check --endpoint")
    return f"the service answered {answer.status}{f' ({said})' if said else ''}; {advice}"
