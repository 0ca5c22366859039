"""Metrics of a run in one small file."""
import json
import os
import shlex
import sys
from os import path as osp

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_fst.engine.networks import protocol_of, unwrap
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.files import save_json

#: Key in the message hub: metrics by iteration.
RESULTS = 'results'


@HOOKS.register_module()
class ResultsHook(Hook):
    """Write ``WORK_DIR/results.json`` after each validation.

    It contains the command line, the seed, the training time in minutes
    (without validation), the evaluation protocol and the metrics by
    iteration; ``tools/summarize.py`` makes tables of such files. Each
    checkpoint contains the metrics, so that a resumed run continues with the
    metrics at its checkpoint, even if the file has later ones.
    """

    # Before CheckpointHook (VERY_LOW), whose checkpoint contains the metrics.
    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        """Restore the metrics of a resumed run, or start a new list.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If a run is resumed with another evaluation protocol.
        """
        hub, path = runner.message_hub, self._path(runner)
        past = hub.get_info(RESULTS, {})
        if runner.iter > 0 and osp.isfile(path):
            with open(path) as file:
                content = json.load(file)
            check_protocol(path, content, protocol_of(unwrap(runner)))
            if RESULTS not in hub.runtime_info:  # checkpoint of an old version
                past = {
                    key: value
                    for key, value in content['iterations'].items()
                    if int(key) <= runner.iter
                }
        hub.update_info(RESULTS, past)
        self._write(runner)

    def after_val_epoch(self, runner: Runner,
                        metrics: dict[str, float]) -> None:
        """Add the metrics of one validation.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float]): Metrics of this validation.
        """
        entry = {
            key: round(float(value), 4)
            for key, value in metrics.items() if 'time' not in key
        }
        past = runner.message_hub.get_info(RESULTS, {})
        runner.message_hub.update_info(
            RESULTS, {**past, str(runner.iter): entry})

    def after_val(self, runner: Runner) -> None:
        """Write the file, after the checkpoint with its metrics was saved.

        Args:
            runner (Runner): The runner of the training.
        """
        self._write(runner)

    @staticmethod
    def _path(runner: Runner) -> str:
        """Path of the file."""
        return osp.join(runner.work_dir, 'results.json')

    @master_only
    def _write(self, runner: Runner) -> None:
        """Write the file, or remove it if there are no metrics."""
        hub, path = runner.message_hub, self._path(runner)
        iterations = hub.get_info(RESULTS)
        if iterations:
            seconds = hub.get_scalar('train/time').data[0].sum()
            content = dict(
                command=shlex.join(['python', *sys.argv]),
                seed=runner.seed,
                max_iters=runner.max_iters,
                protocol=protocol_of(unwrap(runner)),
                train_minutes=round(float(seconds) / 60, 3),
                iterations=iterations)
            if runner.train_loop.stop_training:  # by EarlyStoppingHook
                content['stopped_early'] = True
            save_json(path, content, durable=True)
        elif osp.isfile(path):
            os.remove(path)


def check_protocol(path: str, content: dict, protocol: str) -> None:
    """Raise if metrics were computed with another evaluation protocol.

    Args:
        path (str): File of the metrics, for the message.
        content (dict): Content of the file.
        protocol (str): Name of the protocol of the run.

    Raises:
        ValueError: If the protocols differ.
    """
    before = content.get('protocol', protocol)
    if before != protocol:
        raise ValueError(
            f'{path} contains metrics of another evaluation protocol, '
            f'{before}; model.protocol is now: {protocol}. Resume with the '
            'protocol of the first start, and evaluate its checkpoints with '
            'another one by: sh test.sh WORK_DIR --protocol FILE')
