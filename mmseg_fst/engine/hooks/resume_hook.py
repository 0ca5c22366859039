"""Checks and clean-up before a resumed run continues."""
import os
from collections.abc import Mapping, Sequence
from os import path as osp
from typing import Any, Optional

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.engine.resumed_schedule import apply_schedule
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.checkpoint import ForeignCheckpoint
from mmseg_fst.utils.files import remove_temporaries, save_json
from mmseg_fst.utils.run_logs import cut_logs
from mmseg_fst.utils.settings import Change

from .checkpoint_hook import VALIDATED

#: Key in the message hub: seed of the training data sampler.
SAMPLER_SEED = 'sampler_seed'
#: Key in the message hub: settings that the run is trained with.
SETTINGS = 'settings'
#: Key in the message hub: changes of settings, by iteration.
CHANGES = 'changed_settings'


@HOOKS.register_module()
class ResumeHook(Hook):
    """Continue a run as if it had never been interrupted.

    The order of the data is restored, even if its seed was random. Log
    entries behind the checkpoint are removed. A validation that was due at
    the checkpoint, but is not included in it, is done first.

    Settings that differ from the settings of the checkpoint take effect from
    its iteration on, see :func:`apply_schedule` for the learning rate. They
    are logged and written to ``WORK_DIR/changed_settings.json``, by
    iteration.

    :func:`mmseg_fst.apis.build_runner` registers it in every run.

    Args:
        settings (Mapping[str, str], optional): Settings of the run, of
            :func:`mmseg_fst.utils.settings.training_settings`; each
            checkpoint contains them. Defaults to None: they are not recorded.
        changes (Sequence[Change]): What differs from the settings of the
            checkpoint that is resumed. Defaults to ().
    """

    # After all other hooks are ready to train and validate.
    priority = 'LOWEST'

    def __init__(self,
                 settings: Optional[Mapping[str, str]] = None,
                 changes: Sequence[Change] = ()) -> None:
        self.settings = settings
        self.changes = changes

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: dict[str, Any]) -> None:
        """Check the optimizer state, and let it follow changed settings.

        PyTorch would only report that the numbers of groups differ.

        Args:
            runner (Runner): The runner of the training.
            checkpoint (dict): The loaded checkpoint.

        Raises:
            ForeignCheckpoint: If the parameters are grouped differently in
                the checkpoint, as by an older version or other settings.
        """
        if not runner._resume or 'optimizer' not in checkpoint:
            return
        # mmengine would do this next; a wrapper that is built is returned.
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        saved = checkpoint['optimizer']
        # Several optimizers are saved by name.
        states = [saved] if 'param_groups' in saved else saved.values()
        found = [_lengths(state['param_groups']) for state in states]
        expected = [_lengths(wrapper.optimizer.param_groups)
                    for wrapper in wrappers_of(runner.optim_wrapper)]
        if found != expected:
            raise ForeignCheckpoint(
                f'{runner._load_from} contains the state of an optimizer '
                f'with parameters in {_sizes(found)}; this run has '
                f'{_sizes(expected)}. The checkpoint was written by an older '
                'version, or with another optim_wrapper. Resume with that '
                'version and config, or start a new run from its weights: '
                'without --resume, with --work-dir FOLDER --cfg-options '
                f'load_from={runner._load_from}')
        if apply_schedule(checkpoint, runner.optim_wrapper,
                          runner.param_schedulers):
            runner.logger.info(
                'Settings of the optimizer or of its schedule have changed: '
                'the schedule is computed again, as if they had applied from '
                'the start.')

    def before_train(self, runner: Runner) -> None:
        """Restore the order of the data and clean up the work folder.

        Args:
            runner (Runner): The runner of the training.
        """
        sampler, hub = runner.train_dataloader.sampler, runner.message_hub
        if hasattr(sampler, 'seed'):
            if runner.iter > 0:
                sampler.seed = hub.get_info(SAMPLER_SEED, sampler.seed)
            hub.update_info(SAMPLER_SEED, sampler.seed)
        self._clean(runner)
        self._record_settings(runner)

    def _record_settings(self, runner: Runner) -> None:
        """Record settings and their changes for checkpoints and readers."""
        hub, iteration = runner.message_hub, runner.iter
        if self.settings is not None:
            hub.update_info(SETTINGS, dict(self.settings))
        history = hub.get_info(CHANGES, {})
        if self.changes and iteration > 0:
            runner.logger.warning(
                f'Settings that change from iteration {iteration} on:\n' +
                '\n'.join(f'    {change}' for change in self.changes))
            history = {**history, str(iteration): {
                change.key: [change.old, change.new]
                for change in self.changes}}
        if history:
            hub.update_info(CHANGES, history)
        self._write_changes(osp.join(runner.work_dir, f'{CHANGES}.json'),
                            history)

    @master_only
    def _write_changes(self, path: str, history: dict[str, Any]) -> None:
        """Write the file of changes, or remove that of an earlier run."""
        if history:
            save_json(path, history)
        elif osp.isfile(path):
            os.remove(path)

    @master_only
    def _clean(self, runner: Runner) -> None:
        """Remove temporary files and log entries of an earlier process."""
        remove_temporaries(runner.work_dir)
        if runner.iter > 0:
            validated = not self._validation_is_due(runner)
            cut_logs(runner.work_dir, runner.iter, validated)

    def before_train_epoch(self, runner: Runner) -> None:
        """Do a validation that was due at the checkpoint.

        Args:
            runner (Runner): The runner of the training.
        """
        if self._validation_is_due(runner):
            runner.logger.info(
                f'The checkpoint does not include the validation of '
                f'iteration {runner.iter}; it is done now.')
            # During a regular validation the hub has the iteration of the
            # step.
            runner.message_hub.update_info('iter', runner.iter - 1)
            runner.val_loop.run()

    @staticmethod
    def _validation_is_due(runner: Runner) -> bool:
        """Whether the validation at the current iteration is missing."""
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
    """Text such as ``'2 groups (of 30, 4)'``, for each optimizer."""
    return ' and '.join(
        f'{len(groups)} groups (of {", ".join(map(str, groups[:5]))}'
        f'{", ..." if len(groups) > 5 else ""})' for groups in optimizers)
