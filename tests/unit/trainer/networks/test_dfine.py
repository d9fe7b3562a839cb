"""D-FINE of the transformers library: what of a config.json is used, and what becomes of a file's tensors."""

import copy
import json
import socket
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import torch

from darkroom_trainer.networks import dfine
from tests.support.pretrained import detectors

Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> str:
    config = copy.deepcopy(detectors.CONFIG)
    change(config)
    return json.dumps(config)


REFUSED: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "is no JSON"),
    "no object": ("[1]", "describes nothing"),
    "another architecture": (changed(lambda one: one.update(model_type="rt_detr")), "describes rt_detr, and only"),
    "a backbone by its name, to be fetched": (
        changed(lambda one: one.update(backbone="resnet50", backbone_config=None)),
        "with its backbone_config",
    ),
    "another backbone": (
        changed(lambda one: one["backbone_config"].update(model_type="resnet")),
        "another form than the published one",
    ),
    "code that came with it": (
        changed(lambda one: one.update(auto_map={"AutoModel": "modeling.Own"})),
        "names code of its own",
    ),
    "code of its backbone": (
        changed(lambda one: one["backbone_config"].update(auto_map={"AutoConfig": "x.y"})),
        "names code of its own",
    ),
    "a text for a number": (changed(lambda one: one.update(d_model="wide")), "makes no network"),
    "numbers that do not go together": (changed(lambda one: one.update(d_model=9)), "makes no network"),
    "too few stages": (changed(lambda one: one["backbone_config"].update(depths=[1])), "makes no network"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_configuration_is_refused_that_is_not_of_the_published_form(text: str, said: str) -> None:
    with pytest.raises(dfine.ConfigRefused, match=said):
        dfine.read_network(text)


def test_what_is_used_of_a_configuration_is_its_form_alone_in_one_order() -> None:
    network = detectors.a_network()
    backwards = dict(reversed(detectors.CONFIG.items()))
    assert network == dfine.read_network(json.dumps(backwards))
    kept = json.loads(network)
    assert {"dropout", "num_denoising", "id2label", "architectures", "model_type"}.isdisjoint(kept)
    assert kept["num_queries"] == 10


def test_no_connection_is_opened_to_build_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    dfine.build_network(dfine.read_network(json.dumps(detectors.CONFIG)), 3, detectors.some_tensors(), 64)


def test_every_tensor_that_the_tags_leave_alone_comes_from_the_file() -> None:
    tensors = detectors.some_tensors()
    built = dfine.build_network(detectors.a_network(), 3, tensors).state_dict()
    for key in dfine.list_shapes(detectors.a_network()):
        assert torch.equal(built[key], tensors[f"model.{key}"]), key


def test_each_new_tag_begins_as_the_mean_of_what_is_known() -> None:
    tensors = detectors.some_tensors()
    built = dfine.build_network(detectors.a_network(), 3, tensors).state_dict()
    known = tensors["model.enc_score_head.weight"]
    assert known.shape[0] == detectors.COCO_TAGS
    assert torch.allclose(built["enc_score_head.weight"], known.mean(dim=0).expand(3, -1))


@pytest.mark.parametrize(
    ("key", "offered", "source"),
    [
        pytest.param("encoder.a", {"model.encoder.a"}, "model.encoder.a", id="below model, as published"),
        pytest.param("encoder.a", {"encoder.a"}, "encoder.a", id="by its own name"),
        pytest.param("decoder.class_embed.1.bias", {"class_embed.1.bias"}, "class_embed.1.bias", id="outside"),
        pytest.param("decoder.class_embed.1.bias", {"class_embed.0.bias"}, "class_embed.0.bias", id="shared by layers"),
        pytest.param("decoder.layers.1.a", {"layers.0.a"}, None, id="only heads are shared"),
    ],
)
def test_a_tensor_is_found_by_the_names_that_files_use(key: str, offered: set[str], source: str | None) -> None:
    assert dfine.find_source(key, dict.fromkeys(offered)) == source


@pytest.mark.parametrize(
    ("size_px", "queries"), [pytest.param(None, 10, id="as published"), pytest.param(16, 6, id="of few cells")]
)
def test_small_images_are_asked_no_more_queries_than_they_have_cells(size_px: int | None, queries: int) -> None:
    assert dfine.build_network(detectors.a_network(), 3, None, size_px).config.num_queries == queries


def test_nothing_trains_the_two_numbers_of_the_library_that_are_fixed() -> None:
    net = dfine.build_network(detectors.a_network(), 3)
    assert {"reg_scale", "up"} <= {name.rpartition(".")[2] for name, _ in net.named_buffers()}
    assert not {"reg_scale", "up"} & {name.rpartition(".")[2] for name, _ in net.named_parameters()}
