"""Synchronization of batch normalization statistics."""
from typing import Optional

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.registry import HOOKS


@HOOKS.register_module()
class SyncStatisticsHook(Hook):
    """Average the statistics of batch normalization over all processes.

    Each process trains on different images, so its running means and
    variances differ; without synchronization each process would validate a
    slightly different network, and the checkpoint would contain only one of
    them. Some kilobytes are sent after each iteration. Nothing is done in a
    single process.
    """

    # Before checkpoints are written.
    priority = 'NORMAL'

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Average the running means and variances of the model.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
            outputs (dict, optional): Logged values, not used.
        """
        if get_world_size() == 1:
            return
        buffers = [
            buffer for module in unwrap(runner).modules()
            if isinstance(module, _BatchNorm)
            for buffer in module.buffers(recurse=False)
            if buffer.is_floating_point()
        ]
        if buffers:
            all_reduce_params(buffers, op='mean')
