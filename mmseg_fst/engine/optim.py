"""Optimizer wrappers: bfloat16 without a scaler, several students."""
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
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn

from mmseg_fst.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Forward passes in bfloat16, on GPUs and CPUs, without a loss scaler.

    mmengine's ``AmpOptimWrapper`` scales the loss, which is not necessary for
    bfloat16 with its range of float32, and supports accelerators only. Use
    ``AmpOptimWrapper`` for float16.

    See :class:`mmengine.optim.OptimWrapper` for the arguments.

    Example:
        >>> optim_wrapper = dict(
        ...     type='AutocastOptimWrapper',
        ...     optimizer=dict(type='AdamW', lr=6e-5))
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Context for a forward pass with automatic mixed precision.

        Args:
            model (nn.Module): The model.
        """
        device = torch.device(get_device()).type
        with super().optim_context(model), torch.autocast(
                device, dtype=torch.bfloat16):
            yield


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class FewGroupsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor with one group for parameters of equal settings.

    With ``paramwise_cfg`` mmengine creates one group for each parameter.
    Optimizers launch their kernels by group, so that there are hundreds of
    times as many launches. Here parameters of equal settings share a group,
    and frozen parameters, for example of a teacher, are in no group.

    One more setting, ``paramwise_cfg.layer_decay``, in (0, 1], is for vision
    transformers: the learning rate of a layer is this number to the power of
    the number of layers behind it (Clark et al., "ELECTRA", ICLR 2020; 0.9 in
    VFM-UDA++). Other settings of the same parameter, such as ``lr_mult``,
    apply as well. MMSegmentation's ``LearningRateDecayOptimizerConstructor``
    knows ConvNeXt, BEiT and MAE alone, and no method with a student.

    Raises:
        ValueError: If ``layer_decay`` is out of its range, or the model has
            no encoder whose layers are known.

    Example:
        >>> optim_wrapper = dict(
        ...     constructor='FewGroupsConstructor',
        ...     optimizer=dict(type='AdamW', lr=1e-5),
        ...     paramwise_cfg=dict(
        ...         layer_decay=0.9,
        ...         custom_keys=dict(head=dict(lr_mult=10.))))
    """

    def add_params(self,
                   params: list[dict],
                   module: nn.Module,
                   prefix: str = '',
                   **kwargs: Any) -> None:
        """Add the parameters of a module, see mmengine.

        Args:
            params (list[dict]): Parameter groups; changed in place.
            module (nn.Module): The module.
            prefix (str): Name of the module in the model. Defaults to ``''``:
                the model itself.
            **kwargs: Other arguments of mmengine.
        """
        super().add_params(params, module, prefix, **kwargs)
        # mmengine calls this method recursively; merge once, at the root.
        if prefix:
            return
        factors = self._layer_factors(module)
        groups: dict[tuple, dict] = {}
        for param_group in params:
            # With settings mmengine has one group for each parameter.
            factor = factors.get(id(param_group['params'][0]))
            if factor is not None:
                rate: Any = param_group.get('lr', self.base_lr)
                param_group['lr'] = rate * factor
            weights = [
                weight for weight in param_group['params']
                if weight.requires_grad
            ]
            settings = {
                key: value
                for key, value in param_group.items() if key != 'params'
            }
            group = groups.setdefault(
                tuple(sorted(settings.items())), dict(settings, params=[]))
            group['params'] += weights
        params[:] = [group for group in groups.values() if group['params']]

    def _layer_factors(self, module: nn.Module) -> dict[int, float]:
        """Factor of the learning rate by parameter of a layered encoder."""
        decay = self.paramwise_cfg.get('layer_decay')
        if decay is None:
            return {}
        place = 'optim_wrapper.paramwise_cfg.layer_decay'
        if not 0 < decay <= 1:
            raise ValueError(f'{place} must be in (0, 1], got {decay}.')
        factors = {}
        for encoder in module.modules():
            layers_behind: Any = getattr(encoder, 'layers_behind', dict)
            for name, count in layers_behind().items():
                factors[id(encoder.get_parameter(name))] = decay**count
        if not factors:
            raise ValueError(
                f'{place}: the model has no encoder whose layers are known; '
                "use the backbone 'TIMMVisionTransformer', or take it out.")
        return factors


