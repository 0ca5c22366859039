"""Classes that a network does not learn: finding and naming them."""
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

#: Scores of a network by class and name, see
#: :func:`mmseg_fst.ops.scores_by_class`, in percent; None where undefined.
ClassScores = Mapping[str, Mapping[str, Optional[float]]]
#: A class with a smaller IoU, in percent, is shown as 0.0.
_ZERO = .05
# Most names beside a score; warnings list all classes.
_MOST_NAMES = 4

_NOT_PREDICTED = (
    'More iterations, rare-class sampling (`rare_class_sampling` of the '
    'training data), a loss that weights classes or Dice, and larger images '
    'or crops (`image_scale`, `crop_size`) help; see "The IoU of some of my '
    'classes is 0" in docs/faq.md.')
_NOT_SAMPLED = (
    'The network cannot learn them: label images that show them, sample rare '
    'classes more often (`rare_class_sampling` of the training data), or use '
    'larger crops (`crop_size`).')
_NOT_PSEUDO_LABELED = (
    'Self-training unlearns classes without pseudo-labels: use thresholds by '
    'class or lower ones (`pseudo_labeler`, `pseudo_filter`), or train on '
    'labels alone for longer first.')
_ADVICE = (_NOT_PREDICTED, _NOT_SAMPLED, _NOT_PSEUDO_LABELED)


def zero_classes(scores: ClassScores) -> list[str]:
    """Classes that are in the labels, but have the IoU 0.0.

    Args:
        scores (ClassScores): Scores of a network.

    Returns:
        list[str]: Names of the classes.
    """
    return [
        name for name, values in scores.items()
        if values['labeled'] and (values['IoU'] or 0) < _ZERO
    ]


def never_learned(validations: Iterable[Mapping[str, ClassScores]]
                  ) -> dict[str, list[str]]:
    """Classes with the IoU 0.0 in every validation of a run.

    Args:
        validations (Iterable[Mapping[str, ClassScores]]): For each validation
            the scores of each network.

    Returns:
        dict[str, list[str]]: Names of the networks by class.
    """
    zero: dict[str, dict[str, None]] = {}
    for index, networks in enumerate(validations):
        for network, scores in networks.items():
            found = dict.fromkeys(zero_classes(scores))
            past = zero.get(network, {}) if index else found
            zero[network] = {name: None for name in past if name in found}
    return _by_class({network: list(names) for network, names in zero.items()})


def unpredicted(networks: Mapping[str, ClassScores]) -> list[str]:
    """Warnings about classes that networks do not predict.

    Args:
        networks (Mapping[str, ClassScores]): Scores of each network.

    Returns:
        list[str]: A warning with advice; empty if all classes of the labels
        are predicted.
    """
    parts = {
        network: (zero_classes(scores), _unpredicted_classes(scores))
        for network, scores in networks.items()
    }
    never = _by_class({
        network: [name for name in zero if name in missing]
        for network, (zero, missing) in parts.items()
    })
    wrong = _by_class({
        network: [name for name in zero if name not in missing]
        for network, (zero, missing) in parts.items()
    })
    sentences = []
    if never:
        sentences.append(f'Never predicted, although in the labels: '
                         f'{list_classes(never)}.')
    if wrong:
        sentences.append('Predicted, but never where the labels are (IoU '
                         f'0.0): {list_classes(wrong)}.')
    return [' '.join([*sentences, _NOT_PREDICTED])] if sentences else []


def unsampled(names: Sequence[str], iterations: int) -> list[str]:
    """Warnings about classes that no training label has shown.

    Args:
        names (Sequence[str]): The classes.
        iterations (int): Iterations of training so far.

    Returns:
        list[str]: A warning with advice; empty without a class.
    """
    if not names:
        return []
    return [f'Not in the labels of any training batch of {iterations} '
            f'iterations: {", ".join(names)}. {_NOT_SAMPLED}']


def without_pseudo_labels(last: Mapping[str, int]) -> list[str]:
    """Warnings about classes that get no pseudo-labels.

    Args:
        last (Mapping[str, int]): By class the iteration of the last
            validation before which it had a pseudo-label, 0 if it never had
            one.

    Returns:
        list[str]: A warning with advice; empty without a class.
    """
    if not last:
        return []
    named = {
        name: [f'since iteration {step}' if step else 'never']
        for name, step in last.items()
    }
    return [f'Without pseudo-labels: {list_classes(named)}. '
            f'{_NOT_PSEUDO_LABELED}']


def split_advice(warning: str) -> tuple[str, str]:
    """Split a warning of this module.

    Args:
        warning (str): The warning.

    Returns:
        tuple[str, str]: What was found, and the advice that follows it; that
        about classes with the IoU 0.0 if there is none.
    """
    advice = next((text for text in _ADVICE if warning.endswith(text)),
                  _NOT_PREDICTED)
    return warning.removesuffix(advice).rstrip(), advice


def beside_score(names: Sequence[str]) -> str:
    """Text beside a mean over classes some of which have the IoU 0.0.

    Args:
        names (Sequence[str]): These classes.

    Returns:
        str: Such as ``' (IoU 0.0: crack)'``, with a few names; empty if there
        is none.
    """
    if not names:
        return ''
    shown = ', '.join(names)
    if len(names) > _MOST_NAMES:
        shown = (f'{", ".join(names[:_MOST_NAMES - 1])} and '
                 f'{len(names) - _MOST_NAMES + 1} more')
    return f' (IoU 0.0: {shown})'


def list_classes(networks: Mapping[str, Sequence[str]]) -> str:
    """List classes, grouped by networks.

    Args:
        networks (Mapping[str, Sequence[str]]): Networks by class, or another
            note about it.

    Returns:
        str: Such as ``'crack, stain (student, teacher), dent (teacher)'``.
    """
    groups: dict[str, list[str]] = {}
    for name, found in networks.items():
        groups.setdefault(', '.join(found), []).append(name)
    return ', '.join(f'{", ".join(names)} ({found})'
                     for found, names in groups.items())


def _unpredicted_classes(scores: ClassScores) -> list[str]:
    """Classes of no predicted pixel."""
    return [name for name, values in scores.items()
            if not values['predicted']]


def _by_class(classes: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Networks by class, from classes by network."""
    found: dict[str, list[str]] = {}
    for network, names in classes.items():
        for name in names:
            found.setdefault(name, []).append(network)
    return found
