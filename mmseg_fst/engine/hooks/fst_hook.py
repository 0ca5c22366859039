"""FST, "Learning from Future": the teacher moves with a future student.

Du, Shen, Wang et al., "Learning from Future: A Novel Self-Training Framework
for Semantic Segmentation", NeurIPS 2022.
"""
from typing import Literal

import torch
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.engine.gradient_mean import GradientMean
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.engine.snapshot import Snapshot
from mmseg_fst.methods import StepCache, TrainedModel, graphs_stay_valid
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.restored_parts import Restore, restored_parts

from .mean_teacher_hook import MeanTeacherHook


def loss_scale(runner: Runner) -> float:
    """Scale of the loss in half precision; a device is waited for.

    Args:
        runner (Runner): The runner of the training.

    Returns:
        float: 1 without a scaler.
    """
    scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
    return 1. if scaler is None else scaler.get_scale()


class LookAheadHook(MeanTeacherHook):
    """Arguments and checks of both look-ahead hooks.

    Args:
        restore (str | Sequence[str]): What the present consists of, see
            :class:`Snapshot`: ``'weights'`` as in the authors' release, where
            the optimizer's moments and the statistics of batch normalization
            keep the traces of the virtual steps; ``'all'``; or a list of
            ``'weights'``, ``'optimizer'``, ``'buffers'`` and ``'random'``.
            Defaults to ``'weights'``.
        decay (float): See :class:`MeanTeacherHook`. Defaults to 0.999.
        buffers (str): See :class:`MeanTeacherHook`. Defaults to ``'keep'``.
        match_release (bool): Whether to count time as the authors' release for
            domain adaptation does: the average warms up with every training
            step, virtual ones included, and the first iteration has no
            virtual steps. Defaults to False.
        when (str): See :class:`MeanTeacherHook`; ``'after'`` moves the
            teacher with the student of the real step as well, as the release
            for semi-supervision does. Defaults to ``'before'``.
        copy_iters (int): See :class:`MeanTeacherHook`. Defaults to 0.
    """

    #: Virtual steps of an iteration.
    num_virtual: int

    def __init__(self,
                 restore: Restore = 'weights',
                 decay: float = 0.999,
                 buffers: Literal['keep', 'copy', 'average'] = 'keep',
                 match_release: bool = False,
                 when: Literal['before', 'after'] = 'before',
                 copy_iters: int = 0) -> None:
        super().__init__(decay, buffers, when, copy_iters)
        self.parts = restored_parts(restore, f'{type(self).__name__}: restore')
        self.restore = restore
        self.match_release = match_release

    def before_train(self, runner: Runner) -> None:
        """Check that one ``train_step`` is one optimizer step.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If gradients are accumulated, or the check of
                :class:`MeanTeacherHook` fails.
        """
        super().before_train(runner)
        counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if counts != 1:
            raise ValueError(
                f'{type(self).__name__} does not support '
                f'`optim_wrapper.accumulative_counts={counts}`: a virtual '
                'step would not update weights and would leave its gradient. '
                'Remove the key and increase `train_dataloader.batch_size` '
                'instead.')

    def looks_ahead(self, runner: Runner) -> bool:
        """Whether this iteration looks ahead.

        Args:
            runner (Runner): The runner of the training.

        Returns:
            bool: False in the first iteration of the release, and while the
            model learns from labels alone.
        """
        if runner.iter < unwrap(runner).warmup_iters:
            return False
        return not self.begins(runner)

    def begins(self, runner: Runner) -> bool:
        """Whether this is the first iteration of the release.

        Args:
            runner (Runner): The runner of the training.

        Returns:
            bool: True if the teacher moves after it for the first time.
        """
        return self.match_release and runner.iter == 0

    def updates(self, runner: Runner, passes: int) -> int:
        """Time of the moving average, see ``match_release``.

        Args:
            runner (Runner): The runner of the training.
            passes (int): Training steps made in this iteration, virtual ones
                included.

        Returns:
            int: Iterations so far, or training steps so far.
        """
        if not self.match_release:
            return runner.iter
        if runner.iter == 0:
            return passes
        return 1 + (runner.iter - 1) * (1 + self.num_virtual) + passes


