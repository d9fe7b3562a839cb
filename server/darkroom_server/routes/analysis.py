"""`POST /computervision/imageanalysis:analyze`: a custom model's tags and objects of one image.

Owns the query, and the answer in the service's form. There is no pre-trained model here, so a Model has to be named.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_predict.answers import build_answer
from darkroom_server.backends.backend import Stored
from darkroom_server.http import queries, uploads, versions
from darkroom_server.http.problems import bad_request
from darkroom_server.prediction.failures import PredictionFailure
from darkroom_server.prediction.finding import look_up
from darkroom_server.prediction.looking import Seen
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import explain, predict

FEATURES: Final = ("tags", "caption", "densecaptions", "objects", "read", "smartcrops", "people")
LANGUAGES: Final = frozenset((
    "en", "ar", "az", "bg", "bs", "ca", "cs", "cy", "da", "de", "el", "es", "et", "eu", "fi", "fr", "ga", "gl",
    "he", "hi", "hr", "hu", "id", "it", "ja", "kk", "ko", "lt", "lv", "mk", "ms", "nb", "nl", "pl", "prs", "pt",
    "pt-br", "pt-pt", "ro", "ru", "sk", "sl", "sr-cyrl", "sr-latn", "sv", "th", "tr", "uk", "vi", "zh", "zh-hans",
    "zh-hant",
))  # fmt: skip
_RELEASE: Final = re.compile(r"latest|\d{4}-\d{2}-\d{2}(-preview)?")
"""What `model-version` names of the service's own models."""


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the one route."""

    async def analyze(request: Request) -> Response:
        caller = await parts.admission.admit(request, "get", "Model")
        query = queries.read_query(request)
        versions.check_version(query)
        features = read_features(query)
        model = await _choose_model(parts, caller.namespace, query)
        _, seen = await predict(parts, caller, model, lambda: uploads.read_upload(request, parts.config.bodies))
        return JSONResponse(build_analysis(seen, features))

    return [Route("/computervision/imageanalysis:analyze", analyze, methods=["POST"])]


def read_features(query: Mapping[str, str]) -> frozenset[str]:
    """Return the features that a query asks for, in small letters; raises a Problem naming one that is unknown."""
    asked = [part.strip() for part in query.get("features", "").split(",") if part.strip()]
    for feature in asked:
        if feature.lower() not in FEATURES:
            message = f"the feature {feature[:40]!r} is not known; leave it out (known: {', '.join(FEATURES)})"
            raise bad_request(message, target="features", inner_code="NotSupportedVisualFeature")
    return frozenset(feature.lower() for feature in asked)


async def _choose_model(parts: Parts, namespace: str, query: Mapping[str, str]) -> str | Stored:
    """Return the Model that a query names; the tutorials of 2023 put its name into `model-version`."""
    if name := query.get("model-name"):
        return name
    version = query.get("model-version", "")
    if version and not _RELEASE.fullmatch(version):
        try:
            found = await look_up(parts.backend, namespace, version)
        except PredictionFailure as failure:
            raise explain(failure) from failure
        if found is not None:
            return found
    _check_pretrained(query)
    named = "features alone name no model, and Darkroom has no pre-trained one" if query.get("features") else "no model"
    raise bad_request(f"{named}; add model-name=NAME of a Model that has succeeded", target="model-name")


def _check_pretrained(query: Mapping[str, str]) -> None:
    """Raise the Problem of what only a pre-trained model would look at; with a custom one it is ignored."""
    language = query.get("language", "en")
    if language.lower() not in LANGUAGES:
        message = f"the language {language[:40]!r} is not known; leave it out"
        raise bad_request(message, target="language", inner_code="NotSupportedLanguage")
    for text in filter(None, query.get("smartcrops-aspect-ratios", "").split(",")):
        if not re.fullmatch(r"\d{1,3}(\.\d{1,9})?", text.strip()) or not 0.75 <= float(text) <= 1.8:
            message = f"the ratio {text[:40]!r} is not from 0.75 to 1.8; give such ratios, separated by commas"
            raise bad_request(message, target="smartcrops-aspect-ratios", inner_code="BadArgument")


def build_analysis(seen: Seen, features: frozenset[str]) -> dict[str, Any]:
    """Return the answer; what `features` asks for stands at the top as well, where today's clients read it."""
    described = seen.description
    size = (seen.size.width, seen.size.height)
    answer = build_answer(described.task, seen.prediction, described.labels, size, described.version)
    for feature, key in (("tags", "tagsResult"), ("objects", "objectsResult")):
        if feature in features and key in answer["customModelResult"]:
            answer[key] = answer["customModelResult"][key]
    return answer
