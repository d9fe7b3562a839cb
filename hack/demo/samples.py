"""Writes the sample datasets into the target's bucket with the `darkroom samples` command.

The only module of the demo that imports boto3: creating a bucket is an administrator's act, not Darkroom's.
"""

import pathlib
import subprocess
import sys
from typing import Final

import boto3
import botocore.exceptions

from hack.demo.progress import step
from hack.demo.target import BUCKET, CommandFailed, Target

SETS: Final = ("digits", "photos")


def upload_samples(target: Target) -> None:
    """Write both sample sets; raises CommandFailed where the storage refuses them."""
    _create_bucket(target)
    environment = {
        **target.environment,
        "AWS_ACCESS_KEY_ID": target.access_key,
        "AWS_SECRET_ACCESS_KEY": target.secret_key,
    }
    command = str(pathlib.Path(sys.executable).with_name("darkroom"))
    for name in SETS:
        with step(f"darkroom samples {name} --to s3://{BUCKET}/{name}"):
            where = ("--to", f"s3://{BUCKET}/{name}", "--endpoint", target.endpoint_from_here)
            if subprocess.run([command, "samples", name, *where], env=environment, check=False).returncode != 0:
                raise CommandFailed(f"the samples could not be written to s3://{BUCKET}/{name}")


def _create_bucket(target: Target) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=target.endpoint_from_here,
        region_name="us-east-1",
        aws_access_key_id=target.access_key,
        aws_secret_access_key=target.secret_key,
    )
    try:
        client.create_bucket(Bucket=BUCKET)
    except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
        return
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
        raise CommandFailed(f"bucket {BUCKET} at {target.endpoint_from_here}: {problem}") from problem
