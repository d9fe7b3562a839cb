"""Which cells of a shelf are looked at first."""

import torch

from darkroom_trainer.networks.recognizer_network import choose_cells


def test_the_surest_cells_come_first_and_peaks_before_their_neighbours() -> None:
    grid = torch.full((20, 20), -5.0)
    grid[3, 3], grid[3, 4], grid[10, 10] = 4.0, 3.9, -1.0
    chosen = choose_cells(grid.flatten()[None])[0].tolist()
    assert chosen[0] == 3 * 20 + 3
    assert chosen.index(10 * 20 + 10) < chosen.index(3 * 20 + 4) if 3 * 20 + 4 in chosen else 10 * 20 + 10 in chosen
