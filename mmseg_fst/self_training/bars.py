"""Progress bars with the remaining time, a line for each stage."""
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional, TextIO

from mmengine.hooks import Hook
from mmengine.runner import Runner
from tqdm import tqdm


class Bars:
    """Makes the bars of a call.

    Args:
        show (bool): Whether to show them.
        screen (TextIO, optional): Where they are written. Defaults to None:
            the present standard error.
    """

    def __init__(self, show: bool, screen: Optional[TextIO] = None) -> None:
        self.show = show
        self.screen = screen or sys.stderr

    @contextmanager
    def stage(self, title: str, total: int = 1,
              unit: str = 'it') -> Iterator[tqdm]:
        """A bar of a stage, which ends with it.

        Args:
            title (str): Its title.
            total (int): Number of steps. Defaults to 1.
            unit (str): What a step is. Defaults to ``'it'``.

        Yields:
            tqdm: The bar.
        """
        with tqdm(desc=title, total=total, unit=unit, file=self.screen,
                  disable=not self.show, smoothing=.05,
                  dynamic_ncols=True) as bar:
            yield bar

    def done(self, title: str, note: str) -> None:
        """Write a line about a stage that was finished before.

        Args:
            title (str): Title of the stage.
            note (str): What to say.
        """
        if self.show:
            tqdm.write(f'{title}: {note}', file=self.screen)


class ProgressHook(Hook):
    """Show iterations and the last score of a run.

    Args:
        bar (tqdm): The bar.
        metric (str): The score to show. Defaults to ``'student/mIoU'``.
    """

    priority = 'LOWEST'

    def __init__(self, bar: tqdm, metric: str = 'student/mIoU') -> None:
        self.bar = bar
        self.metric = metric

    def before_train(self, runner: Runner) -> None:
        """Begin at the iteration of a resumed run.

        Args:
            runner (Runner): The runner of the training.
        """
        self.bar.reset(runner.max_iters)
        self.bar.initial = self.bar.n = runner.iter
        self.bar.refresh()

    def after_train_iter(self, runner: Runner, batch_idx: int,
                         data_batch: Any = None,
                         outputs: Any = None) -> None:
        """Move on.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Number of the iteration.
            data_batch (dict, optional): The batch. Defaults to None.
            outputs (dict, optional): The losses. Defaults to None.
        """
        self.bar.update(1)

    def after_val_epoch(self, runner: Runner,
                        metrics: Optional[Mapping[str, float]] = None
                        ) -> None:
        """Show the score.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float], optional): Metrics of the validation.
                Defaults to None.
        """
        score = (metrics or {}).get(self.metric)
        if score is not None:
            self.bar.set_postfix_str(f'mIoU {score:.1f}')

    def after_train(self, runner: Runner) -> None:
        """Say so if the run has stopped early.

        Args:
            runner (Runner): The runner of the training.
        """
        if runner.iter < runner.max_iters:
            self.bar.set_postfix_str(
                ', '.join(filter(None, [self.bar.postfix, 'stopped early'])))
