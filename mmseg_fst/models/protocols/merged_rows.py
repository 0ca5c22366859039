"""Rows of large score maps, from top to bottom, in bounded memory."""
from collections.abc import Iterable, Iterator, Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor

#: Rows and columns of an image.
Window = tuple[slice, slice]


def merged_rows(windows: Iterable[tuple[Window, Tensor]],
                width: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Add up the scores of windows, and give rows as soon as they are final.

    In memory are the rows from the first one that a later window may still
    cover.

    Args:
        windows (Iterable[tuple]): Windows and their scores, of shape
            (N, C, h, w), sorted by their first row.
        width (int): Width of the image.

    Yields:
        tuple[Tensor, Tensor]: Sums of scores, (N, C, H, width), and number of
        windows of each pixel, (H, width), of the next rows.
    """
    start, sums, counts = 0, torch.empty(0), torch.empty(0)
    for (y, x), scores in windows:
        if sums.dim() == 1:  # the first window
            sums = scores.new_zeros((*scores.shape[:2], 0, width))
            counts = scores.new_zeros((0, width))
        final = y.start - start
        if final > 0:
            yield sums[:, :, :final], counts[:final]
            sums, counts, start = sums[:, :, final:], counts[final:], y.start
        missing = y.stop - start - len(counts)
        if missing > 0:
            sums = F.pad(sums, (0, 0, 0, missing))
            counts = F.pad(counts, (0, 0, 0, missing))
        rows = slice(y.start - start, y.stop - start)
        sums[..., rows, x] += scores
        counts[rows, x] += 1
    yield sums, counts


def resized_rows(rows: Iterable[Tensor], height: int, size: Sequence[int],
                 align_corners: bool, at_once: int) -> Iterator[Tensor]:
    """Resize a map bilinearly, of which some rows are known at a time.

    Args:
        rows (Iterable[Tensor]): The map from top to bottom, in parts of shape
            (N, C, h, W).
        height (int): Height of the whole map.
        size (Sequence[int]): Height and width to resize to.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.
        at_once (int): Number of rows of each result.

    Yields:
        Tensor: The next rows of the resized map, (N, C, at_once, size[1]);
        the last part may have fewer rows.
    """
    share, above = _neighbors(height, size[0], align_corners)
    below = (above + 1).clamp(max=height - 1)
    known: Optional[Tensor] = None
    start = done = 0
    for part in rows:
        known = part if known is None else torch.cat([known, part], 2)
        while done < size[0]:
            stop = min(done + at_once, size[0])
            if below[stop - 1] >= start + known.shape[2]:
                break
            yield _interpolate(known, above[done:stop] - start,
                               below[done:stop] - start,
                               share[done:stop], size[1], align_corners)
            done = stop
        if done < size[0]:
            unused = min(int(above[done]) - start, known.shape[2])
            known, start = known[:, :, unused:], start + unused


def _neighbors(height: int, target: int,
               align_corners: bool) -> tuple[Tensor, Tensor]:
    """Share of the lower row, and the upper row, of each row to compute."""
    rows = torch.arange(target, dtype=torch.float64)
    if align_corners:
        position = rows * ((height - 1) / max(target - 1, 1))
    else:
        position = ((rows + 0.5) * (height / target) - 0.5).clamp(min=0)
    above = position.floor().long().clamp(max=height - 1)
    return position - above, above


def _interpolate(known: Tensor, above: Tensor, below: Tensor, share: Tensor,
                 width: int, align_corners: bool) -> Tensor:
    """Rows between two rows each, resized to a width."""
    device = known.device
    upper, lower = (known.index_select(2, index.to(device))
                    for index in (above, below))
    rows = torch.lerp(upper, lower, share.to(known)[:, None])
    if rows.shape[3] == width:
        return rows
    return F.interpolate(
        rows, (rows.shape[2], width), mode='bilinear',
        align_corners=align_corners)
