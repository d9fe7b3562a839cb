"""How many images a second a network sees, with and without bf16, learning or not.

Owns the measurement: a plain timm network on one batch in memory, channels last on a GPU.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

import timm
import torch

from darkroom_trainer.runtime.device import Device

WARM_UP: Final = 2


@dataclass(frozen=True)
class Speed:
    """Images a second of a network, in float32 and in bf16."""

    network: str
    is_training: bool
    float32: float
    bf16: float


def measure_speed(name: str, size_px: int, batch_size: int, device: Device, seconds: float, *, train: bool) -> Speed:
    """Return both speeds, each measured for so many seconds."""
    model: Any = timm.create_model(name, pretrained=False, num_classes=10).to(device.torch_device).train(train)
    images = torch.randn(batch_size, 3, size_px, size_px, device=device.torch_device)
    if device.is_gpu:
        model, images = (one.to(memory_format=torch.channels_last) for one in (model, images))
    labels = torch.arange(batch_size, device=device.torch_device) % 10
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step(is_bf16: bool) -> None:
        mixed = torch.autocast(device.torch_device.type, dtype=torch.bfloat16, enabled=is_bf16)
        with mixed, torch.set_grad_enabled(train):
            loss = torch.nn.functional.cross_entropy(model(images).float(), labels)
        if train:
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    speeds = [_time(lambda is_bf16=is_bf16: step(is_bf16), batch_size, device, seconds) for is_bf16 in (False, True)]
    return Speed(f"{name}, {size_px} px, batch {batch_size}", train, *speeds)


def _time(step: Any, batch_size: int, device: Device, seconds: float) -> float:
    for _ in range(WARM_UP):
        step()
    _wait(device)
    began, steps = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        step()
        _wait(device)
        steps += 1
    return steps * batch_size / (time.monotonic() - began)


def _wait(device: Device) -> None:
    if device.is_gpu:
        torch.cuda.synchronize(device.torch_device)


def format_speeds(speeds: list[Speed]) -> str:
    """Return a line for each network, learning and not."""
    lines = ["| network | | float32, images/s | bf16, images/s | gain |", "|---|---|---|---|---|"]
    for speed in speeds:
        what, gain = "training step" if speed.is_training else "forward", speed.bf16 / speed.float32
        lines.append(f"| {speed.network} | {what} | {speed.float32:.0f} | {speed.bf16:.0f} | {gain:.2f} |")
    return "\n".join(lines)
