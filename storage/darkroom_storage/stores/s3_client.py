"""The S3 client of one storage: whose identity it has, and which hosts it may reach.

Owns the client's settings. Must not do: any call, or explain what fails (`s3`).
A run on a cluster has the mounted keys, else its ServiceAccount's identity where the storage names one, else none: its
node's role and whatever the environment holds are never used.
"""

import pathlib
import urllib.parse
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
from botocore import UNSIGNED, awsrequest, config, httpsession

from darkroom_api import names
from darkroom_api.run_config import StorageAccess
from darkroom_storage import certificates, pools, secrets
from darkroom_storage.credentials import find_field
from darkroom_storage.errors import StorageMisconfigured

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_CONNECTIONS: Final = 32
_DEFAULT_REGION: Final = "us-east-1"
_SERVICE_ACCOUNT: Final = ("assume-role-with-web-identity", "container-role")
"""What botocore calls the ways in which a cloud gives a ServiceAccount an identity."""
_ENVIRONMENT: Final = "the AWS_* variables or the AWS configuration of this machine"


def connect(access: StorageAccess, keys: dict[str, str], authorities: str = "") -> "S3Client":
    """Return the client of `access`; no connection is made.

    Raises StorageMisconfigured for a key that cannot be one or an endpoint with a path, AddressForbidden for the
    endpoint's text.
    """
    if access.endpoint and urllib.parse.urlsplit(access.endpoint).path.strip("/"):
        message = (
            f"storage.endpoint {access.endpoint}: has a path, which only accounts of Azure have; give host and port"
        )
        raise StorageMisconfigured(message)
    session = _open_session(access, keys)
    _check_keys(session, find_field(access) or _ENVIRONMENT)
    on_cluster: dict[str, Any] = {} if access.reach.own_machine else {"proxies": {}}
    settings = config.Config(
        retries={"mode": "standard", "total_max_attempts": 2},
        connect_timeout=4,
        read_timeout=30,
        max_pool_connections=MAX_CONNECTIONS,
        # Services other than AWS often have neither bucket host names nor the newer checksums.
        s3={"addressing_style": "path"} if access.endpoint else {},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **({} if session.get_credentials() else {"signature_version": UNSIGNED}),
        **on_cluster,
    )
    region = session.region_name or _DEFAULT_REGION
    bundle = certificates.write_bundle(pathlib.Path(str(httpsession.get_cert_path(True))), authorities)
    client = session.client("s3", endpoint_url=access.endpoint, region_name=region, config=settings, verify=bundle)
    if not access.reach.own_machine:
        # botocore has no setting for it: this is what it makes its own pools with.
        manager = client._endpoint.http_session._manager  # type: ignore[attr-defined]
        pools.pin(manager, access.reach, awsrequest.AWSHTTPConnectionPool, awsrequest.AWSHTTPSConnectionPool)
    return client


def _open_session(access: StorageAccess, keys: dict[str, str]) -> boto3.session.Session:
    core = botocore.session.Session()
    if not access.reach.own_machine:
        allowed = _SERVICE_ACCOUNT if access.service_account else ()
        resolver = core.get_component("credential_provider")
        resolver.providers = [provider for provider in resolver.providers if provider.METHOD in allowed]
    key_id, secret = (keys.get(name) for name in names.KEY_PAIR)
    return boto3.session.Session(
        key_id, secret, keys.get(names.SESSION_KEY), region_name=access.region, botocore_session=core
    )


def _check_keys(session: boto3.session.Session, where: str) -> None:
    """Refuse what no header can hold: the HTTP library would quote it."""
    found = session.get_credentials()
    if found is None:
        return
    frozen = found.get_frozen_credentials()
    values = dict(zip((*names.KEY_PAIR, names.SESSION_KEY), frozen, strict=False))
    secrets.remember(value for name, value in values.items() if value and name != names.KEY_PAIR[0])
    for name, value in values.items():
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            message = f"{where}: {name} holds a line end, a blank or another character that no key has; write it again"
            raise StorageMisconfigured(message)
