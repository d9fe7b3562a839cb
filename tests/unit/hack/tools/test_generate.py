"""The generated files: fresh, complete, and listed where kustomize looks."""

import yaml

from hack.tools.generate import ROOT, build_files, find_stale


def test_every_generated_file_is_fresh() -> None:
    assert find_stale() == []


def test_the_generator_covers_crds_chart_and_reference() -> None:
    folders = {str(path.parent) for path in build_files()}
    assert folders == {"crds", "helm/darkroom", "helm/darkroom/templates/crds", "docs/reference", "docs"}


def test_kustomize_lists_every_crd() -> None:
    listed = yaml.safe_load((ROOT / "crds/kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(
        path.name for path in (ROOT / "crds").glob("*.yaml") if path.stem != "kustomization"
    )