@HOOKS.register_module()
class FSTHook(LookAheadHook):
    """FST-D: the teacher follows a student ``depth`` virtual steps ahead.

    Iteration t, student s, teacher m, batch b::

        present <- s
        depth times:  m <- EMA(m, s);  s <- step(s, b)      # virtual
        m <- EMA(m, s)                                      # the future
        s <- present
        s <- step(s, b)                                     # by the train loop

    The teacher's moves stay. ``depth=1`` is FST, ``depth=0`` the mean
    teacher. Costs ``depth`` training steps more in each iteration, less what
    the steps have in common.

    Args:
        depth (int): Number of virtual steps K, at least 0. Defaults to 1.
        restore (str | Sequence[str]): See :class:`LookAheadHook`. Defaults to
            ``'weights'``.
        decay (float): See :class:`MeanTeacherHook`. Defaults to 0.999.
        buffers (str): See :class:`MeanTeacherHook`. Defaults to ``'keep'``.
        match_release (bool): See :class:`LookAheadHook`. Defaults to False.
        when (str): See :class:`LookAheadHook`. Defaults to ``'before'``.
        copy_iters (int): See :class:`MeanTeacherHook`. Defaults to 0.
        repeat (bool): Whether, with ``when='after'``, the look-ahead begins
            with the move that ended the iteration before: ``depth + 2`` moves
            in an iteration, as in the release for semi-supervision; else
            ``depth + 1``. Defaults to True.
        reuse (bool): Whether the real step takes the losses of the labeled
            images, and their gradient, from the first virtual step, which
            stood at the same weights, and all steps the features of the
            pretrained encoder: less passes for the same method, up to
            dropout, which is sampled once. One gradient of the student is kept
            meanwhile. Where a segmentor has no pass for labeled images alone
            it saves nothing, nor where ``restore`` leaves out the weights.
            Defaults to True.
        resample_mix (bool): Whether the real step mixes the batch anew; with
            ``restore='weights'`` by new random numbers, as in the release. If
            not, it has the mixed images of the first virtual step, and of the
            student's pass only the backward half is left to do, with the
            labels of the future; needs ``reuse``, and, of ``depth`` 2 or
            more, the memory of one more graph. A variant of this project;
            with ``restore='all'`` the random numbers are the same, and so is
            the result. Defaults to True.
        average_gradients (bool): Whether the real step uses the mean of its
            gradient and of the gradients of the virtual steps, which are
            computed anyway: each has other mixed images, as in a larger
            batch. Moments are updated once, so ``restore`` must name
            ``'weights'`` and ``'optimizer'``; without ``'random'`` the images
            are mixed anew in each step. A gradient is clipped before it is
            averaged. Keeps one more gradient of the student in memory. A
            variant of this project. Defaults to False.
        interval (int): Look ahead in one of so many iterations, the last one
            of them, at least 1; in the others it is a mean teacher. A
            variant of this project. Defaults to 1: in all.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> custom_hooks = [dict(
        ...     type='FSTHook', depth=3, average_gradients=True,
        ...     restore=['weights', 'optimizer', 'buffers'])]
    """

    def __init__(self,
                 depth: int = 1,
                 restore: Restore = 'weights',
                 decay: float = 0.999,
                 buffers: Literal['keep', 'copy', 'average'] = 'keep',
                 match_release: bool = False,
                 when: Literal['before', 'after'] = 'before',
                 copy_iters: int = 0,
                 repeat: bool = True,
                 reuse: bool = True,
                 resample_mix: bool = True,
                 average_gradients: bool = False,
                 interval: int = 1) -> None:
        super().__init__(restore, decay, buffers, match_release, when,
                         copy_iters)
        if depth < 0:
            raise ValueError(
                f'FSTHook: depth must be at least 0, got {depth}.')
        if interval < 1:
            raise ValueError('FSTHook: interval must be at least 1, got '
                             f'{interval}.')
        if match_release and interval != 1:
            raise ValueError('FSTHook: match_release=True counts virtual '
                             'steps in every iteration; it needs interval=1.')
        self.interval = interval
        if not (reuse or resample_mix):
            raise ValueError('FSTHook: resample_mix=False reuses the passes '
                             'of the first virtual step; it needs '
                             'reuse=True.')
        if not (resample_mix or 'weights' in self.parts):
            raise ValueError('FSTHook: resample_mix=False needs the weights '
                             'of the first virtual step again; add '
                             "'weights' to restore.")
        if average_gradients and not {'weights', 'optimizer'} <= self.parts:
            raise ValueError(
                'FSTHook: average_gradients=True updates moments once, in '
                "the real step; set restore=['weights', 'optimizer', "
                f"'buffers'], got {restore!r}.")
        self.average_gradients = average_gradients
        self.gradient_mean = GradientMean()
        self.depth = self.num_virtual = depth
        self.repeat = repeat
        self.reuse = reuse and 'weights' in self.parts
        self.resample_mix = resample_mix

    def looks_ahead(self, runner: Runner) -> bool:
        """Whether this iteration looks ahead.

        Args:
            runner (Runner): The runner of the training.

        Returns:
            bool: False in all but one of ``interval`` iterations, and as in
            :class:`LookAheadHook`.
        """
        return (self.every_n_train_iters(runner, self.interval)
                and super().looks_ahead(runner))

    def before_train(self, runner: Runner) -> None:
        """Check that the model can keep what the hook lets it keep.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If ``resample_mix=False`` and the model has no graphs
                to retain, if ``reuse`` and a batch normalization has no
                momentum, if gradients to average are scaled, or if the check
                of :class:`LookAheadHook` fails.
        """
        super().before_train(runner)
        if self.average_gradients:
            if getattr(runner.optim_wrapper, 'loss_scaler', None) is not None:
                raise ValueError(
                    'FSTHook: average_gradients=True does not go with a '
                    'scaled loss, whose gradients differ in their scale; set '
                    "optim_wrapper.type to 'AutocastOptimWrapper', which is "
                    'bfloat16.')
            self.gradient_mean = GradientMean(
                wrapper.optimizer
                for wrapper in wrappers_of(runner.optim_wrapper))
        model = unwrap(runner)
        for name, module in model.named_modules():
            if (self.reuse and isinstance(module, _BatchNorm)
                    and module.momentum is None):
                raise ValueError(
                    f'FSTHook: {name} has momentum=None, so a reused pass '
                    'cannot be counted twice in its statistics; set '
                    'reuse=False, or give the layer a momentum.')
        if not self.resample_mix and not model.can_share_graph:
            raise ValueError(
                f'FSTHook: resample_mix=False does not go with this '
                f'{type(model).__name__}: the teacher must label and '
                "`model.backward` must be 'staged', without `with_cp=True` "
                'of the backbone. Take resample_mix out.')

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Look ahead on the batch of the real step.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch.
        """
        model: TrainedModel = unwrap(runner)
        model.step_cache = None  # of a step that has failed
        if self.depth == 0 or not self.looks_ahead(runner):
            if not self.begins(runner):  # a mean teacher's iteration
                super().before_train_iter(runner, batch_idx, data_batch)
            return
        present = Snapshot(runner, self.restore)
        self.gradient_mean.record()
        cache, scale = None, 1.
        if self.reuse:
            cache = StepCache(self.restore, self.resample_mix)
            model.step_cache = cache
            scale = loss_scale(runner)
        # What changes below is restored, or not read by a backward pass.
        changing = () if self.resample_mix else [
            tensor for module in model.trained_modules()
            for tensor in (*module.parameters(), *module.buffers())
        ]
        with graphs_stay_valid(changing):
            for step in range(self.depth):
                if step or self.repeat or self.when == 'before':
                    self.update_teacher(runner, passes=step)
                if step and cache is not None:
                    cache.step = 'between'
                runner.model.train_step(data_batch, runner.optim_wrapper)
            self.update_teacher(runner, passes=self.depth)
            present.restore()
        self.gradient_mean.average()
        if cache is not None:
            cache.step = 'last'
            if loss_scale(runner) < scale:  # a kept gradient has overflowed
                model.step_cache = None
        if self.copies(runner):  # the student of the present
            self.update_teacher(runner)

    def finish(self, runner: Runner) -> None:
        """Move the teacher where the release has not done so before.

        Args:
            runner (Runner): The runner of the training.
        """
        unwrap(runner).step_cache = None
        self.gradient_mean.clear()
        looked = self.looks_ahead(runner)
        if self.when == 'after' or self.begins(runner):
            self.update_teacher(runner, passes=1 + self.depth * looked)

    def after_train(self, runner: Runner) -> None:
        """Leave the optimizers as they were.

        Args:
            runner (Runner): The runner of the training.
        """
        self.gradient_mean.close()


@HOOKS.register_module()
class SelfLookAheadHook(FSTHook):
    """Co-training with labels from the students of the future.

    Our own experiment, of no paper: students that label for one another have
    no teacher for FST to move. Here each has a copy that stands ``depth``
    virtual steps of all students ahead, all of them made at once, and in the
    real step it labels for the others in its place. Goes with
    ``label_with='future'`` of a :class:`CoTraining`. With
    ``depth=0`` the copies are the students themselves, but for dropout and
    stochastic depth, which are off in them.

    Args:
        depth (int): Number of virtual steps, at least 0. Defaults to 1.
        restore (str | Sequence[str]): See :class:`LookAheadHook`. Defaults to
            ``'all'``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 depth: int = 1,
                 restore: Restore = 'all') -> None:
        super().__init__(depth, restore, decay=0)


