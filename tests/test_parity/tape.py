"""Random numbers and weights that are the same in a record and its replay.

NumPy's ``RandomState`` gives the same numbers in all of its versions.
"""
import numpy as np
import torch
import torch.nn.functional as F


class Tape:
    """Takes the place of PyTorch's functions that return random numbers.

    Args:
        seed (int): Seed of the numbers.
    """

    def __init__(self, seed: int) -> None:
        self.numbers = np.random.RandomState(seed)

    def rand(self, *shape, dtype=None, **_) -> torch.Tensor:
        """As :func:`torch.rand`."""
        if len(shape) == 1 and isinstance(shape[0], tuple):
            shape = shape[0]
        drawn = np.asarray(self.numbers.random_sample(shape))
        return torch.from_numpy(drawn).to(dtype or torch.float64)

    def dropout2d(self, features: torch.Tensor, prob: float) -> torch.Tensor:
        """As :func:`torch.nn.functional.dropout2d`."""
        remains = self.rand(*features.shape[:2])[..., None, None] >= prob
        return features * remains / (1 - prob)

    def randperm(self, count: int) -> torch.Tensor:
        """As :func:`torch.randperm`."""
        return torch.from_numpy(self.numbers.permutation(count))

    def play(self, monkeypatch) -> None:
        """Take the place of PyTorch's functions until a test ends."""
        monkeypatch.setattr(torch, 'rand', self.rand)
        monkeypatch.setattr(torch, 'randperm', self.randperm)
        monkeypatch.setattr(F, 'dropout2d', self.dropout2d)


def first_weights(final: dict, seed: int) -> dict:
    """Weights of the names and shapes of a record, before the training."""
    numbers, weights = np.random.RandomState(seed), {}
    for name, value in final.items():
        drawn = numbers.standard_normal(tuple(value.shape))
        if name.endswith('running_var'):
            drawn = 1 + .1 * abs(drawn)
        elif value.dim() == 1:
            drawn = .1 * drawn + float(name.endswith('weight'))
        else:
            drawn *= (2 / np.prod(value.shape[1:]))**.5
        weights[name] = torch.from_numpy(drawn)
    return weights


def batches(seed: int, count: int, size: int, num_classes: int,
            labeled: int, unlabeled: int) -> dict:
    """Images, and labels of blocks of 8 pixels, of some iterations."""
    numbers = np.random.RandomState(seed)

    def batch(images):
        image = numbers.standard_normal((images, 3, size, size))
        blocks = numbers.randint(
            0, num_classes, (images, size // 8, size // 8))
        label = blocks.repeat(8, 1).repeat(8, 2)
        label[:, :3] = 255
        return torch.from_numpy(image), torch.from_numpy(label)

    pairs = [(batch(labeled), batch(unlabeled)[0]) for _ in range(count)]
    return dict(labeled=[pair[0] for pair in pairs],
                unlabeled=[pair[1] for pair in pairs])
