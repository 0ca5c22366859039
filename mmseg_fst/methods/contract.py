"""What hooks may read and set of a model, and the check of it."""
from typing import Any, Optional, Protocol, runtime_checkable

from mmseg.models.segmentors import BaseSegmentor
from torch import nn

from .step_cache import StepCache


@runtime_checkable
class TrainedModel(Protocol):
    """What the hooks of this package rely on; :class:`Method` provides it.

    Hooks change the weights of ``student``, ``auxiliary`` and the teachers
    and set ``step_cache`` and ``loss_scaler``. They read everything else and
    never write to the batch. All that is trained lies in
    :meth:`trained_modules`: hooks snapshot and restore exactly that.

    A segmentor of MMSegmentation without a ``student`` trains under the
    default hooks, too; they then do nothing that needs the contract.

    Attributes:
        student (nn.Module): The network, or networks, that predictions come
            from.
        auxiliary (nn.ModuleDict): Other networks that are trained, by name.
        teacher (nn.Module, optional): One or several averages of the student.
        teacher_mode (str): ``'train'`` if teachers update running statistics
            by their own passes, else ``'eval'``.
        teacher_updates_statistics (bool): Whether passes of the teachers
            update running statistics.
        step_cache (StepCache, optional): Set by FST while the steps of an
            iteration share results.
        loss_scaler (Any, optional): Set when a run starts: the scaler of the
            loss in half precision.
        warmup_iters (int): First iterations without pseudo-labels.
        can_share_graph (bool): Whether FST may share a graph between steps.
        networks (list[str]): Names of the networks that can predict.
        predict_with (str): The one that predicts.
        protocol_name (str): How predictions are made, in words.
    """

    student: nn.Module
    auxiliary: nn.ModuleDict
    teacher: Optional[nn.Module]
    teacher_mode: str
    step_cache: Optional[StepCache]
    loss_scaler: Any
    teacher_updates_statistics: bool
    warmup_iters: int
    can_share_graph: bool
    networks: list[str]
    predict_with: str
    protocol_name: str

    def trained_modules(self) -> list[nn.Module]:
        """All that is trained."""

    def trained_parameters(self) -> list[nn.Parameter]:
        """Parameters of :meth:`trained_modules`."""

    def teacher_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """Each teacher with the network that it is an average of."""

    def moving_teachers(self) -> list[tuple[nn.Module, nn.Module]]:
        """The pairs to move in this iteration."""

    def commit(self) -> None:
        """Write what the last step has staged; after each real step."""

    def discard(self) -> None:
        """Drop what the last step has staged; after one that failed."""


def check_contract(model: BaseSegmentor) -> None:
    """Raise if a model does not keep the contract of the hooks.

    Args:
        model (BaseSegmentor): A segmentor without its distributed wrapper; one
            without a ``student`` passes.

    Raises:
        TypeError: If an attribute or a method of :class:`TrainedModel` is
            missing.
        ValueError: If a trainable parameter lies outside of
            ``trained_modules()``, where virtual steps would change it and
            never restore it, or one belongs to a teacher.
    """
    if not hasattr(model, 'student'):
        return
    name = type(model).__name__
    missing = sorted(
        key for key in _names_of_contract() if not hasattr(model, key))
    if missing:
        raise TypeError(
            f'{name} has a student, but not {", ".join(missing)}, on which '
            'hooks rely; derive it from mmseg_fst.methods.Method.')
    trained = set(map(id, model.trained_parameters()))
    stray = [
        key for key, parameter in model.named_parameters()
        if parameter.requires_grad and id(parameter) not in trained
    ]
    if stray:
        more = f' and {len(stray) - 3} more' if len(stray) > 3 else ''
        raise ValueError(
            f'{name}: {", ".join(stray[:3])}{more} can be trained but is not '
            'part of `student` or `auxiliary`, so hooks would neither '
            'snapshot nor restore it. Register the module in '
            '`self.auxiliary`, or freeze it with requires_grad_(False).')


def _names_of_contract() -> set[str]:
    """Attributes and methods of the contract."""
    methods = {
        key
        for key, value in vars(TrainedModel).items()
        if callable(value) and not key.startswith('_')
    }
    return methods | set(TrainedModel.__annotations__)
