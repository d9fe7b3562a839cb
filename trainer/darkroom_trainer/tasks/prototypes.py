"""What each product looks like: the mean embedding of its training boxes, in a space where copies of one lie close.

Owns the space (features, whitened by how crops of one product differ) and the prototypes in it. Nothing is
learned by steps: one pass over the boxes, the same result each time. Must not change the detector.
"""

from typing import Final

import numpy as np
import torch
from torch.nn import functional

from darkroom_trainer.metrics.statistics import ensemble_weights
from darkroom_trainer.networks.crop_naming import UNKNOWN, CropNaming, CropSpace, find_naming
from darkroom_trainer.networks.detector_network import DetectorNetwork, describe_maps
from darkroom_trainer.tasks.base import LearnedData, take_images

MOST_VIEWS: Final = 4_000
"""Crops that are described, about a second of work for one core."""
MOST_BOXES: Final = 48
"""Boxes of one product that are looked at."""
COPIES: Final = 8
LEAST_COPIES: Final = 2
MOST_IMAGES: Final = MOST_VIEWS // LEAST_COPIES
"""No more than these are looked at, one for each box."""
MOST_LOOKED_AT: Final = 128
"""Images whose maps describe boxes: each costs a pass of the backbone."""
JITTER: Final = 0.08
"""How far the edges of a crop move, as a share of its sides: predicted boxes are not exact either."""
LIGHT: Final = 0.3
SHRINKAGE: Final = 0.1
SCALES: Final = (2.0, 4.0, 8.0, 16.0, 32.0)
LEAST_CENTRED: Final = 4
"""With fewer products their mean is too near to each of them to be taken away."""
BATCH: Final = 32
_SEED: Final = 0


def fit_prototypes(model: torch.nn.Module, data: LearnedData) -> None:
    """Give the model's network its space, its prototypes and its scale; labels without boxes get none."""
    network = find_naming(model)
    labels, indices = choose_boxes(data, network.gap)
    if not len(labels):
        return
    with torch.inference_mode():
        views, sides = _describe(network, data, labels, indices)
        network.product_side.copy_(sides.median())
        if isinstance(network, DetectorNetwork) and network.dense.is_frozen:
            looked_at = choose_images(indices[:, 0])
            _fit_maps(network, data, views[looked_at], labels[looked_at], indices[looked_at])
        _fit_space(network, views, labels)


def choose_images(rows: torch.Tensor) -> torch.Tensor:
    """Return which boxes (K,) are in images that the backbone looks at once more, of the rows (K,) of all boxes."""
    images = torch.unique(rows)
    even = torch.linspace(0, len(images) - 1, min(MOST_LOOKED_AT, len(images))).round().long()
    return torch.isin(rows, images[even])


def _fit_maps(
    network: DetectorNetwork, data: LearnedData, views: torch.Tensor, labels: torch.Tensor, indices: torch.Tensor
) -> None:
    """Give the network's maps their space, and their weight beside the fixed features `views` of the same boxes.

    The weight is what suits half of the boxes, named by the other half: far more boxes than are held out. Where no
    label has two, it stays as it is.
    """
    fixed = _fit_space(network, views, labels)
    maps = _fit_space(network.maps, _describe_maps(network, data, indices), labels)
    if len(fixed):
        one_hot = functional.one_hot(labels[choose_asked(labels)], fixed.shape[1]).bool().numpy()
        network.map_share.fill_(ensemble_weights.choose_ensemble_weight(fixed, maps, one_hot, is_multilabel=False))


def _fit_space(space: CropSpace, views: torch.Tensor, labels: torch.Tensor) -> ensemble_weights.Probabilities:
    """Give a space its projection, prototypes and scale by the features (K, copies, D) of boxes.

    Returns how probable each label was (A, C), by half of the boxes, for those of the other half (`choose_asked`).
    """
    space.scale.fill_(choose_scale(space, views, labels))
    names = space.compare(space.project(views[choose_asked(labels), 0]))
    _set(space, views, labels)
    return names.cpu().numpy()


