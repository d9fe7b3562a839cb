"""The bucket of a test session: sample sets in it, and what the runs left there."""

import base64
import json
import pathlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import boto3
import botocore.config

from hack.localcluster.kube.addons import S3_SECRET, STORAGE
from hack.localcluster.state import S3_ADDRESS, S3_PORT
from tests.cluster.api.connection import Connection

PARALLEL_UPLOADS: Final = 8
PAGE: Final = 1000


@dataclass(frozen=True)
class Bucket:
    """A bucket on the cluster's S3 server, reached from outside the cluster."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str

    @property
    def client(self) -> Any:
        """Return a client of the server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=botocore.config.Config(max_pool_connections=PARALLEL_UPLOADS, retries={"mode": "standard"}),
        )

    def uri(self, key: str) -> str:
        """Return the URI of a key."""
        return f"s3://{self.name}/{key}"

    def put(self, key: str, data: bytes) -> None:
        """Write one object."""
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def delete(self, key: str) -> None:
        """Delete one object, named by its key or its URI; nothing happens where there is none."""
        self.client.delete_object(Bucket=self.name, Key=self._key(key))

    def put_folder(self, folder: pathlib.Path, prefix: str) -> None:
        """Write every file below `folder` below `prefix`."""
        client = self.client
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
            sent = [
                pool.submit(client.upload_file, str(path), self.name, f"{prefix}/{path.relative_to(folder)}")
                for path in files
            ]
            for future in sent:
                future.result()

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, which may also be a URI in this bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self._key(prefix))
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """Return one object, named by its key or its URI."""
        data: bytes = self.client.get_object(Bucket=self.name, Key=self._key(key))["Body"].read()
        return data

    def take_folder(self, uri: str, folder: pathlib.Path) -> None:
        """Write the objects directly below a URI into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f"{self._key(uri).rstrip('/')}/"
        for key in self.keys(prefix):
            name = key.removeprefix(prefix)
            if "/" not in name:
                (folder / name).write_bytes(self.read(key))

    def read_json(self, key: str) -> Any:
        """Return one object, parsed."""
        return json.loads(self.read(key))

    def remove(self) -> None:
        """Delete the bucket with all that is in it."""
        client = self.client
        keys = [{"Key": key} for key in self.keys("")]
        for start in range(0, len(keys), PAGE):
            client.delete_objects(Bucket=self.name, Delete={"Objects": keys[start : start + PAGE]})
        client.delete_bucket(Bucket=self.name)

    def _key(self, name: str) -> str:
        return name.removeprefix(f"s3://{self.name}/")


def create_bucket(connection: Connection, name: str) -> Bucket:
    """Create a bucket on the cluster's own S3 server, whose administrator's keys are in a Secret."""
    data = connection.get("Secret", S3_SECRET, STORAGE)["data"]
    keys = [base64.b64decode(data[key]).decode() for key in ("ROOT_ACCESS_KEY", "ROOT_SECRET_KEY")]
    bucket = Bucket(name, f"http://{S3_ADDRESS}:{S3_PORT}", *keys)
    bucket.client.create_bucket(Bucket=name)
    return bucket
