"""Optimizer wrappers: low precision without a scaler, several students."""
import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional, Union

import torch
from mmengine.device import get_device
from mmengine.model import is_model_wrapper
from mmengine.optim import (
    AmpOptimWrapper,
    DefaultOptimWrapperConstructor,
    OptimWrapper,
    OptimWrapperDict,
    build_optim_wrapper,
)
from torch import Tensor, nn

from mmseg_fst.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Forward passes in bfloat16, on GPUs and CPUs, without a loss scaler.

    mmengine's ``AmpOptimWrapper`` scales the loss, which bfloat16, with the
    range of float32, has no need of, and is made for accelerators alone; for
    float16 it is the one to take.

    Arguments are those of :class:`mmengine.optim.OptimWrapper`.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Cast what is computed inside.

        Args:
            model (nn.Module): The model.
        """
        device = torch.device(get_device()).type
        with super().optim_context(model), torch.autocast(
                device, dtype=torch.bfloat16):
            yield


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class FewGroupsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, with one group for parameters of equal settings.

    mmengine's makes a group of each parameter as soon as ``paramwise_cfg`` is
    given; optimizers batch their kernels by group, so that there are hundreds
    of times as many. With ``paramwise_cfg`` frozen parameters, as a teacher's,
    are in none.
    """

    def add_params(self,
                   params: list[dict],
                   module: nn.Module,
                   prefix: str = '',
                   **kwargs: Any) -> None:
        """Add the parameters of a module, see mmengine.

        Args:
            params (list[dict]): Groups so far; changed in place.
            module (nn.Module): The module.
            prefix (str): Its name in the model. Defaults to ``''``: it is
                the model.
            **kwargs: Of mmengine, passed on.
        """
        super().add_params(params, module, prefix, **kwargs)
        if prefix:
            return
        groups: dict[tuple, dict] = {}
        for one in params:
            weights = [
                weight for weight in one['params'] if weight.requires_grad
            ]
            settings = {
                key: value
                for key, value in one.items() if key != 'params'
            }
            group = groups.setdefault(
                tuple(sorted(settings.items())), dict(settings, params=[]))
            group['params'] += weights
        params[:] = [group for group in groups.values() if group['params']]


class JointOptimWrapper(OptimWrapperDict):
    """Several optimizers that step together.

    mmengine's ``OptimWrapperDict`` leaves ``train_step`` to the model, which
    a distributed wrapper would not call. Here one loss goes backward once,
    and then each optimizer clips and steps its own parameters.

    Args:
        **optim_wrappers (OptimWrapper): One for each student.

    Raises:
        ValueError: If they differ in precision, or one scales its loss or
            accumulates gradients.
    """

    def __init__(self, **optim_wrappers: OptimWrapper) -> None:
        super().__init__(**optim_wrappers)
        if len({type(one) for one in optim_wrappers.values()}) > 1:
            raise ValueError(
                'optim_wrapper.students: all students go forward in one '
                'precision; give `optim_wrapper.type` once, for all of them.')
        for name, one in optim_wrappers.items():
            if isinstance(one, AmpOptimWrapper):
                raise ValueError(
                    f'optim_wrapper.students.{name}: a loss scaler needs '
                    'one optimizer for all students, as it has to see the '
                    'whole loss; give `optim_wrapper` a `type` and an '
                    '`optimizer`, and rates by `paramwise_cfg`.')
            if one._accumulative_counts != 1:
                raise ValueError(
                    f'optim_wrapper.students.{name}: accumulative_counts '
                    'does not go with several optimizers; raise '
                    '`train_dataloader.batch_size` instead.')

    @property
    def _inner_count(self) -> int:
        """Steps so far, the same of all."""
        return next(iter(self.values()))._inner_count

    @_inner_count.setter
    def _inner_count(self, count: int) -> None:
        for one in self.values():
            one._inner_count = count

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The precision of the first: there is one pass for all.

        Args:
            model (nn.Module): The model.
        """
        with next(iter(self.values())).optim_context(model):
            yield

    def update_params(self,
                      loss: Tensor,
                      step_kwargs: Optional[dict] = None,
                      zero_kwargs: Optional[dict] = None) -> None:
        """One backward pass, one step of each optimizer.

        Args:
            loss (Tensor): A scalar.
            step_kwargs (dict, optional): For each ``step``. Defaults to None.
            zero_kwargs (dict, optional): For each ``zero_grad``. Defaults to
                None.
        """
        loss.backward()
        for one in self.values():
            one._inner_count += 1
            one.step(**(step_kwargs or {}))
            one.zero_grad(**(zero_kwargs or {}))


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PerStudentConstructor:
    """Builds an optimizer for each student and each auxiliary network.

    For networks that need other optimizers, not just other learning rates,
    for which ``paramwise_cfg.custom_keys`` of one optimizer is enough. They
    are called as in ``model.students`` and ``model.auxiliary``; the only
    student of a method is called ``'student'``::

        optim_wrapper = dict(
            constructor='PerStudentConstructor',
            optimizer=dict(type='SGD', lr=0.01, momentum=0.9),
            students=dict(mit=dict(optimizer=dict(
                _delete_=True, type='AdamW', lr=6e-5))))

    Args:
        optim_wrapper_cfg (dict): Config of an optimizer wrapper, and
            ``students``: by name, what differs for it.
        paramwise_cfg (dict, optional): As mmengine's, for all students that
            have none of their own. Defaults to None.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        shared = dict(copy.deepcopy(optim_wrapper_cfg))
        self.students = shared.pop('students', {})
        self.shared = dict(shared, paramwise_cfg=paramwise_cfg)

    def __call__(self, model: nn.Module) -> JointOptimWrapper:
        """Build the optimizers.

        Args:
            model (nn.Module): The segmentor, or a wrapper around it.

        Returns:
            JointOptimWrapper: One optimizer for each student.

        Raises:
            ValueError: If ``students`` names one that is not there.
        """
        model = model.module if is_model_wrapper(model) else model
        networks = _trained_networks(model)
        unknown = set(self.students) - set(networks)
        if unknown:
            raise ValueError(
                f'optim_wrapper.students names {sorted(unknown)}; the '
                f'networks are {", ".join(networks)}.')
        return JointOptimWrapper(
            **{
                name: build_optim_wrapper(network,
                                          self._config(name))
                for name, network in networks.items()
            })

    def _config(self, name: str) -> dict[str, Any]:
        """The config of one student's optimizer wrapper."""
        config = dict(
            copy.deepcopy(self.shared), constructor='FewGroupsConstructor')
        for key, value in copy.deepcopy(self.students.get(name, {})).items():
            replaces = not isinstance(value, dict) or value.pop(
                '_delete_', False) or not isinstance(config.get(key), dict)
            config[key] = value if replaces else {**config[key], **value}
        return config


def _trained_networks(model: nn.Module) -> dict[str, nn.Module]:
    """The students and the auxiliary networks of a method, by name."""
    students = model.student
    if not isinstance(students, nn.ModuleDict):
        students = dict(student=students)
    return {**students, **model.auxiliary}


def wrappers_of(optim_wrapper: Union[OptimWrapper, OptimWrapperDict]
                ) -> list[OptimWrapper]:
    """The optimizer wrappers of a run, each with one optimizer.

    Args:
        optim_wrapper (OptimWrapper | OptimWrapperDict): One, or several that
            step together.

    Returns:
        list[OptimWrapper]: At least one.
    """
    if isinstance(optim_wrapper, OptimWrapperDict):
        return list(optim_wrapper.values())
    return [optim_wrapper]