def _describe_maps(network: DetectorNetwork, data: LearnedData, indices: torch.Tensor) -> torch.Tensor:
    """Return what the backbone's maps say (K, copies, D) of the boxes, moved a little; each image is looked at once."""
    copies = int(np.clip(MOST_VIEWS // len(indices), LEAST_COPIES, COPIES))
    generator, device = torch.Generator().manual_seed(_SEED), data.mean.device
    was_training = network.training
    network.eval()
    parts = []
    for row in torch.unique_consecutive(indices[:, 0]):
        own = indices[indices[:, 0] == row]
        boxes = data.targets["box"][own[:, 0], own[:, 1]].to(device)
        sizes = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
        moves = (torch.rand((copies, *boxes.shape), generator=generator) * 2 - 1).to(device) * JITTER
        moves[0] = 0.0
        levels = [level.float() for level in network.dense.backbone(take_images(data, row[None]))]
        seen = describe_maps(levels, (boxes + moves * sizes).flatten(0, 1)[None])
        parts.append(seen[0].reshape(copies, len(own), -1).transpose(0, 1))
    network.train(was_training)
    return torch.cat(parts)


def choose_boxes(data: LearnedData, gap: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the labels (K,) and indices (K, 2), image and box, of boxes, a few of each product."""
    rows = torch.from_numpy(np.asarray(data.rows, dtype=np.int64))
    labels = data.targets["label"][rows]
    found = torch.nonzero((labels >= 0) & (labels != gap))
    values = labels[found[:, 0], found[:, 1]]
    present = np.unique(values.numpy()).tolist()
    most = max(1, min(MOST_BOXES, MOST_IMAGES // max(1, len(present))))
    kept = []
    for label in present:
        own = torch.nonzero(values == label).flatten()
        even = torch.linspace(0, len(own) - 1, min(most, len(own))).round().long()
        kept.append(own[even])
    chosen = torch.cat(kept).sort().values if kept else torch.zeros(0, dtype=torch.int64)
    indices = found[chosen]
    return values[chosen].long(), torch.stack([rows[indices[:, 0]], indices[:, 1]], dim=1)


def _describe(
    network: CropNaming, data: LearnedData, labels: torch.Tensor, indices: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the features (K, copies, D) of the boxes, varied, and the roots of their areas (K,)."""
    copies = int(np.clip(MOST_VIEWS // len(labels), LEAST_COPIES, COPIES))
    generator = torch.Generator().manual_seed(_SEED)
    device, parts, sides = data.mean.device, [], []
    for start in range(0, len(indices), BATCH):
        chunk = indices[start : start + BATCH]
        images = take_images(data, chunk[:, 0])
        boxes = data.targets["box"][chunk[:, 0], chunk[:, 1]].to(device)
        sides.append((boxes[:, 2:] - boxes[:, :2]).prod(dim=1).sqrt())
        parts.append(describe_views(network, images, boxes, copies, generator))
    return torch.cat(parts), torch.cat(sides)


def describe_views(
    network: CropNaming,
    images: torch.Tensor,
    boxes: torch.Tensor,
    copies: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """Return the features (N, copies, D) of one box (N, 4) of each normalized image; the first copy is as it is."""
    views = []
    sizes = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    for copy in range(copies):
        strength = 0.0 if copy == 0 else 1.0
        moves = (torch.rand(boxes.shape, generator=generator) * 2 - 1).to(boxes.device) * JITTER * strength
        light = (torch.rand((2, len(images), 1, 1, 1), generator=generator) * 2 - 1).to(boxes.device) * LIGHT * strength
        varied = images * (1 + light[0]) + light[1]
        views.append(network.features(varied, (boxes + moves * sizes)[:, None]))
    return torch.cat(views, dim=1)


def set_space(network: CropSpace, views: torch.Tensor, labels: torch.Tensor) -> None:
    """Centre and whiten the features (K, copies, D): what differs between crops of one product counts little."""
    size = int(network.prototypes.shape[0])
    means = _average(views.mean(dim=1), labels, size)
    known = torch.bincount(labels, minlength=size) > 0
    inner = (views - means[labels][:, None]).flatten(0, 1).double()
    covariance = inner.t() @ inner / len(inner)
    level = covariance.diagonal().mean().clamp(min=1e-8)
    values, vectors = torch.linalg.eigh(covariance)
    weights = (values.clamp(min=0) + SHRINKAGE * level).rsqrt() * level.sqrt()
    network.projection.copy_((vectors * weights) @ vectors.t())
    centre = means[known].mean(dim=0)
    network.centre.copy_(centre if int(known.sum()) >= LEAST_CENTRED else torch.zeros_like(centre))


def _average(values: torch.Tensor, labels: torch.Tensor, size: int) -> torch.Tensor:
    """Return the mean (C, D) of the rows of each label; zeros where there are none."""
    labels = labels.to(values.device)
    totals = torch.zeros(size, values.shape[1], device=values.device).index_add_(0, labels, values)
    return totals / torch.bincount(labels, minlength=size).clamp(min=1)[:, None]


def _set(network: CropSpace, views: torch.Tensor, labels: torch.Tensor) -> None:
    """Set the space and the prototypes of features (K, copies, D)."""
    set_space(network, views, labels)
    size = int(network.prototypes.shape[0])
    network.is_known.copy_((torch.bincount(labels, minlength=size) > 0).float())
    embeddings = network.project(views).mean(dim=1)
    network.prototypes.copy_(functional.normalize(_average(embeddings, labels, size), dim=1))


def choose_scale(network: CropSpace, views: torch.Tensor, labels: torch.Tensor) -> float:
    """Return how steeply a cosine becomes a probability; space and prototypes are those of half of the boxes after it.

    Best for boxes that neither the space nor the prototypes have seen; for other copies of the same where no label has
    two boxes.
    """
    is_asked = choose_asked(labels)
    if is_asked.any():
        kept, asked, known, answers = views[~is_asked], views[is_asked], labels[~is_asked], labels[is_asked]
    else:
        kept, asked, known, answers = views[:, ::2], views[:, 1::2], labels, labels
    _set(network, kept, known)
    cosines = network.project(asked).flatten(0, 1) @ network.prototypes.t() + (1 - network.is_known) * UNKNOWN
    repeated = answers.to(cosines.device).repeat_interleave(asked.shape[1])
    losses = [float(functional.cross_entropy(scale * cosines, repeated)) for scale in SCALES]
    return SCALES[int(np.argmin(losses))]


def choose_asked(labels: torch.Tensor) -> torch.Tensor:
    """Return which boxes (K,) the scale is asked about, every second one of a label, so that the others never saw them.

    Copies of boxes that a prototype is made of look too much like it, so a scale that was chosen on them is too sure.
    """
    order = torch.argsort(labels, stable=True)
    ordered = labels[order]
    firsts = torch.searchsorted(ordered, ordered)
    is_asked = torch.zeros(len(labels), dtype=torch.bool)
    is_asked[order] = (torch.arange(len(labels)) - firsts) % 2 == 1
    return is_asked


def embed_picture(network: CropNaming, image: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    """Return the prototype (E,) of what is in one box (4,) of one normalized image (3, S, S)."""
    generator = torch.Generator().manual_seed(_SEED)
    with torch.inference_mode():
        views = describe_views(network, image[None], box[None], COPIES, generator)
        return functional.normalize(network.project(views).mean(dim=(0, 1)), dim=0)