class JointOptimWrapper(OptimWrapperDict):
    """Several optimizers that step together.

    mmengine's ``OptimWrapperDict`` requires a custom ``train_step`` of the
    model, which a distributed wrapper would not call. Here there is one
    backward pass of one loss, then each optimizer clips the gradients of its
    parameters and steps.

    Args:
        **optim_wrappers (OptimWrapper): Optimizer wrapper of each student.

    Raises:
        ValueError: If the wrappers differ in precision, or if one scales its
            loss or accumulates gradients.
    """

    def __init__(self, **optim_wrappers: OptimWrapper) -> None:
        super().__init__(**optim_wrappers)
        if len({type(wrapper) for wrapper in optim_wrappers.values()}) > 1:
            raise ValueError(
                'optim_wrapper.students: all students must have the same '
                'precision; set `optim_wrapper.type` once, for all of them.')
        for name, wrapper in optim_wrappers.items():
            if isinstance(wrapper, AmpOptimWrapper):
                raise ValueError(
                    f'optim_wrapper.students.{name}: a loss scaler needs one '
                    'optimizer for all students, because it scales the total '
                    'loss; give `optim_wrapper` a `type` and an `optimizer`, '
                    'and set learning rates by `paramwise_cfg`.')
            if wrapper._accumulative_counts != 1:
                raise ValueError(
                    f'optim_wrapper.students.{name}: accumulative_counts is '
                    'not supported with several optimizers; increase '
                    '`train_dataloader.batch_size` instead.')

    @property
    def _inner_count(self) -> int:
        """Number of steps so far, equal for all optimizers."""
        return next(iter(self.values()))._inner_count

    @_inner_count.setter
    def _inner_count(self, count: int) -> None:
        for wrapper in self.values():
            wrapper._inner_count = count

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Use the precision of the first: all students share one pass.

        Args:
            model (nn.Module): The model.
        """
        with next(iter(self.values())).optim_context(model):
            yield

    def update_params(self,
                      loss: Tensor,
                      step_kwargs: Optional[dict] = None,
                      zero_kwargs: Optional[dict] = None) -> None:
        """Do one backward pass and one step of each optimizer.

        Args:
            loss (Tensor): The total loss, a scalar.
            step_kwargs (dict, optional): Arguments of each ``step``. Defaults
                to None.
            zero_kwargs (dict, optional): Arguments of each ``zero_grad``.
                Defaults to None.
        """
        loss.backward()
        for wrapper in self.values():
            wrapper._inner_count += 1
            wrapper.step(**(step_kwargs or {}))
            wrapper.zero_grad(**(zero_kwargs or {}))


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PerStudentConstructor:
    """Build an optimizer for each student and each auxiliary network.

    For networks with different optimizers. For different learning rates,
    ``paramwise_cfg.custom_keys`` of one optimizer is sufficient. The names
    are the keys of ``model.students`` and ``model.auxiliary``; the only
    student of a method is called ``'student'``. Example::

        optim_wrapper = dict(
            constructor='PerStudentConstructor',
            optimizer=dict(type='SGD', lr=0.01, momentum=0.9),
            students=dict(mit=dict(optimizer=dict(
                _delete_=True, type='AdamW', lr=6e-5))))

    Args:
        optim_wrapper_cfg (dict): Config of an optimizer wrapper, and
            ``students``: overrides of this config by name of the student.
        paramwise_cfg (dict, optional): As in mmengine, for all students
            without an override. Defaults to None.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        shared = dict(copy.deepcopy(optim_wrapper_cfg))
        self.students = shared.pop('students', {})
        self.shared = dict(shared, paramwise_cfg=paramwise_cfg)

    def __call__(self, model: BaseSegmentor) -> JointOptimWrapper:
        """Build the optimizers.

        Args:
            model (BaseSegmentor): The segmentor, or a wrapper around it.

        Returns:
            JointOptimWrapper: One optimizer for each student.

        Raises:
            ValueError: If ``students`` names an unknown student.
        """
        model = model.module if is_model_wrapper(model) else model
        networks = trained_networks(model)
        unknown = set(self.students) - set(networks)
        if unknown:
            raise ValueError(
                f'optim_wrapper.students names unknown networks '
                f'{sorted(unknown)}; use {", ".join(networks)}.')
        return JointOptimWrapper(
            **{
                name: build_optim_wrapper(network,
                                          self._config(name))
                for name, network in networks.items()
            })

    def _config(self, name: str) -> dict[str, Any]:
        """Config of the optimizer wrapper of one student."""
        config = dict(
            copy.deepcopy(self.shared), constructor='FewGroupsConstructor')
        for key, value in copy.deepcopy(self.students.get(name, {})).items():
            # A dict is merged into the shared one, as in config files.
            replaces = not isinstance(value, dict) or value.pop(
                '_delete_', False) or not isinstance(config.get(key), dict)
            config[key] = value if replaces else {**config[key], **value}
        return config


def trained_networks(model: BaseSegmentor) -> dict[str, nn.Module]:
    """List the students and the auxiliary networks of a method.

    Args:
        model (BaseSegmentor): A method of this package.

    Returns:
        dict[str, nn.Module]: Networks by name.
    """
    students = model.student
    if not isinstance(students, nn.ModuleDict):
        students = dict(student=students)
    return {**students, **model.auxiliary}


def wrappers_of(optim_wrapper: Union[OptimWrapper, OptimWrapperDict]
                ) -> list[OptimWrapper]:
    """List the optimizer wrappers of a run, each with one optimizer.

    Args:
        optim_wrapper (OptimWrapper | OptimWrapperDict): One wrapper, or
            several that step together.

    Returns:
        list[OptimWrapper]: At least one wrapper.
    """
    if isinstance(optim_wrapper, OptimWrapperDict):
        return list(optim_wrapper.values())
    return [optim_wrapper]
