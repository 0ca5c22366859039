"""Prepares the segmentor for the run that trains it."""
from typing import Optional

from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

from mmseg_fst.engine.custom_keys import warn_of_unmatched
from mmseg_fst.engine.loaded_weights import Source, check_loads
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.methods import check_contract
from mmseg_fst.models.backbones import adapt_first_layers, check_channels
from mmseg_fst.registry import HOOKS


@HOOKS.register_module()
class PrepareModelHook(Hook):
    """Check the model, give it the loss scaler, let it write staged state.

    While initial weights are loaded, first layers of RGB networks are adapted
    to other channels, see
    :func:`mmseg_fst.models.backbones.adapt_first_layers`, and weights that do
    not fit are refused, see
    :class:`mmseg_fst.engine.loaded_weights.LoadCheck`. Settings of the
    optimizer for parameters that do not exist are named, see
    :func:`mmseg_fst.engine.custom_keys.warn_of_unmatched`.

    :func:`mmseg_fst.apis.build_runner` registers it in every run. A segmentor
    of MMSegmentation, without a ``student``, passes. After the real step, and
    never after a virtual one, the model writes what the step has staged.
    """

    # After FiniteGuardHook (NORMAL), which may refuse the step; before hooks
    # that rely on the contract (BELOW_NORMAL).
    priority = 55

    def __init__(self) -> None:
        self._handles: list = []

    def before_run(self, runner: Runner) -> None:
        """Check the channels, and what is loaded from now on.

        Args:
            runner (Runner): The runner of the training or the test.

        Raises:
            ValueError: If a backbone reads other channels than the data
                preprocessor normalizes; later, while weights are loaded, if
                they do not fit.
        """
        model = unwrap(runner)
        check_channels(model)
        # In a test the optimizer is not built.
        if isinstance(runner.optim_wrapper, (OptimWrapper, OptimWrapperDict)):
            warn_of_unmatched(runner.cfg.get('optim_wrapper') or {}, model)
        trained = getattr(model, 'trained_parameters', model.parameters)()
        source = runner._load_from and Source(
            runner._load_from, 'load_from', runner._resume)
        self._handles = [*adapt_first_layers(model),
                         *check_loads(model, source, list(trained))]

    def before_train(self, runner: Runner) -> None:
        """Prepare the model of the run.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            TypeError: If the model lacks something that hooks rely on.
            ValueError: If a parameter would be trained behind the back of the
                hooks, or a teacher would never be updated.
        """
        for handle in self._handles:
            handle.remove()
        model = unwrap(runner)
        check_contract(model)
        if not hasattr(model, 'student'):
            return
        # Half precision scales the gradients that a model computes itself.
        model.loss_scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
        if model.teacher is not None and not any(
                hasattr(hook, 'update_teacher') for hook in runner.hooks):
            raise ValueError(
                f'{type(model).__name__} has a teacher, but no hook updates '
                "it; give custom_hooks=[dict(type='MeanTeacherHook')], "
                'FSTHook or, for CoTraining, SelfLookAheadHook.')

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Let the model write what the step has staged.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
            outputs (dict, optional): Logged values, not used.
        """
        model = unwrap(runner)
        if hasattr(model, 'commit'):
            model.commit()
