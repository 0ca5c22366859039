"""Boxes of the objects in a predicted label map."""
import torch
import torch.nn.functional as F
from torch import Tensor


def sample_object_box(components: Tensor, number: Tensor,
                      min_pixels: float) -> tuple[Tensor, Tensor]:
    """Bounding box of a random object in each image.

    There is no host synchronization.

    Args:
        components (Tensor): Of :func:`connected_components`, (N, H, W).
        number (Tensor): Random numbers in [0, 1) that choose, (N,).
        min_pixels (float): Number of pixels that an object must exceed.

    Returns:
        tuple[Tensor, Tensor]: Left, top, right and bottom of the box, int64
        of shape (N, 4), right and bottom exclusive; and whether there is such
        an object, bool of shape (N,).
    """
    ids = components.flatten()
    pixel = torch.arange(1, len(ids) + 1, device=ids.device)
    size = torch.zeros(len(ids) + 1, dtype=torch.long, device=ids.device)
    size.scatter_add_(0, ids, torch.ones_like(ids))
    # One pixel of each object, the one whose index names it.
    large = (ids == pixel) & (size[ids] > min_pixels)
    rank = large.view(len(components), -1).cumsum(1)
    count = rank[:, -1]
    chosen = large.view(rank.shape) & (
        rank == (number * count).long()[:, None] + 1)
    name = (chosen * pixel.view(rank.shape)).sum(1)
    inside = (components == name[:, None, None]) & (components > 0)
    (left, right), (top, bottom) = map(_span, (inside.any(1), inside.any(2)))
    return torch.stack([left, top, right, bottom], 1), count > 0


def _span(places: Tensor) -> tuple[Tensor, Tensor]:
    """First place that is set and the one behind the last one, (N,) each."""
    places = places.byte()
    return (places.argmax(1),
            places.shape[1] - places.flip(1).argmax(1))


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
