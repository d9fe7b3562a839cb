"""What a trainer of the fault tests is told."""

from typing import Any, Final

from darkroom_api import run_config

USER: Final = "trainer-of-the-tests"


def build_config(
    command: run_config.Command,
    root: str,
    storage: run_config.StorageAccess,
    prefix: str,
    attempt: int = 1,
    budget: float = 25,
) -> dict[str, Any]:
    """Return what the operator would tell the trainer about the digits in a bucket or container, `root`."""
    access = storage.to_json()
    kind = "Dataset" if command is run_config.Command.INSPECT else "Model"
    config: dict[str, Any] = {
        "command": command.value,
        "resource": {"kind": kind, "namespace": "faults", "name": "digits", "uid": prefix},
        "attempt": attempt,
        "dataset": {
            "name": "digits",
            "annotationKind": "imageClassification",
            "annotationFiles": [f"{root}/digits/train.json"],
            "storage": access,
        },
        "output": {"uri": f"{root}/{prefix}", "storage": access},
    }
    if command is run_config.Command.TRAIN:
        config |= {"task": "classifier", "budgetSeconds": budget}
    return config
