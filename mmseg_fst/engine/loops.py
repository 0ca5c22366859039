"""Validation and test of all networks of a segmentor in one pass."""
import copy
from collections.abc import Callable, Sized
from typing import Optional, cast

import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, TestLoop, ValLoop
from mmengine.runner.amp import autocast
from mmseg.models.segmentors import BaseSegmentor
from mmseg.utils import SampleList
from torch import Tensor
from torch.utils.data import DataLoader

from mmseg_fst.registry import LOOPS

from .hooks.collapsed_class_hook import labeled_counts
from .label_free_scores import LabelFreeScores
from .networks import (
    networks_of,
    predict_each,
    predicting_network,
    protocol_of,
)


class _EachNetwork:
    """Evaluate every network on each batch, which is loaded once.

    A mixin for loops with ``dataloader``, ``evaluator`` and ``fp16``. Metrics
    are named ``student/<metric>`` and ``teacher/<metric>``. Hooks that run
    after an iteration receive the predictions of the network
    ``model.predict_with``, and in addition the predictions of every network
    as ``student_sem_seg`` and ``teacher_sem_seg``. The data samples have no
    ``seg_logits``: metrics use labels only, and the logits of a few images
    can exceed the memory. For a metric on logits use the loops of mmengine,
    which evaluate one network.

    A validation adds scores that need no label, see :class:`LabelFreeScores`:
    ``student/label_free/entropy`` and so on.

    ``confusion`` holds the confusion matrix of each network in the last run,
    if the metric counts one, as :class:`ConfusionIoUMetric` does; it is empty
    in all but the main process.
    """

    mode: str
    runner: Runner
    dataloader: DataLoader
    evaluator: Evaluator
    fp16: bool
    confusion: dict[str, Tensor]

    def run(self) -> dict[str, float]:
        """Evaluate all networks on the data set.

        Returns:
            dict[str, float]: The metrics of every network.
        """
        runner = self.runner
        runner.call_hook(f'before_{self.mode}')
        runner.call_hook(f'before_{self.mode}_epoch')
        runner.model.eval()
        wrapped = is_model_wrapper(runner.model)
        model = runner.model.module if wrapped else runner.model
        # Each network needs an evaluator with a separate state.
        evaluators = {
            name: copy.deepcopy(self.evaluator)
            for name in networks_of(model)
        }
        label_free = LabelFreeScores() if self.mode == 'val' else None
        for index, batch in enumerate(self.dataloader):
            runner.call_hook(
                f'before_{self.mode}_iter', batch_idx=index, data_batch=batch)
            outputs = self._predict(
                model, batch, label_free.add if label_free else None)
            if label_free is not None:
                label_free.compare(outputs)
            shown = outputs[predicting_network(model)]
            for name, samples in outputs.items():
                evaluators[name].process(
                    data_samples=samples, data_batch=batch)
            for name, samples in outputs.items():
                for sample, other in zip(shown, samples):
                    sample.set_field(other.pred_sem_seg, f'{name}_sem_seg')
            runner.call_hook(
                f'after_{self.mode}_iter',
                batch_idx=index,
                data_batch=batch,
                outputs=shown)
        metrics = self._evaluate(evaluators, protocol_of(model))
        if label_free is not None:
            metrics.update(label_free.result(labeled_counts(runner)))
        runner.call_hook(f'after_{self.mode}_epoch', metrics=metrics)
        runner.call_hook(f'after_{self.mode}')
        return metrics

    def _evaluate(self, evaluators: dict[str, Evaluator],
                  protocol: str) -> dict[str, float]:
        """Metrics of every network, over all processes."""
        metrics: dict[str, float] = {}
        self.confusion = {}
        size = len(cast(Sized, self.dataloader.dataset))
        for name, evaluator in evaluators.items():
            print_log(
                f'Results of the {name} by class, in percent ({protocol}):',
                logger='current')
            # Distributed samplers repeat images so that all processes have the
            # same number; the evaluator drops those beyond the size.
            scores = evaluator.evaluate(size)
            metrics.update(
                (f'{name}/{key}', value) for key, value in scores.items())
            for metric in evaluator.metrics:
                matrix = getattr(metric, 'confusion', None)
                if matrix is not None:
                    self.confusion[name] = matrix
        return metrics

    @torch.no_grad()
    def _predict(
        self, model: BaseSegmentor, batch: dict,
        observe: Optional[Callable[[str, Tensor], None]] = None
    ) -> dict[str, SampleList]:
        """Predict with every network.

        The model is called without its distributed wrapper, as in mmengine's
        ``val_step``.
        """
        with autocast(enabled=self.fp16):
            return predict_each(
                model, **model.data_preprocessor(batch), observe=observe)


@LOOPS.register_module()
class NetworksValLoop(_EachNetwork, ValLoop):
    """Validate student and teacher in one pass.

    See :class:`mmengine.runner.ValLoop` for the arguments. Metrics are
    prefixed by the network: ``student/mIoU``, ``teacher/mIoU``.
    """

    mode = 'val'


@LOOPS.register_module()
class NetworksTestLoop(_EachNetwork, TestLoop):
    """Test student and teacher in one pass.

    See :class:`mmengine.runner.TestLoop` for the arguments. Metrics are
    prefixed by the network: ``student/mIoU``, ``teacher/mIoU``.
    """

    mode = 'test'
