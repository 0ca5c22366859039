"""Connected components of masks, computed on any device without waiting."""
import torch
import torch.nn.functional as F
from torch import Tensor


def connected_components(mask: Tensor) -> Tensor:
    """Label the 8-connected components of masks, without waiting for a device.

    Horizontal runs of pixels are joined as by Boruvka's algorithm: in each
    round every part of a component joins one of its neighbors, so that the
    logarithm of the number of runs is enough rounds for any shape.

    Args:
        mask (Tensor): Pixels of objects, bool of shape (N, H, W).

    Returns:
        Tensor: Ids of shape (N, H, W), int64: 1 + the largest index that a
        pixel of the component has among all N H W pixels, 0 outside of
        objects.
    """
    count, height, width = mask.shape
    runs = _runs(mask)
    # Node 0 is the outside; more nodes than these no mask can have.
    nodes = torch.arange(
        count * height * ((width + 1) // 2) + 1, device=mask.device)
    rounds = (height * ((width + 1) // 2) - 1).bit_length()
    root = nodes
    for index in range(rounds):
        joined = _join(root, runs, mask, nodes)
        if _is_equal_on_cpu(joined, nodes):
            break
        # Each round at least halves the number of parts, and with it the
        # length of a path.
        root = _ends(joined, rounds - index)[root]
    pixels = torch.arange(1, mask.numel() + 1, device=mask.device)
    last = _reduce(nodes, runs, pixels.view(mask.shape) * mask, 'amax')
    return _reduce(nodes, root, last, 'amax')[root][runs]


def _runs(mask: Tensor) -> Tensor:
    """Number of the horizontal run of each pixel, (N, H, W); 0 outside."""
    start = mask & ~F.pad(mask, (1, 0))[..., :-1]
    return start.flatten().cumsum(0).view(mask.shape) * mask


def _reduce(nodes: Tensor, index: Tensor, values: Tensor, how: str) -> Tensor:
    """Reduce values by the node that they belong to; without, its number."""
    return nodes.scatter_reduce(
        0, index.flatten(), values.flatten(), how, include_self=False)


def _join(root: Tensor, runs: Tensor, mask: Tensor, nodes: Tensor) -> Tensor:
    """The neighbor that each root joins; its own number for other nodes."""
    label = root[runs]
    # One pooling for both; exact up to 2**53 pixels.
    both = torch.stack([label, torch.where(mask, -label, -len(nodes))], 1)
    both = F.max_pool2d(both.double(), 3, 1, 1).long() * mask[:, None]
    high, low = (
        _reduce(nodes, root, _reduce(nodes, runs, values, how), how)
        for values, how in ((both[:, 0], 'amax'), (-both[:, 1], 'amin')))
    joined = torch.where(high > nodes, high, low)
    # A root without a larger neighbor joins a smaller one. Paths lead to
    # larger numbers otherwise, so that only two roots can join each other.
    mutual = (joined[joined] == nodes) & (nodes > joined)
    return torch.where(mutual, nodes, joined)


def _ends(joined: Tensor, doublings: int) -> Tensor:
    """The end of the path from each node, of at most 2**doublings steps."""
    for _ in range(doublings):
        further = joined[joined]
        if _is_equal_on_cpu(further, joined):
            break
        joined = further
    return joined


def _is_equal_on_cpu(first: Tensor, second: Tensor) -> bool:
    """Whether tensors are equal; a GPU, which would have to wait, says no."""
    return first.device.type == 'cpu' and torch.equal(first, second)
