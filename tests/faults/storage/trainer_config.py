"""What a trainer of the fault tests is told, and the keys that it is given."""

import pathlib
from typing import Any, Final

from darkroom_api import run_config

USER: Final = "trainer-of-the-tests"


def build_config(
    folder: pathlib.Path, command: run_config.Command, endpoint: str, prefix: str, attempt: int = 1, budget: float = 25
) -> dict[str, Any]:
    """Return what the operator would tell the trainer about the digits in the bucket."""
    storage: dict[str, Any] = {
        "endpoint": endpoint,
        "region": "us-east-1",
        "credentialsDir": str(folder / "credentials"),
    }
    storage["reach"] = {"ownMachine": True}
    kind = "Dataset" if command is run_config.Command.INSPECT else "Model"
    config: dict[str, Any] = {
        "command": command.value,
        "resource": {"kind": kind, "namespace": "faults", "name": "digits", "uid": prefix},
        "attempt": attempt,
        "dataset": {
            "name": "digits",
            "annotationKind": "imageClassification",
            "annotationFiles": ["s3://vision/digits/train.json"],
            "storage": storage,
        },
        "output": {"uri": f"s3://vision/{prefix}", "storage": storage},
    }
    if command is run_config.Command.TRAIN:
        config |= {"task": "classifier", "budgetSeconds": budget}
    return config


def write_credentials(folder: pathlib.Path, key: str) -> None:
    """Write a key and a secret as a mounted Secret has them."""
    folder.mkdir(exist_ok=True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (folder / name).write_text(key)
