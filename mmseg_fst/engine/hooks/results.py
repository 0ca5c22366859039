"""Scores of a run in one small file."""
import json
import os
import shlex
import sys
from os import path as osp
from typing import Optional

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_fst.registry import HOOKS

from .mean_teacher import unwrap


@HOOKS.register_module()
class ResultsHook(Hook):
    """Write ``WORK_DIR/results.json`` after each validation.

    It holds the command line, the seed, the training minutes (without
    validation), the evaluation protocol and the metrics by iteration;
    ``tools/summarize.py`` makes tables of such files. A resumed run keeps the
    entries from before its start.
    """

    # After CheckpointHook (VERY_LOW): what is listed was saved.
    priority = 'LOWEST'

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Forget an earlier run in the same folder, unless it goes on.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If it goes on under another evaluation protocol.
        """
        path = osp.join(runner.work_dir, 'results.json')
        if not osp.isfile(path):
            return
        if runner.iter == 0:
            os.remove(path)
            return
        now = unwrap(runner).protocol_name
        with open(path) as file:
            past = json.load(file).get('protocol', now)
        if past != now:
            raise ValueError(
                f'{path} lists scores of another evaluation protocol, {past};'
                f' model.protocol is now: {now}. Go on with the protocol the '
                'run began with, and score its checkpoints under another one '
                'with: sh test.sh WORK_DIR --protocol FILE')

    @master_only
    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[dict[str, float]] = None) -> None:
        """Add one entry.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float]): Metrics of this validation.
        """
        path = osp.join(runner.work_dir, 'results.json')
        past: dict[str, dict] = {}
        if osp.isfile(path):
            with open(path) as file:
                past = json.load(file)['iterations']
        iterations = {
            key: value
            for key, value in past.items() if int(key) < runner.iter
        }
        iterations[str(runner.iter)] = {
            key: round(float(value), 4)
            for key, value in metrics.items() if 'time' not in key
        }
        seconds = runner.message_hub.get_scalar('train/time').data[0].sum()
        content = dict(
            command=shlex.join(['python', *sys.argv]),
            seed=runner.seed,
            max_iters=runner.max_iters,
            protocol=unwrap(runner).protocol_name,
            train_minutes=round(float(seconds) / 60, 3),
            iterations=iterations)
        with open(path + '.tmp', 'w') as file:
            json.dump(content, file, indent=1)
        os.replace(path + '.tmp', path)
