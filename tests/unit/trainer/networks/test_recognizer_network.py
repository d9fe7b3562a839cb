"""Which cells of a shelf are looked at first, and the names that their crops get."""

import torch
from torch.nn import functional

from darkroom_trainer.networks.recognizer_network import GAP, RecognizerNetwork, choose_cells


def test_the_surest_cells_come_first_and_peaks_before_their_neighbours() -> None:
    grid = torch.full((20, 20), -5.0)
    grid[3, 3], grid[3, 4], grid[10, 10] = 4.0, 3.9, -1.0
    chosen = choose_cells(grid.flatten()[None])[0].tolist()
    assert chosen[0] == 3 * 20 + 3
    assert chosen.index(10 * 20 + 10) < chosen.index(3 * 20 + 4) if 3 * 20 + 4 in chosen else 10 * 20 + 10 in chosen


def test_a_cell_has_the_five_likeliest_names_best_first_and_a_gap_has_one() -> None:
    torch.manual_seed(0)
    network = RecognizerNetwork("test_resnet", num_labels=7, gap=6).eval()
    network.prototypes.copy_(functional.normalize(torch.randn_like(network.prototypes), dim=1))
    network.is_known[:6] = 1
    numbers = torch.zeros(1, 64, 6)
    numbers[0, 1:, GAP] = 1.0
    told = network.recognize(torch.rand(1, 3, 64, 64), numbers)
    assert told.shape == (1, 64, 2 + 2 * 5 + 4)
    product, gap = told[0, 0, 2:-4].reshape(5, 2), told[0, 1, 2:-4].reshape(5, 2)
    assert len(set(product[:, 0].tolist())) == 5
    assert product[:, 1].tolist() == sorted(product[:, 1].tolist(), reverse=True)
    assert 0 < product[-1, 1] < product[0, 1] < 1
    assert gap.tolist() == [[6, 1], *[[6, 0]] * 4]
