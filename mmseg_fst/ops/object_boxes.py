"""Objects in a predicted label map: connected components and their boxes."""
import torch
import torch.nn.functional as F
from torch import Tensor


def connected_components(mask: Tensor, rounds: int = 12) -> Tensor:
    """Label the 8-connected components of masks, without waiting for a device.

    Each round spreads the largest id along whole rows, whole columns and to
    the diagonal neighbors. A component that winds more than ``rounds`` times
    falls into several.

    Args:
        mask (Tensor): Pixels of objects, bool of shape (N, H, W).
        rounds (int): Number of rounds. Defaults to 12.

    Returns:
        Tensor: Ids of shape (N, H, W), int64: 1 + the index of one pixel of
        the component among all N H W pixels, 0 outside of objects.
    """
    ids = torch.arange(1, mask.numel() + 1, device=mask.device)
    ids = ids.view(mask.shape) * mask
    runs, runs_down = _runs(mask), _runs(mask.mT)
    for _ in range(rounds):
        ids = _spread(ids, runs)
        ids = _spread(ids.mT, runs_down).mT
        # Exact up to 2**53 pixels.
        widest = F.max_pool2d(ids[:, None].double(), 3, 1, 1)[:, 0].long()
        ids = widest * mask
    return ids


def _runs(mask: Tensor) -> Tensor:
    """Id of the horizontal run of each pixel, int64 of shape (N, H, W).

    Pixels outside of the mask have an id as well, which no pixel inside has.
    """
    start = mask != F.pad(mask, (1, 0))[..., :-1]
    start[..., 0] = True
    return start.flatten().cumsum(0).view(mask.shape) - 1


def _spread(ids: Tensor, runs: Tensor) -> Tensor:
    """The largest id of the run of each pixel, of shape (N, H, W)."""
    largest = ids.new_zeros(ids.numel()).scatter_reduce_(
        0, runs.flatten(), ids.flatten(), 'amax')
    return largest[runs]


def erase_in_objects(components: Tensor, place: Tensor, erase: float,
                     min_contour: int) -> Tensor:
    """Mask one box within the bounding box of each object.

    The guided cutout of CCT (Ouali et al., CVPR 2020, section 3.3): the box
    has ``erase`` times the sides of the bounding box of the object. Objects
    with a short contour are left alone.

    Args:
        components (Tensor): Of :func:`connected_components`, (N, H, W).
        place (Tensor): Random numbers in [0, 1) that place the boxes of the
            objects of each image, top and left, of shape (N, K, 2); beyond K
            objects they are used again.
        erase (float): Sides of a box as a share of the object's, in [0, 1].
        min_contour (int): Least number of pixels of an object that touch its
            outside, counted over 4 neighbors.

    Returns:
        Tensor: True where a pixel is erased, bool of shape (N, H, W).
    """
    count, height, width = components.shape
    size, device = components.numel(), components.device
    ids, inside = components.flatten(), components > 0
    pixel = torch.arange(size, device=device)
    row, column = pixel // width % height, pixel % width

    def reduce(values: Tensor, how: str) -> Tensor:
        return torch.zeros(size + 1, dtype=torch.long, device=device) \
            .scatter_reduce_(0, ids, values, how, include_self=False)

    top, bottom = reduce(row, 'amin'), reduce(row, 'amax')
    left, right = reduce(column, 'amin'), reduce(column, 'amax')
    contour = reduce((inside & _touches_outside(components)).flatten().long(),
                     'sum')
    # The pixel whose index names the component, and the number of the
    # component within its image.
    named = F.pad(ids == pixel + 1, (1, 0))
    rank = named[1:].view(count, -1).cumsum(1).sub(1).flatten()
    image = pixel // (height * width)
    drawn = F.pad(place[image, rank % place.shape[1]], (0, 0, 1, 0))
    boxes = []
    for low, high, share in zip((top, left), (bottom, right),
                                drawn.unbind(1)):
        side = (high - low).double()  # products are rounded down
        free = (side * (1 - erase)).long() + 1
        first = low + (share * free).long()
        boxes.append((first, first + (side * erase).long()))
    erased = named & (contour > min_contour)
    image = F.pad(image, (1, 0))
    return _fill(erased, image, boxes, (count, height, width))


def _touches_outside(components: Tensor) -> Tensor:
    """Whether one of the 4 neighbors of a pixel is of no or another object."""
    padded = F.pad(components, (1, 1, 1, 1))
    neighbors = (padded[:, :-2, 1:-1], padded[:, 2:, 1:-1],
                 padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    touches = torch.zeros_like(components, dtype=torch.bool)
    for neighbor in neighbors:
        touches |= neighbor != components
    return touches


def _fill(used: Tensor, image: Tensor, boxes: list[tuple[Tensor, Tensor]],
          shape: tuple[int, int, int]) -> Tensor:
    """Fill boxes by cumulative sums of their corners, (N, H, W), bool."""
    count, height, width = shape
    corners = torch.zeros(
        count * (height + 1) * (width + 1), dtype=torch.long,
        device=used.device)
    for row, sign in zip(boxes[0], (1, -1)):
        for column, other in zip(boxes[1], (1, -1)):
            index = (image * (height + 1) + row) * (width + 1) + column
            corners.scatter_add_(0, index.clamp(max=len(corners) - 1),
                                 sign * other * used.long())
    covered = corners.view(count, height + 1, width + 1).cumsum(1).cumsum(2)
    return covered[:, :-1, :-1] > 0
