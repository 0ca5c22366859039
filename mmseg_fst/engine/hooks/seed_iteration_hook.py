"""Random numbers that depend on the iteration and not on the past."""
from typing import Optional

from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner

from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.randomness import seed_iteration


@HOOKS.register_module()
class SeedIterationHook(Hook):
    """Seed all generators anew at the beginning of each iteration.

    What a step draws (boxes, classes, colors, dropout) then follows from the
    seed of the process and the iteration alone: a resumed run draws what the
    uninterrupted one does, without a state in the checkpoint, whatever
    validation, a new loader or another hook has drawn in between, and a
    single step can be made again. The virtual steps of a look-ahead draw one
    after the other, as before.

    :func:`mmseg_fst.apis.build_runner` registers it in every run.
    """

    # Before whatever draws.
    priority = 'VERY_HIGH'

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[DATA_BATCH] = None) -> None:
        """Seed.

        Args:
            runner (Runner): The runner of the training; its seed differs from
                process to process where ``diff_rank_seed`` says so.
            batch_idx (int): Index of the batch, not used.
            data_batch (dict, optional): The batch, not used.
        """
        seed_iteration(runner.seed, runner.iter)
