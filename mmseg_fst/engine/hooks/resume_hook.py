"""What a resumed run does before it goes on."""
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.checkpoint import ForeignCheckpoint
from mmseg_fst.utils.files import remove_temporaries
from mmseg_fst.utils.run_logs import cut_logs

from .checkpoint_hook import VALIDATED

#: In the message hub: seed of the stream of training data.
SAMPLER_SEED = 'sampler_seed'


@HOOKS.register_module()
class ResumeHook(Hook):
    """Go on as if the run had never been broken off.

    The order of the data is that of the first start, even if its seed was
    drawn; what was logged beyond the checkpoint is taken back; a validation
    that was due at the checkpoint, and is not accounted for in it, is made.

    :func:`mmseg_fst.apis.build_runner` registers it in every run.
    """

    # After all others are ready to train and validate.
    priority = 'LOWEST'

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: dict[str, Any]) -> None:
        """Check that the state of the optimizer fits the one of this run.

        PyTorch would say no more than that numbers of groups differ.

        Args:
            runner (Runner): The runner of the training.
            checkpoint (dict): What was read.

        Raises:
            ForeignCheckpoint: If parameters are grouped otherwise in it, as
                by an older version or with other settings.
        """
        if not runner._resume or 'optimizer' not in checkpoint:
            return
        # As mmengine does next, unless it is training already.
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        saved = checkpoint['optimizer']
        # Several optimizers are saved by name.
        states = [saved] if 'param_groups' in saved else saved.values()
        theirs = [_lengths(one['param_groups']) for one in states]
        ours = [_lengths(one.optimizer.param_groups)
                for one in wrappers_of(runner.optim_wrapper)]
        if theirs != ours:
            raise ForeignCheckpoint(
                f'{runner._load_from} holds the state of an optimizer with '
                f'parameters in {_sizes(theirs)}; in this run they are in '
                f'{_sizes(ours)}. It was written by an older version, or with '
                'another optim_wrapper. Go on with that version and config, '
                'or begin anew with its weights: without --resume, with '
                '--work-dir FOLDER --cfg-options load_from='
                f'{runner._load_from}')

    def before_train(self, runner: Runner) -> None:
        """Keep the order of the data; put the folder in order.

        Args:
            runner (Runner): The runner of the training.
        """
        sampler, hub = runner.train_dataloader.sampler, runner.message_hub
        if hasattr(sampler, 'seed'):
            if runner.iter > 0:
                sampler.seed = hub.get_info(SAMPLER_SEED, sampler.seed)
            hub.update_info(SAMPLER_SEED, sampler.seed)
        self._clean(runner)

    @master_only
    def _clean(self, runner: Runner) -> None:
        """Remove what an earlier process has left, or logged in vain."""
        remove_temporaries(runner.work_dir)
        if runner.iter > 0:
            validated = not self._owes_validation(runner)
            cut_logs(runner.work_dir, runner.iter, validated)

    def before_train_epoch(self, runner: Runner) -> None:
        """Validate, if that was due.

        Args:
            runner (Runner): The runner of the training.
        """
        if self._owes_validation(runner):
            runner.logger.info(
                f'The validation of iteration {runner.iter} is not part of '
                'the checkpoint; it is made now.')
            # As after the step, whose iteration is the one that is known.
            runner.message_hub.update_info('iter', runner.iter - 1)
            runner.val_loop.run()

    @staticmethod
    def _owes_validation(runner: Runner) -> bool:
        """Whether a run goes on where the loop would have validated."""
        loop = runner.train_loop
        if runner.val_loop is None or not loop.val_begin <= runner.iter:
            return False
        due = (runner.iter % loop.val_interval == 0
               or runner.iter == loop.max_iters)
        return due and runner.message_hub.get_info(VALIDATED) != runner.iter


def _lengths(groups: list[dict[str, Any]]) -> list[int]:
    """Number of parameters in each group of an optimizer."""
    return [len(group['params']) for group in groups]


def _sizes(optimizers: list[list[int]]) -> str:
    """Such as ``'2 groups (of 30, 4)'``, for each optimizer."""
    return ' and '.join(
        f'{len(groups)} groups (of {", ".join(map(str, groups[:5]))}'
        f'{", ..." if len(groups) > 5 else ""})' for groups in optimizers)
