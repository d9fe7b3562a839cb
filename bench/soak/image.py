"""The soak's image: the trainer's, with the files of `stand_in` in place of those that train."""

import pathlib
from typing import Final

from hack.localcluster.host.locks import locked
from hack.localcluster.images import builder, layers, product
from hack.localcluster.progress import step
from hack.localcluster.state import State
from tests.cluster.setup.installation import VALUES

REPOSITORY: Final = "localhost/darkroom-soak"
TAG: Final = "dev"
FOLDER: Final = pathlib.Path(__file__).parent / "stand_in"
TRAINER: Final = next(target for target in product.TARGETS if target.name == "trainer")


def build_image(state: State) -> None:
    """Build the image from the trainer's that is there now, and load it into the cluster."""
    options = ["--isolation", "chroot", "--layers", "--build-arg", f"BASE_IMAGE={TRAINER.tag}"]
    command = builder.command(state, "bud", *options, "-t", f"{REPOSITORY}:{TAG}", str(FOLDER))
    with locked(state, "images"), step("image soak"):
        builder.run_logged(state, "soak", command)
        layers.load(state, f"{REPOSITORY}:{TAG}")


def build_values() -> dict[str, object]:
    """Return Helm values for many small trainers at once, which are retried for as long as they are disturbed.

    Two operators, with the chart's own lease.
    """
    shape = {"cpu": "1", "cpuRequest": "50m", "memory": "300Mi", "sharedMemory": "64Mi", "ephemeralStorage": "200Mi"}
    classes: dict[str, object] = {"gpu": shape, "cpu": {**shape, "resourceName": None}}
    limits = {"failures": 4, "disruptions": 100, "storage": 4, "backoffSeconds": 1, "maxBackoffSeconds": 4}
    operator = {"image": VALUES["operator"]["image"], "replicas": 2}
    return {
        "operator": operator,
        "trainer": {"image": {"repository": REPOSITORY, "tag": TAG}},
        "computeClasses": classes,
        "allowedEndpoints": VALUES["allowedEndpoints"],
        "retries": limits,
    }
