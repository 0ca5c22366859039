"""One training step: when passes are differentiated, and what FST shares."""
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union, cast

import torch
from mmseg.utils import add_prefix
from torch import Tensor

from .deferred_gradient import DeferredGradient

if TYPE_CHECKING:
    from .method import Method

#: Losses of a pass: the losses of a part by their names, such as
#: ``dict(labeled={'decode.loss_ce': ...})``, or an unweighted scalar.
Losses = dict[str, Union[dict[str, Tensor], Tensor]]


class Step:
    """The forward passes of one training step and their gradients.

    A method adds its forward passes of the student with :meth:`learn`. Each
    one is differentiated before the next one begins, so that one graph at a
    time is in memory. The gradients are added to the backward pass of the
    last one, so optimizer wrappers, loss scalers and distributed wrappers see
    a single loss and a single backward pass.

    Args:
        model (Method): The method. Its ``backward`` says when passes are
            differentiated: ``'staged'`` as described, ``'separate'`` with the
            feature distance on its own, ``'joint'`` all at the end. Its
            ``step_cache`` is set by :class:`mmseg_fst.engine.FSTHook` while
            several steps share passes.

    Example:
        >>> def train_on(self, step, batch):
        ...     step.learn('labeled', lambda: self.supervised(batch.labeled),
        ...                fixed=True)
        ...     target = self.pseudo_labels(batch.unlabeled)
        ...     mixed = self.mixed_view(step, batch, target)
        ...     step.learn('mixed', lambda: self.consistency(step, mixed))
    """

    def __init__(self, model: 'Method') -> None:
        self.model = model
        self.cache = model.step_cache
        self.staged = model.backward != 'joint' and torch.is_grad_enabled()
        self._done: dict[str, Tensor] = {}
        self._pending: dict[str, Tensor] = {}  # not differentiated yet
        self._gradients: list[DeferredGradient] = []
        self._values: dict[str, Tensor] = {}
        self._retain = False

    @property
    def shares_mix(self) -> bool:
        """Whether FST's steps of this iteration share the mixed images."""
        return self.cache is not None and not self.cache.resample_mix

    def learn(self,
              name: str,
              compute: Callable[[], tuple[Losses, Any]],
              fixed: bool = False) -> Any:
        """Add a forward pass of the student.

        Args:
            name (str): Name of the pass, unique within the step.
            compute (Callable): Returns the losses and an output. Losses of a
                part are weighted by ``Method.loss_weights`` and get its name
                as prefix.
            fixed (bool): Whether the losses depend on nothing but the weights
                and the batch, no pseudo-label and no teacher. The real step of
                FST then reuses losses and gradient of the first virtual step.
                Defaults to False.

        Returns:
            Any: The output.
        """
        self._differentiate()

        def run() -> tuple:
            losses, output = compute()
            weighted = self._weigh(losses)
            if not (fixed and self.staged):
                return weighted, None, output
            return *self._defer(weighted), output

        if fixed and self.staged and self.cache is not None:
            losses, gradient, output = self.cache.run(
                name, self.model.trained_modules(), run)
        else:
            losses, gradient, output = run()
        if gradient is None:
            self._pending.update(self._checked(losses))
        else:
            self._done.update(self._checked(losses))
            self._gradients.append(gradient)
        return output

    def once(self,
             name: str,
             compute: Callable[[], Any],
             forward: bool = False) -> Any:
        """Something random that FST's steps share if the mix is not resampled.

        Args:
            name (str): Name of the result, unique within the step.
            compute (Callable): Samples a view, without a gradient, or makes a
                forward pass.
            forward (bool): Whether it is a forward pass of the student, whose
                graph the steps then share; called within ``compute`` of
                :meth:`learn`. Defaults to False.

        Returns:
            Any: The return value of ``compute``.
        """
        # Another pass will follow: free the graph before its images exist.
        self._differentiate()
        with torch.set_grad_enabled(forward and torch.is_grad_enabled()):
            if self.cache is None or self.cache.resample_mix:
                return compute()
            self._retain = forward and self.cache.step == 'first'
            modules = self.model.trained_modules() if forward else ()
            return self.cache.run(name, modules, compute)

    def log(self, **values: Tensor) -> None:
        """Log scalars; one whose name contains ``loss`` is minimized, too.

        Args:
            **values (Tensor): Scalars by name.
        """
        self._values.update(values)

    def finish(self) -> dict[str, Tensor]:
        """The losses of the step, with all deferred gradients attached.

        Returns:
            dict[str, Tensor]: Scalars by name.
        """
        if self._retain:
            self._differentiate()
        name = next(iter(self._pending or self._done))
        losses = {**self._done, **self._pending}
        # The gradient attached last is the first to reach the parameters in
        # the backward pass. A distributed wrapper can then send each one as
        # soon as the graph below has added its share.
        for gradient in reversed(self._gradients):
            losses[name] = gradient.attach(losses[name])
        return {**losses, **self._values}

    def _checked(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of a pass, none of which another pass has added already."""
        for name in losses:
            if name in self._done or name in self._pending:
                raise ValueError(
                    f'{type(self.model).__name__}: two passes of a step have '
                    f'a loss {name!r}; give their parts different names.')
        return losses

    def _weigh(self, losses: Losses) -> dict[str, Tensor]:
        """Flat losses; the losses of each part are weighted and prefixed."""
        flat: dict[str, Tensor] = {}
        for part, terms in losses.items():
            if isinstance(terms, Tensor):
                flat[part] = terms
                continue
            weighted = {
                name: self.model.weigh(part, loss)
                for name, loss in terms.items()
            }
            flat.update(add_prefix(weighted, part))
        return flat

    def _differentiate(self) -> None:
        """Differentiate the pass added last and free its graph."""
        if self._pending and self.staged:
            losses, gradient = self._defer(self._pending, self._retain)
            self._done.update(losses)
            self._gradients.append(gradient)
            self._pending, self._retain = {}, False

    def _defer(
            self,
            losses: dict[str, Tensor],
            retain: bool = False
    ) -> tuple[dict[str, Tensor], DeferredGradient]:
        """Losses without their graph, and their gradient."""
        separate = [
            name for name in losses if self.model.backward == 'separate'
            and name.endswith('loss_feature_distance')
        ]
        total = sum(
            loss for name, loss in losses.items() if name not in separate)
        terms = [
            cast(Tensor, total), *(losses[name] for name in separate)
        ]
        scaler, scale = self.model.loss_scaler, None
        if scaler is not None:
            # Small gradients of half precision would vanish without it.
            scale = scaler.scale(terms[0].new_ones(()))
        gradient = DeferredGradient(terms, self.model.trained_parameters(),
                                    scale, retain)
        return {name: loss.detach()
                for name, loss in losses.items()}, gradient
