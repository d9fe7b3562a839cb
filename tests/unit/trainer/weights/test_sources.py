"""Where a run looks for pretrained weights, in which order, and what of it can be turned off."""

import pathlib

import pytest

from darkroom_api import run_config
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_trainer.weights.sources import open_sources
from tests.local_storage import a_local_place

HUB = "https://hub.example"


@pytest.mark.parametrize(
    ("has_bucket", "hub", "embedded", "described"),
    [
        pytest.param(False, None, True, "{mounted}", id="nothing is configured"),
        pytest.param(True, None, True, "{mounted} or {bucket}", id="a bucket comes after the mounted folder"),
        pytest.param(False, HUB, False, "{mounted} or https://hub.example", id="a hub comes last of what is fetched"),
        pytest.param(True, HUB, False, "{mounted} or {bucket} or https://hub.example", id="all of them"),
    ],
)
def test_weights_are_looked_for_in_what_is_configured(
    tmp_path: pathlib.Path, has_bucket: bool, hub: str | None, embedded: bool, described: str
) -> None:
    mounted, bucket = tmp_path / "mounted", tmp_path / "bucket"
    weights = run_config.Weights(
        location=a_local_place(bucket) if has_bucket else None, hub=hub, reach=OWN_MACHINE, embedded=embedded
    )
    sources = open_sources(weights, tmp_path / "work", mounted)
    assert sources.describe() == described.format(mounted=mounted, bucket=bucket)
    assert (sources.shelf is not None) == embedded
    assert (sources.hub is not None) == (hub is not None)
