"""Items of a training batch become the batch."""
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS


@FUNCTIONS.register_module()
def collate_sides(items: Sequence[dict[str, dict]]) -> dict[str, Any]:
    """Collect the images of each side; an item need not have every side.

    Where all items have all sides it is mmengine's ``pseudo_collate``.

    Args:
        items (Sequence[dict]): Items of :class:`PairedDataset`.

    Returns:
        dict: By side ``inputs``, a list of images, and ``data_samples``.
    """
    names = dict.fromkeys(name for item in items for name in item)
    return {
        name: pseudo_collate([item[name] for item in items if name in item])
        for name in names
    }
