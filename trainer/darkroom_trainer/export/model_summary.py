"""What a model is, in a few plain words: the status message, the card and the report say it.

Owns the words. Pure. Must not know how good the model is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_predict.description import ModelDescription
from darkroom_trainer.features.block_names import is_of_network, list_weights

Sources = Mapping[str, str]
"""Where the pretrained weights of each network came from, by its name."""


def summarize_model(model: ModelDescription, sources: Sources | None) -> str:
    """Return what answers; `sources` has every network that did not start from random weights, None where unknown."""
    parts = [] if model.backbone is None else [_describe_network(model.backbone, sources)]
    if model.light is not None and (model.light_share > 0 or model.backbone is None):
        parts.append(_describe_head(model.light, sources or {}))
    return ", together with a ".join(parts)


def read_sources(metrics: Mapping[str, Any]) -> Sources | None:
    """Return the sources that a training's metrics.json tells; None in that of an evaluation, which tells none."""
    if "recipe" not in metrics:
        return None
    return {record["name"]: record["source"] for record in metrics.get("weights") or ()}


def _describe_network(name: str, sources: Sources | None) -> str:
    if sources is None:
        return f"network {name}"
    return f"network {_add_source(name, sources)}" if name in sources else f"network {name} from random weights"


def _describe_head(spec: Mapping[str, Any], sources: Sources) -> str:
    """Return the frozen-feature classifier of a spec (see `heads.specs`)."""
    networks = [_add_source(name, sources) for name in list_weights(spec["blocks"])]
    if not networks:
        return "classifier on hand-made features"
    is_mixed = not all(is_of_network(block) for block in spec["blocks"])
    return f"classifier on frozen features of {_list(networks)}" + (" and on hand-made ones" if is_mixed else "")


def _add_source(name: str, sources: Sources) -> str:
    return f"{name} ({sources[name]})" if name in sources else name


def _list(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
