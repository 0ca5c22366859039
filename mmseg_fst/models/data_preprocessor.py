"""Normalization and stacking of batches that have sides."""
from typing import Any

from mmseg.models.data_preprocessor import SegDataPreProcessor

from mmseg_fst.registry import MODELS
from mmseg_fst.utils.fields import DIAGNOSIS


@MODELS.register_module()
class SelfTrainingDataPreProcessor(SegDataPreProcessor):
    """MMSegmentation's preprocessor, applied to each side of a batch.

    A training batch of :class:`PairedDataset` is
    ``{SIDE: {'inputs', 'data_samples'}, ...}`` with any number of sides, which
    may have different numbers of images; one is ``'labeled'``. Any other
    batch goes straight to the parent class. The batch is not written to.
    Images, and labels of :class:`PackByteInputs`, reach the device as uint8;
    all else is done there. Labels for diagnosis stay behind: no model sees
    them.
    """

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Move to the device, convert to RGB, normalize, pad and stack.

        Args:
            data (dict): A batch, with or without branches; images are uint8
                tensors of shape (3, H, W).
            training (bool): Whether to pad to the training size. Defaults to
                False.

        Returns:
            dict: ``inputs``, a float tensor of shape (N, 3, H, W) or a dict
            of them by branch, and ``data_samples`` alike; labels are int64.
        """
        if 'labeled' not in data:
            return self._prepare(data, training)
        done = {
            name: self._prepare(batch, training)
            for name, batch in data.items()
        }
        return dict(
            inputs={name: batch['inputs']
                    for name, batch in done.items()},
            data_samples={
                name: batch['data_samples']
                for name, batch in done.items()
            })

    def _prepare(self, batch: dict, training: bool) -> dict[str, Any]:
        """What MMSegmentation does; labels of 64 bits, none to diagnose by."""
        batch = super().forward(batch, training)
        for sample in batch['data_samples'] or ():  # copies of those given
            sample.pop(DIAGNOSIS, None)
            if 'gt_sem_seg' in sample:
                sample.gt_sem_seg.data = sample.gt_sem_seg.data.long()
        return batch