@HOOKS.register_module()
class WideFSTHook(LookAheadHook):
    """FST-W: the teacher follows the mean of ``width`` possible futures.

    Iteration t, student s, teacher m, further batches b_1 .. b_N::

        present <- s
        for each b_i:  s <- step(s, b_i);  mean += s / N;  s <- present
        m <- EMA(m, mean)
        s <- step(s, b)                                     # by the train loop
        m <- EMA(m, s)

    The teacher stands still during the virtual steps. The batches of the
    futures are taken from the training loader, so each iteration consumes
    ``width + 1`` batches and costs as many training steps.

    Args:
        width (int): Number of futures N, at least 1. Defaults to 3.
        restore (str | Sequence[str]): See :class:`LookAheadHook`. Defaults to
            ``'weights'``.
        decay (float): See :class:`MeanTeacherHook`. Defaults to 0.999.
        buffers (str): See :class:`MeanTeacherHook`. Defaults to ``'keep'``.
        match_release (bool): See :class:`LookAheadHook`. Defaults to False.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 width: int = 3,
                 restore: Restore = 'weights',
                 decay: float = 0.999,
                 buffers: Literal['keep', 'copy', 'average'] = 'keep',
                 match_release: bool = False) -> None:
        super().__init__(restore, decay, buffers, match_release)
        if width < 1:
            raise ValueError(
                f'WideFSTHook: width must be at least 1, got {width}.')
        if 'weights' not in self.parts:
            raise ValueError('WideFSTHook: each future begins at the present '
                             "weights; add 'weights' to restore, got "
                             f'{restore!r}.')
        self.width = self.num_virtual = width

    def before_train(self, runner: Runner) -> None:
        """Check the run; tell the sampler how many batches a step takes.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If the check of :class:`LookAheadHook` fails.
        """
        super().before_train(runner)
        # Read on resume only, when the loop skips what was trained on.
        runner.train_dataloader.sampler.batches_per_step = self.width + 1

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Look ahead, once on each of ``width`` further batches.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch of the real step, not
                used.
        """
        batches = [
            next(runner.train_loop.dataloader_iterator)
            for _ in range(self.width)
        ]
        if not self.looks_ahead(runner):
            return
        present = Snapshot(runner, self.restore)
        student = unwrap(runner).student
        weights = [weight.detach() for weight in student.parameters()]
        future = [torch.zeros_like(weight) for weight in weights]
        for batch in batches:
            runner.model.train_step(batch, runner.optim_wrapper)
            torch._foreach_add_(future, weights)
            present.restore()
        torch._foreach_div_(future, self.width)
        self.update_teacher(runner, future, passes=self.width)

    def finish(self, runner: Runner) -> None:
        """Move the teacher with the student of the real step.

        Args:
            runner (Runner): The runner of the training.
        """
        passes = 1 + self.width * self.looks_ahead(runner)
        self.update_teacher(runner, passes=passes)
