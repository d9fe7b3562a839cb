"""The chart's CRDs, written as templates."""

from hack.tools.chart import build_crd_template, escape_template


def test_double_braces_of_a_description_are_not_for_helm() -> None:
    crd = {"kind": "K", "metadata": {"name": "a.b"}, "spec": {"text": "write {{ name }}"}}
    assert 'write {{ "{{" }} name }}' in build_crd_template(crd)
    assert escape_template("{1,5}") == "{1,5}"
