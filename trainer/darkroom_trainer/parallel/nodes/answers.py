"""What a device of another pod answers, as JSON.

Owns its form, which is checked field by field: the pod of index 0, which alone writes to storage, runs nothing that
another pod sent. Must not import torch.
"""

import dataclasses
import pathlib
import re
from typing import Final

import pydantic
import safetensors

from darkroom_trainer.parallel import orders
from darkroom_trainer.parallel.nodes import channel

_READERS: Final[dict[str, pydantic.TypeAdapter[orders.Answer]]] = {
    kind.__name__: pydantic.TypeAdapter(kind) for kind in (orders.Ready, orders.Standing, orders.Failure)
}

Form = dict[str, tuple[str, tuple[int, ...]]]
"""The type and the shape of each tensor in a file, by name."""
_MODEL: Final = "model/"
_OPTIMIZER: Final = re.compile(r"optimizer/[0-9]{1,6}\.[a-z_]{1,40}")


def read_form(file: pathlib.Path) -> Form:
    """Return what a file of tensors holds; raises OSError and SafetensorError."""
    with safetensors.safe_open(file, framework="np") as tensors:
        slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118 - it is no mapping
        return {name: (one.get_dtype(), tuple(one.get_shape())) for name, one in slices.items()}


def check_form(answer: orders.Standing, assigned: Form) -> None:
    """Raise BadFrame where a trial's tensors cannot be those of the network that was assigned.

    An optimizer's state is made by its first step: each of its tensors is a number, or as large as one of the network.
    """
    if answer.has_diverged:
        return
    model = {name: one for name, one in assigned.items() if name.startswith(_MODEL)}
    told = read_form(answer.file)
    shapes = {(), *(shape for _, shape in model.values())}
    for name, one in (told | model).items():
        is_right = told.get(name) == model[name] if name in model else _OPTIMIZER.fullmatch(name) and one[1] in shapes
        if not is_right:
            raise channel.BadFrame(f"Standing: {name[:80]} is no tensor of its network")


def write_answer(answer: orders.Answer, file_name: str) -> tuple[str, bytes]:
    """Return the kind of an answer, and its JSON; its file, where it has one, travels under this name."""
    if isinstance(answer, orders.Standing):
        answer = dataclasses.replace(answer, file=pathlib.Path(file_name))
    kind = type(answer).__name__
    return kind, _READERS[kind].dump_json(answer)


def read_answer(kind: str, told: bytes, folder: pathlib.Path) -> orders.Answer:
    """Return an answer whose file lies in `folder`; raises BadFrame where it is none."""
    if kind not in _READERS:
        raise channel.BadFrame("an answer of no known kind")
    try:
        answer = _READERS[kind].validate_json(told)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise channel.BadFrame(f"{kind}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if isinstance(answer, orders.Standing):
        file = folder / answer.file.name
        try:
            read_form(file)
        except (OSError, safetensors.SafetensorError) as error:
            raise channel.BadFrame(f"{kind}: its file holds no tensors: {error}") from error
        answer = dataclasses.replace(answer, file=file)
    return answer
