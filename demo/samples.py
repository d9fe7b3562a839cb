"""Writes the sample datasets into the target's bucket with the `darkroom samples` command."""

import pathlib
import subprocess
import sys
from typing import Final

from demo.progress import step
from demo.target import BUCKET, CommandFailed, Target

SETS: Final = ("digits", "digit-scenes")


def upload_samples(target: Target) -> None:
    """Write both sample sets; raises CommandFailed where the storage refuses them."""
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
