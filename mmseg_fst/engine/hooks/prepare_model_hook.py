"""What a segmentor needs to know of the run that trains it."""
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_fst.models.backbones import adapt_first_layers, check_channels
from mmseg_fst.registry import HOOKS

from .mean_teacher_hook import MeanTeacherHook, unwrap


@HOOKS.register_module()
class PrepareModelHook(Hook):
    """Give the model the loss scaler; check its channels and its teacher.

    While initial weights are loaded, first layers of RGB networks are adapted
    to other channels, see
    :func:`mmseg_fst.models.backbones.adapt_first_layers`.

    :func:`mmseg_fst.apis.build_runner` registers it in every run.
    """

    def __init__(self) -> None:
        self._handles: list = []

    def before_run(self, runner: Runner) -> None:
        """Check the channels before initial weights are loaded.

        Args:
            runner (Runner): The runner of the training or the test.

        Raises:
            ValueError: If a backbone reads other channels than the data
                preprocessor normalizes.
        """
        model = unwrap(runner)
        check_channels(model)
        self._handles = adapt_first_layers(model)

    def before_train(self, runner: Runner) -> None:
        """Prepare the model of the run.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If there is a teacher and no hook that moves it: it
                would stay as it was drawn.
        """
        for handle in self._handles:
            handle.remove()
        model = unwrap(runner)
        # Half precision scales the gradients that a model computes itself.
        model.loss_scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
        if getattr(model, 'teacher', None) is not None and not any(
                isinstance(hook, MeanTeacherHook) for hook in runner.hooks):
            raise ValueError(
                f'{type(model).__name__} has a teacher, but no hook moves it; '
                "give custom_hooks=[dict(type='MeanTeacherHook')], FSTHook "
                'or, for co-training, SelfLookAheadHook.')
