"""Images of the report: predictions of runs, and mixed training batches."""
import base64
import io
from os import path as osp
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_fst.engine.hooks.prediction_panel_hook import figure_name, tiles_of
from mmseg_fst.registry import DATASETS
from mmseg_fst.use.load import load_model

from .runs import Method

#: Maximum width of an image on the page, in pixels.
MAX_WIDTH = 512


class Panel(NamedTuple):
    """A validation image and the predictions for it.

    Attributes:
        name (str): Name of the image, see
            :func:`mmseg_fst.engine.hooks.prediction_panel_hook.figure_name`.
        layers (dict[str, str]): Data URLs of images of one size, by title;
            the input image is first.
    """
    name: str
    layers: dict[str, str]


def data_url(pixels: np.ndarray, width: int = MAX_WIDTH,
             flat: bool = False) -> str:
    """Encode an image as text that can be embedded in a page.

    Args:
        pixels (np.ndarray): RGB image of shape (H, W, 3), uint8.
        width (int): Maximum width; a wider image is downscaled. Defaults to
            ``MAX_WIDTH``.
        flat (bool): Whether the image has few colors, which JPEG would
            distort. Defaults to False.

    Returns:
        str: A ``data:`` URL of a JPEG, or of a PNG if ``flat``.
    """
    image, buffer = Image.fromarray(pixels), io.BytesIO()
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
    """Predict some images with the first run of each method.

    Args:
        methods (list[Method]): The methods; the best checkpoint of each, else
            the last one, is loaded by :func:`load_model`.
        count (int): Number of images of each validation set.
        trust (bool): Whether checkpoints may run code. Defaults to False.

    Returns:
        tuple: The panels, one for each combination of image, size and
        classes, so that layers of different methods in a panel are aligned;
        the color of each class; and a sentence for each method that could not
        predict.
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
    """Path, name, tiles and metainfo of evenly spaced images."""
    model = load_model(folder, trust=trust)
    dataset = DATASETS.build(
        dict(model.cfg.val_dataloader.dataset, serialize_data=False))
    chosen = np.linspace(0, len(dataset) - 1, count + 2)[1:-1].round()
    found = []
    for index in dict.fromkeys(chosen.astype(int).tolist()):
        sample = _of_each_network(model, pseudo_collate([dataset[index]]))
        tiles = tiles_of(sample, model.networks, dataset)
        path = sample.img_path
        found.append((osp.realpath(path), figure_name(path, dataset), tiles,
                      dataset.metainfo))
    return found


def _of_each_network(model: BaseSegmentor, batch: dict) -> SegDataSample:
    """Predict with all networks; returns one data sample."""
    outputs = model.predict_each(**model.data_preprocessor(batch))
    merged = outputs[model.networks[0]][0]
    for name, (sample, ) in outputs.items():
        merged.set_field(sample.pred_sem_seg, f'{name}_sem_seg')
    return merged


def last_mixed(method: Method) -> Optional[tuple[str, str]]:
    """Find the last figure of a mixed training batch of a method.

    Args:
        method (Method): The method.

    Returns:
        tuple[str, str] | None: Name and data URL; None without a figure.
    """
    paths = sorted(
        path for run in method.runs
        for path in run.folder.glob('*/vis_data/mixed/iter_*.png'))
    if not paths:
        return None
    with Image.open(paths[-1]) as image:
        pixels = np.asarray(image.convert('RGB'))
    return paths[-1].stem, data_url(pixels, 3 * MAX_WIDTH)
