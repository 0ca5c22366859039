"""A model is put together from the parts that bases define."""
from typing import Any

from mmengine.config import Config

#: Each is a variable of one kind of base: models, datasets and protocols.
PARTS = ('segmentor', 'data_preprocessor', 'protocol')
#: Variable of methods that need a second crop of images.
AGAIN = 'again'


def assemble_model(cfg: Config) -> None:
    """Move the parts that bases define into ``model``.

    Bases of mmengine must not define the same variable, so ``model`` is
    that of the method, and the other bases define ``segmentor``
    (``_base_/models``), ``data_preprocessor`` (``_base_/datasets``) and
    ``protocol`` (``_base_/protocols``). A config changes a part under its own
    name, or as a part of ``model``, which wins::

        segmentor = dict(decode_head=dict(num_classes=12))
        model = dict(segmentor=dict(decode_head=dict(num_classes=12)))

    Args:
        cfg (Config): The config, changed in place. One without ``model`` is a
            base and stays as it is. A part that ``model`` defines with its
            ``type``, or as None, replaces the part of the base. A model of
            several ``students`` takes no ``segmentor``, and a segmentor of
            MMSegmentation, which has a ``backbone``, only the preprocessor.

    Raises:
        ValueError: If a dict of ``model`` is to change a list of a base.
    """
    if not isinstance(cfg.get('model'), dict):
        return
    for name in PARTS:
        part = cfg.pop(name, None)
        if part is None or name in _not_taken(cfg.model):
            continue
        changes = cfg.model.get(name, {})
        if isinstance(changes, dict) and 'type' not in changes:
            cfg.model[name] = part
            try:
                cfg.merge_from_dict({f'model.{name}': changes})
            except TypeError as error:  # with names in place of indices
                raise ValueError(
                    f'model.{name}: a dict cannot change a list of the base, '
                    'such as the losses in `loss_decode`. Write the whole '
                    'list, or add _delete_=True to the dict, which then '
                    'replaces the list.') from error


def assemble_data(cfg: Config) -> None:
    """Move what a method needs of the data into ``train_dataloader``.

    A method that needs a second crop of images has a variable ``again`` in
    its base, such as ``dict(unlabeled_again='unlabeled')``, which becomes the
    argument of :class:`mmseg_fst.datasets.PairedDataset`.

    Args:
        cfg (Config): The config, changed in place. One without ``model`` or
            without training data, such as a base, stays as it is.
    """
    if not isinstance(cfg.get('model'), dict) or AGAIN not in cfg or not (
            cfg.get('train_dataloader')):
        return
    dataset = cfg.train_dataloader.dataset
    dataset[AGAIN] = {**dataset.get(AGAIN, {}), **cfg.pop(AGAIN)}


def part_option(cfg: dict[str, Any], key: str) -> str:
    """The place of an option that names a part of the model.

    Args:
        cfg (dict): The config, after :func:`assemble_model`.
        key (str): Dotted key, such as ``'segmentor.backbone.init_cfg'``.

    Returns:
        str: Such as ``'model.segmentor.backbone.init_cfg'``; any other key
        as it is.
    """
    is_part = key.partition('.')[0] in PARTS
    return f'model.{key}' if is_part and 'model' in cfg else key


def _not_taken(model: dict[str, Any]) -> tuple[str, ...]:
    """Parts of the bases that this kind of model has no place for."""
    if 'backbone' in model:
        return 'segmentor', 'protocol'
    return ('segmentor', ) if 'students' in model else ()
