"""Optimizer settings and schedules that change when a run is resumed."""
import warnings
from collections.abc import Iterator
from typing import Any, Optional, Union

from mmengine.optim import OptimWrapper, OptimWrapperDict

from .optim import wrappers_of

# Of one optimizer, or of several by name.
Schedulers = Union[list, dict[str, list]]

# What the state of a scheduler contains beside its settings.
_PROGRESS = ('last_step', '_global_step', '_last_value', 'verbose')
# What the group of an optimizer contains beside its settings; schedulers
# change the learning rate and leave `initial_lr`.
_NO_SETTINGS = ('params', 'lr')


def apply_schedule(checkpoint: dict[str, Any],
                   optimizers: Union[OptimWrapper, OptimWrapperDict],
                   schedulers: Optional[Schedulers]) -> bool:
    """Let the states in a checkpoint follow the settings of this run.

    A state contains the settings that it was saved with (learning rate,
    weight decay, length of the schedule), and loading it would bring them
    back. If they differ from the present ones, the schedule is computed again
    up to the iteration of the checkpoint, as if the run had begun with the
    present settings; moments of the optimizer stay. Otherwise nothing
    changes.

    Args:
        checkpoint (dict): The checkpoint that is resumed, with ``optimizer``;
            changed in place.
        optimizers (OptimWrapper | OptimWrapperDict): The new optimizer, with
            groups as in the checkpoint; changed in place.
        schedulers (list | dict, optional): The new schedulers; changed in
            place.

    Returns:
        bool: Whether the settings differ.
    """
    saved = checkpoint['optimizer']
    states = [saved] if 'param_groups' in saved else list(saved.values())
    groups = [(group, past)
              for wrapper, state in zip(wrappers_of(optimizers), states)
              for group, past in zip(wrapper.param_groups, _groups(state))]
    fresh = list(_each(schedulers))
    former = list(_each(checkpoint.get('param_schedulers')))
    # Without schedulers the learning rate is a setting.
    ignored = _NO_SETTINGS if fresh or former else ('params', )
    if not (len(fresh) != len(former)
            or any(scheduler.state_dict().keys() != state.keys()
                   or _differ(scheduler.state_dict(), state, _PROGRESS)
                   for scheduler, state in zip(fresh, former))
            or any(_differ(group, state, ignored)
                   for group, state in groups)):
        return False
    _advance(fresh, checkpoint['meta'])
    for group, state in groups:
        state.update({key: value for key, value in group.items()
                      if key != 'params'})
    if schedulers is not None:
        checkpoint['param_schedulers'] = _states(schedulers)
    return True


def _groups(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups in the state of an optimizer wrapper, as it lists its own."""
    base = state.get('base_param_settings')
    return state['param_groups'] + ([] if base is None else [base])


def _each(schedulers: Any) -> Iterator[Any]:
    """Schedulers, or their states, of all optimizers."""
    if isinstance(schedulers, dict):
        for part in schedulers.values():
            yield from part
    else:
        yield from schedulers or ()


def _differ(new: dict[str, Any], old: dict[str, Any],
            ignored: tuple[str, ...]) -> bool:
    """Whether settings of the same name differ."""
    return any(new[key] != old[key] for key in new.keys() & old.keys()
               if key not in ignored)


def _advance(schedulers: list, meta: dict[str, Any]) -> None:
    """Take the steps up to the iteration and the epoch of a checkpoint."""
    with warnings.catch_warnings():
        # The optimizer has not made any step of them.
        warnings.simplefilter('ignore')
        for by_epoch, count in ((False, meta['iter']), (True, meta['epoch'])):
            moving = [scheduler for scheduler in schedulers
                      if scheduler.by_epoch is by_epoch]
            for _ in range(count):
                for scheduler in moving:
                    scheduler.step()


def _states(schedulers: Schedulers) -> Any:
    """States in the form of a checkpoint."""
    if isinstance(schedulers, dict):
        return {name: [scheduler.state_dict() for scheduler in part]
                for name, part in schedulers.items()}
    return [scheduler.state_dict() for scheduler in schedulers]
