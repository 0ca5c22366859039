"""Random states that depend only on the seed and the iteration."""
from typing import Optional

from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner

from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.randomness import seed_iteration


@HOOKS.register_module()
class SeedIterationHook(Hook):
    """Seed all random generators at the beginning of each iteration.

    The random numbers of a step (boxes, classes, colors, dropout) depend only
    on the seed of the process and the iteration. A resumed run therefore uses
    the same numbers as an uninterrupted one, without a random state in the
    checkpoint and regardless of validation, new data loaders and other hooks
    in between; and a single step can be repeated. The virtual steps of FST
    use successive random numbers of the same iteration.

    :func:`mmseg_fst.apis.build_runner` registers it in every run.
    """

    # Before all hooks that use random numbers.
    priority = 'VERY_HIGH'

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[DATA_BATCH] = None) -> None:
        """Seed Python, NumPy and PyTorch.

        Args:
            runner (Runner): The runner of the training; its seed differs
                between processes if ``diff_rank_seed`` is set.
            batch_idx (int): Index of the batch, not used.
            data_batch (dict, optional): The batch, not used.
        """
        seed_iteration(runner.seed, runner.iter)
