"""Images of the report: predictions of runs, and mixed training batches."""
import base64
import io
from math import inf, isfinite, nan
from os import path as osp
from statistics import mean
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmseg.datasets import BaseSegDataset
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_fst.engine.hooks.prediction_panel_hook import figure_name, tiles_of
from mmseg_fst.ops import count_confusion_, scores_by_class
from mmseg_fst.registry import DATASETS
from mmseg_fst.use.load import load_model

from .runs import Method

#: Maximum width of an image on the page, in pixels.
MAX_WIDTH = 1024
#: Number of images that are predicted for each image that is shown.
CANDIDATES = 4


class Panel(NamedTuple):
    """A validation image and the predictions for it.

    Attributes:
        name (str): Name of the image, see
            :func:`mmseg_fst.engine.hooks.prediction_panel_hook.figure_name`.
        layers (dict[str, str]): Data URLs of images of one size, by title;
            the input image is first.
        scores (list[float]): IoU of each network, mean over the classes in
            the label of the image, in percent.
        ratio (float): Width of the image divided by its height.
    """
    name: str
    layers: dict[str, str]
    scores: list[float]
    ratio: float

    @property
    def score(self) -> float:
        """Mean of the scores; infinite without any."""
        return mean(self.scores) if self.scores else inf


def data_url(pixels: np.ndarray, width: int = MAX_WIDTH) -> str:
    """Encode an image as text that can be embedded in a page.

    Args:
        pixels (np.ndarray): RGB image of shape (H, W, 3), uint8.
        width (int): Maximum width; a wider image is downscaled. Defaults to
            ``MAX_WIDTH``.

    Returns:
        str: A ``data:`` URL of a JPEG.
    """
    image, buffer = Image.fromarray(pixels), io.BytesIO()
    if image.width > width:
        size = width, max(1, round(image.height * width / image.width))
        image = image.resize(size, Image.Resampling.BOX)
    image.save(buffer, 'JPEG', quality=85)
    text = base64.b64encode(buffer.getvalue()).decode()
    return f'data:image/jpeg;base64,{text}'


def predict_panels(methods: list[Method],
                   count: int,
                   trust: bool = False
                   ) -> tuple[list[Panel], dict[str, list[int]], list[str]]:
    """Show the images that are predicted worst, by the first run of each.

    Args:
        methods (list[Method]): The methods; the best checkpoint of each, else
            the last one, is loaded by :func:`load_model`.
        count (int): Number of images to show of each validation set: the
            worst of ``CANDIDATES`` times as many, evenly spaced.
        trust (bool): Whether checkpoints may run code. Defaults to False.

    Returns:
        tuple: The panels, one for each combination of image, size and
        classes, so that layers of different methods in a panel are aligned,
        those with the lowest score first; the color of each class; and a
        sentence for each method that could not predict.
    """
    panels: dict[tuple, dict[tuple, Panel]] = {}
    palette: dict[str, list[int]] = {}
    missing = []
    for method in methods:
        try:
            found = _predict(str(method.runs[0].folder), count * CANDIDATES,
                             trust)
        except (OSError, ValueError) as error:
            missing.append(f'{method.name}: {error}')
            continue
        for path, name, tiles, dataset, scores in found:
            metainfo = dataset.metainfo
            palette.update(zip(metainfo['classes'], metainfo['palette']))
            images = panels.setdefault(_source(dataset), {})
            height, width = tiles['image'].shape[:2]
            panel = images.setdefault(
                (path, height, width), Panel(name, {}, [], width / height))
            panel.scores.extend(scores)
            for title, tile in tiles.items():
                plain = title in ('image', 'label')
                panel.layers.setdefault(
                    title if plain else f'{method.name}: {title}',
                    data_url(tile))
    worst = [panel for images in panels.values() for panel in sorted(
        images.values(), key=lambda panel: panel.score)[:count]]
    return worst, palette, missing


@torch.no_grad()
def _predict(folder: str, count: int, trust: bool) -> list[tuple]:
    """Path, name, tiles, data set and scores of evenly spaced images."""
    model = load_model(folder, trust=trust)
    dataset = DATASETS.build(
        dict(model.cfg.val_dataloader.dataset, serialize_data=False))
    chosen = np.linspace(0, len(dataset) - 1, min(count, len(dataset)))
    found = []
    for index in chosen.round().astype(int).tolist():
        sample = _of_each_network(model, pseudo_collate([dataset[index]]))
        tiles = tiles_of(sample, model.networks, dataset)
        path = sample.img_path
        scores = [
            score for name in model.networks
            if isfinite(score := _score(sample, name, dataset))
        ]
        found.append((osp.realpath(path), figure_name(path, dataset), tiles,
                      dataset, scores))
    return found


def _source(dataset: BaseSegDataset) -> tuple:
    """What the validation images of several methods have in common."""
    prefix = getattr(dataset, 'data_prefix', {}).get('img_path', '')
    return (osp.realpath(prefix), getattr(dataset, 'ann_file', ''),
            tuple(dataset.metainfo['classes']))


def _score(sample: SegDataSample, network: str,
           dataset: BaseSegDataset) -> float:
    """IoU of an image, mean over the classes of its label, in percent."""
    if 'gt_sem_seg' not in sample:
        return nan
    side = len(dataset.metainfo['classes']) + 1
    matrix = torch.zeros(side, side, dtype=torch.int64)
    label = sample.gt_sem_seg.data
    prediction = sample.get(f'{network}_sem_seg').data
    count_confusion_(matrix, label, prediction,
                     getattr(dataset, 'ignore_index', 255))
    labeled = matrix.sum(1)[:-1] > 0
    return float(scores_by_class(matrix)['IoU'][labeled].mean())


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
    return paths[-1].stem, data_url(pixels, 2 * MAX_WIDTH)
