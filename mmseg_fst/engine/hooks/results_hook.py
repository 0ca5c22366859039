"""Metrics of a run in one small file."""
import json
import os
from os import path as osp
from typing import Any, Optional

from mmengine.dist import master_only
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner

from mmseg_fst.engine.label_free_scores import LABEL_FREE
from mmseg_fst.engine.named_scores import (
    describe_data,
    scores_of,
    write_matrices,
)
from mmseg_fst.engine.networks import protocol_of, unwrap
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.arguments import command_line
from mmseg_fst.utils.checkpoint import iteration_of
from mmseg_fst.utils.files import save_json

from .collapsed_class_hook import WARNINGS

#: Key in the message hub: metrics by iteration.
RESULTS = 'results'
#: Key in the message hub: scores by iteration, network and class.
CLASSES = 'class_scores'


@HOOKS.register_module()
class ResultsHook(Hook):
    """Write ``WORK_DIR/results.json`` after each validation.

    It contains the command line, the seed, the training time in minutes
    (without validation), the evaluation protocol, the data set that is
    scored and, by iteration, the metrics and the scores of each class;
    ``tools/summarize.py`` makes tables of such files. ``selection`` says by
    which score the best checkpoint is saved, whether the score uses labels,
    and of which iteration it is now. ``warnings`` are the
    ones of :class:`CollapsedClassHook` at the last validation. Each
    checkpoint contains the metrics, so that a resumed run continues with the
    metrics at its checkpoint, even if the file has later ones.

    ``WORK_DIR/confusion_NETWORK.csv`` are the confusion matrices of the last
    validation, see :func:`write_matrices`. Scores by class and matrices
    require a :class:`ConfusionIoUMetric`.
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
        scores = scores_of(runner.val_loop)
        for key, value in ((RESULTS, entry), (CLASSES, scores)):
            if value:
                past = runner.message_hub.get_info(key, {})
                runner.message_hub.update_info(
                    key, {**past, str(runner.iter): value})

    def after_val(self, runner: Runner) -> None:
        """Write the file, after the checkpoint with its metrics was saved.

        Args:
            runner (Runner): The runner of the training.
        """
        self._write(runner)
        write_matrices(runner.val_loop, runner.work_dir)

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
                command=command_line(),
                seed=runner.seed,
                max_iters=runner.max_iters,
                protocol=protocol_of(unwrap(runner)),
                data=describe_data(runner.val_dataloader.dataset),
                selection=_selection(runner),
                warnings=hub.get_info(WARNINGS, []),
                train_minutes=round(float(seconds) / 60, 3),
                iterations=iterations,
                classes=hub.get_info(CLASSES, {}))
            if runner.train_loop.stop_training:  # by EarlyStoppingHook
                content['stopped_early'] = True
            save_json(path, content, durable=True)
        elif osp.isfile(path):
            os.remove(path)


def _selection(runner: Runner) -> Optional[dict[str, Any]]:
    """How the best checkpoint is selected; None if none is saved."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            score = hook.key_indicators[0]
            best = runner.message_hub.get_info('best_ckpt')
            return dict(
                score=score,
                uses_labels=f'/{LABEL_FREE}/' not in score,
                iteration=iteration_of(best) if best else None)
    return None


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
