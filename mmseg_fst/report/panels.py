"""Pictures for a page: predictions of runs, and what they were trained on."""
import base64
import io
from os import path as osp
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmseg.structures import SegDataSample
from PIL import Image
from torch import nn

from mmseg_fst.engine.hooks.prediction_panel_hook import picture_name, tiles_of
from mmseg_fst.registry import DATASETS
from mmseg_fst.use.load import load_model

from .runs import Method

#: Largest width of a picture on the page, in pixels.
MAX_WIDTH = 512


class Panel(NamedTuple):
    """An image of the validation, and what networks make of it.

    Attributes:
        name (str): Name of the image, as of
            :func:`mmseg_fst.engine.hooks.prediction_panel_hook.picture_name`.
        layers (dict[str, str]): Data URLs of pictures of one size, by title,
            the image itself first.
    """
    name: str
    layers: dict[str, str]


def data_url(picture: np.ndarray, width: int = MAX_WIDTH,
             flat: bool = False) -> str:
    """A picture as text that a page can hold.

    Args:
        picture (np.ndarray): RGB picture of shape (H, W, 3), uint8.
        width (int): Width that it is scaled down to. Defaults to
            ``MAX_WIDTH``.
        flat (bool): Whether it is of few colors, which JPEG would smear.
            Defaults to False.

    Returns:
        str: A ``data:`` URL of a JPEG, or of a PNG if ``flat``.
    """
    image, buffer = Image.fromarray(picture), io.BytesIO()
    if image.width > width:
        size = width, round(image.height * width / image.width)
        image = image.resize(
            size, Image.Resampling.NEAREST if flat else Image.Resampling.BOX)
    if flat:
        image.quantize(256, dither=Image.Dither.NONE).save(
            buffer, 'PNG', optimize=True)
    else:
        image.save(buffer, 'JPEG', quality=85)
    text = base64.b64encode(buffer.getvalue()).decode()
    return f'data:image/{"png" if flat else "jpeg"};base64,{text}'


def predict_panels(methods: list[Method],
                   count: int,
                   trust: bool = False
                   ) -> tuple[list[Panel], dict[str, list[int]], list[str]]:
    """Let the first run of each method predict some images.

    Args:
        methods (list[Method]): The methods; their best checkpoints, or else
            the last, are loaded by :func:`load_model`.
        count (int): Number of images of each validation set.
        trust (bool): Whether to run code that a checkpoint asks for. Defaults
            to False.

    Returns:
        tuple: The panels, one for each image, its size and its classes, so
        that methods share one only if what they show lies over each other;
        the color of each class; and a sentence for each method that could
        not predict.
    """
    panels: dict[tuple, Panel] = {}
    palette: dict[str, list[int]] = {}
    missing = []
    for method in methods:
        try:
            found = _predict(str(method.runs[0].folder), count, trust)
        except (OSError, ValueError) as error:
            missing.append(f'{method.name}: {error}')
            continue
        for path, name, tiles, metainfo in found:
            palette.update(zip(metainfo['classes'], metainfo['palette']))
            key = path, tiles['image'].shape, tuple(metainfo['classes'])
            layers = panels.setdefault(key, Panel(name, {})).layers
            for title, tile in tiles.items():
                plain = title in ('image', 'label')
                layers.setdefault(
                    title if plain else f'{method.name}: {title}',
                    data_url(tile, flat=title != 'image'))
    return list(panels.values()), palette, missing


@torch.no_grad()
def _predict(folder: str, count: int, trust: bool) -> list[tuple]:
    """Path, name, tiles and metainfo of some images, evenly spaced."""
    model = load_model(folder, trust=trust)
    dataset = DATASETS.build(
        dict(model.cfg.val_dataloader.dataset, serialize_data=False))
    chosen = np.linspace(0, len(dataset) - 1, count + 2)[1:-1].round()
    found = []
    for index in dict.fromkeys(chosen.astype(int).tolist()):
        sample = _of_each_network(model, pseudo_collate([dataset[index]]))
        tiles = tiles_of(sample, model.networks, dataset.metainfo['palette'])
        path = sample.img_path
        found.append((osp.realpath(path), picture_name(path, dataset), tiles,
                      dataset.metainfo))
    return found


def _of_each_network(model: nn.Module, batch: dict) -> SegDataSample:
    """A data sample with the predictions of all networks."""
    outputs = model.predict_each(**model.data_preprocessor(batch))
    merged = outputs[model.networks[0]][0]
    for name, (sample, ) in outputs.items():
        merged.set_field(sample.pred_sem_seg, f'{name}_sem_seg')
    return merged


def last_mixed(method: Method) -> Optional[tuple[str, str]]:
    """The last picture of a training batch that a method has drawn.

    Args:
        method (Method): The method.

    Returns:
        tuple[str, str] | None: Its name and its data URL; None without one.
    """
    paths = sorted(
        path for run in method.runs
        for path in run.folder.glob('*/vis_data/mixed/iter_*.png'))
    if not paths:
        return None
    with Image.open(paths[-1]) as image:
        picture = np.asarray(image.convert('RGB'))
    return paths[-1].stem, data_url(picture, 3 * MAX_WIDTH)
