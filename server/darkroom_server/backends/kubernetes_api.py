"""The API server: the few calls that this server makes, through the official client.

Owns the login, and what each failure means in the words of `backend`. Must not cache anything, nor know HTTP requests
of callers. It can create Secrets and can do nothing else with them.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import aiohttp
from kubernetes.aio import client, watch
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from darkroom_api import names
from darkroom_api.crd import KINDS
from darkroom_api.redaction import redact
from darkroom_server.backends.backend import AlreadyThere, BackendProblem, Changed, Kind, NotThere, Refused, Unavailable

Json = dict[str, Any]

CALL_SECONDS: Final = 20.0
PAGE_SIZE: Final = 100
"""Objects of a page of a list. Each may have 1.5 MB."""
WATCH_SECONDS: Final = 60
"""After so long a watch is asked for anew: one whose connection died silently is noticed by then."""
MANAGER: Final = "darkroom-server"
PLURALS: Final[dict[str, str]] = {kind.name: kind.plural for kind in KINDS}
_MERGE_PATCH: Final = "application/merge-patch+json"


class KubernetesApi:
    """A connection to an API server. Safe to use from many tasks of one loop."""

    def __init__(self, configuration: Configuration) -> None:
        self._client = ApiClient(configuration)
        self._client.user_agent = MANAGER
        # Its answers are JSON, which its types do not say.
        self._objects: Any = client.CustomObjectsApi(self._client)
        self._core = client.CoreV1Api(self._client)

    @classmethod
    async def connect(cls, kubeconfig: str | None = None) -> "KubernetesApi":
        """Use the pod's ServiceAccount, or a kubeconfig file; raises Unavailable where neither is there."""
        configuration = Configuration()
        # A ~/.netrc must not replace the token.
        configuration.client_session_kwargs = {"trust_env": False}
        try:
            if kubeconfig is None:
                load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            else:
                await load_kube_config(  # type: ignore[no-untyped-call]
                    config_file=kubeconfig, client_configuration=configuration
                )
        except (ConfigException, OSError) as error:
            where = kubeconfig or "this pod's ServiceAccount"
            raise Unavailable(f"cannot log in to the API server with {where}: {error}") from error
        return cls(configuration)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def list_objects(self, kind: Kind, namespace: str | None) -> tuple[list[Json], str]:
        """Return the objects of a kind, of all namespaces without one, and the version from which to watch them."""
        found: list[Json] = []
        more: str | None = None
        while True:
            with _explained(f"{kind}s"):
                page: Json = await self._list(kind, namespace, limit=PAGE_SIZE, **({"_continue": more} if more else {}))
            found += page["items"]
            more = page["metadata"].get("continue")
            if not more:
                return found, page["metadata"]["resourceVersion"]

    async def watch_objects(self, kind: Kind, namespace: str | None, version: str) -> AsyncIterator[tuple[str, Json]]:
        """Yield what changes after `version`, each as its type and the object; ends after WATCH_SECONDS.

        A bookmark's object has nothing but its version.
        """
        stream = watch.Watch(return_type="object")  # type: ignore[no-untyped-call]
        function, places = self._find_list(kind, namespace)
        with _explained(f"{kind}s"):
            async for event in stream.stream(  # type: ignore[no-untyped-call]
                function, *places, resource_version=version, allow_watch_bookmarks=True,
                timeout_seconds=WATCH_SECONDS, _request_timeout=WATCH_SECONDS + CALL_SECONDS,
            ):  # fmt: skip
                yield event["type"], event["raw_object"]

    def _find_list(self, kind: Kind, namespace: str | None) -> tuple[Any, tuple[str, ...]]:
        group = (names.GROUP, names.VERSION)
        if namespace is None:
            return self._objects.list_custom_object_for_all_namespaces, (*group, PLURALS[kind])
        return self._objects.list_namespaced_custom_object, (*group, namespace, PLURALS[kind])

    async def _list(self, kind: Kind, namespace: str | None, **options: Any) -> Json:
        function, places = self._find_list(kind, namespace)
        page: Json = await function(*places, **options, _request_timeout=CALL_SECONDS)
        return page

    async def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """Return an object; raises NotThere."""
        with _explained(f"{kind} {name}"):
            found: Json = await self._objects.get_namespaced_custom_object(
                names.GROUP, names.VERSION, namespace, PLURALS[kind], name, _request_timeout=CALL_SECONDS
            )
        return found

    async def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Json:
        """Return the created object; raises AlreadyThere."""
        body = {**manifest, "apiVersion": names.API_VERSION, "kind": kind}
        with _explained(f"{kind} {manifest['metadata'].get('name')}"):
            created: Json = await self._objects.create_namespaced_custom_object(
                names.GROUP, names.VERSION, namespace, PLURALS[kind], body,
                field_manager=MANAGER, field_validation="Strict", _request_timeout=CALL_SECONDS,
            )  # fmt: skip
        return created

    async def patch(self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any]) -> Json:
        """Merge `change` into an object and return it; raises NotThere, and Changed where it names another version."""
        with _explained(f"{kind} {name}"):
            patched: Json = await self._objects.patch_namespaced_custom_object(
                names.GROUP, names.VERSION, namespace, PLURALS[kind], name, dict(change),
                field_manager=MANAGER, field_validation="Strict",
                _content_type=_MERGE_PATCH, _request_timeout=CALL_SECONDS,
            )  # fmt: skip
        return patched

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str, version: str | None = None) -> None:
        """Delete an object that has this uid, and this resourceVersion where one is given; raises NotThere, Changed."""
        only = client.V1Preconditions(uid=uid, resource_version=version)
        options = client.V1DeleteOptions(propagation_policy="Background", preconditions=only)
        with _explained(f"{kind} {name}"):
            await self._objects.delete_namespaced_custom_object(
                names.GROUP, names.VERSION, namespace, PLURALS[kind], name, body=options, _request_timeout=CALL_SECONDS
            )

    async def create_secret(self, namespace: str, name: str, data: Mapping[str, str], owner: Json) -> None:
        """Create a Secret that goes with its owner; raises AlreadyThere."""
        reference = client.V1OwnerReference(
            api_version=owner["apiVersion"], kind=owner["kind"],
            name=owner["metadata"]["name"], uid=owner["metadata"]["uid"],
        )  # fmt: skip
        metadata = client.V1ObjectMeta(
            name=name, labels={names.LABEL_MANAGED_BY: MANAGER}, owner_references=[reference]
        )
        secret = client.V1Secret(metadata=metadata, type="Opaque", string_data=dict(data))
        with _explained(f"Secret {name}"):
            await self._core.create_namespaced_secret(
                namespace, secret, field_manager=MANAGER, _request_timeout=CALL_SECONDS
            )

    async def review_token(self, token: str) -> Json | None:
        """Return the user whose token this is, None where it is nobody's."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        with _explained("TokenReview"):
            status = (await self._review("authentication.k8s.io", "tokenreviews", body))["status"]
        user: Json | None = status.get("user") if status.get("authenticated") else None
        return user

    async def review_access(self, user: Mapping[str, Any], verb: str, kind: Kind, namespace: str) -> bool:
        """Return whether RBAC lets a user do `verb` with objects of a kind in a namespace."""
        asked = {"namespace": namespace, "verb": verb, "group": names.GROUP, "resource": PLURALS[kind]}
        who = {"user": user["username"], **{key: user[key] for key in ("uid", "groups", "extra") if key in user}}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {**who, "resourceAttributes": asked},
        }
        with _explained("SubjectAccessReview"):
            status = (await self._review("authorization.k8s.io", "subjectaccessreviews", body))["status"]
        return bool(status.get("allowed"))

    async def _review(self, group: str, plural: str, body: Json) -> Json:
        answer: Json = await self._objects.create_cluster_custom_object(
            group, "v1", plural, body, _request_timeout=CALL_SECONDS
        )
        return answer


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what the client raises into the problems of a back end."""
    try:
        yield
    except ApiException as error:
        raise _explain(what, error) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(f"{what}: the API server does not answer ({type(error).__name__}); try again") from error


def _explain(what: str, error: ApiException) -> BackendProblem:
    reason, message = _read_answer(error)
    text = f"{what}: {message}"
    match error.status:
        case 404:
            return NotThere(text)
        case 409:
            return AlreadyThere(text) if reason == "AlreadyExists" else Changed(text)
        case 400 | 403 | 413 | 422:
            return Refused(text)
        case _:
            return Unavailable(text)


def _read_answer(error: ApiException) -> tuple[str, str]:
    """Return reason and message of the API server's answer; a watch's error has them in one text."""
    try:
        told = json.loads(error.body or "")
        return str(told.get("reason", "")), redact(str(told.get("message", "")))
    except (ValueError, AttributeError):
        return "", redact(f"{error.status} {error.reason}")
