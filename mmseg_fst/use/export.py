"""Networks for other programs: ONNX and torch.export."""
import importlib
import json
from collections.abc import Callable
from os import fspath
from os import path as osp
from typing import Any, NamedTuple, Optional

import numpy as np
import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn
from torch.export import Dim

from mmseg_fst.methods import ENSEMBLE
from mmseg_fst.models.backbones import read_channels
from mmseg_fst.models.domains import RGB, domain_of
from mmseg_fst.models.protocols import metas_of
from mmseg_fst.ops import class_logits
from mmseg_fst.utils.files import atomic_write

from .export_metadata import METADATA, export_metadata

#: Ending of the file -> what it holds.
FORMATS = {'.onnx': 'ONNX', '.pt2': 'torch.export'}
# What to do where a size cannot be left open.
_HINT = {
    '.onnx': ' Try a fixed size.',
    '.pt2': ' Try a fixed size, or a file that ends in .onnx.'
}
# Names of input and output.
_INPUT, _OUTPUT = 'images', 'logits'
# What both sizes of a check differ by, a multiple of all strides and patches.
_STEP = 32 * 7


class ExportedNetwork(nn.Module):
    """Network from images to logits in one pass.

    It uses no windows and does not resize; the caller does.

    Args:
        model (BaseSegmentor): Of :func:`load_model`; the network is the one
            of its ``predict_with``. Of an ensemble the logits are the
            logarithm of the mean probabilities.
        normalize (bool): Whether it takes RGB values in [0, 255], or
            stretched values in the order of the file if they are not three,
            and normalizes them, and not images that are normalized already.
            Defaults to True.

    Raises:
        ValueError: If a network reads DCT coefficients, whose integer
            arithmetic is not exported.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: BaseSegmentor, normalize: bool = True) -> None:
        super().__init__()
        ensemble = model.predict_with == ENSEMBLE
        # Of an ensemble the model itself averages.
        self.network = model if ensemble else model.network()
        readers = [*model.network().values()] if ensemble else [self.network]
        for reader in readers:
            if domain_of(reader) != RGB:
                raise ValueError(
                    f'{model.predict_with} has a network that reads '
                    f'{domain_of(reader)}, which is not exported; choose a '
                    f'student of RGB images by --network, out of '
                    f'{", ".join(model.networks)}.')
        self.normalize = normalize
        #: What is written besides the network, see :func:`export_metadata`.
        self.metadata: dict[str, Any] = {}
        # Of binary networks the threshold is exported, too.
        self.threshold = model.threshold
        #: Number of channels of the images.
        self.channels = read_channels(readers[0])
        preprocessor = model.data_preprocessor
        self.register_buffer('mean', preprocessor.mean.clone())
        self.register_buffer('std', preprocessor.std.clone())

    def forward(self, images: Tensor) -> Tensor:
        """Logits of some images.

        Args:
            images (Tensor): Of shape (N, C, H, W), float32; RGB if C is 3.

        Returns:
            Tensor: Of shape (N, K, H, W), float32, for K classes, also of
            binary networks; see :func:`class_logits`.
        """
        if self.normalize:
            images = (images - self.mean) / self.std
        # Heads read the size of the first image alone; to list all of them
        # would make their number a constant.
        logits = self.network.encode_decode(images, metas_of(images[:1]))
        return class_logits(logits, self.threshold)


class Check(NamedTuple):
    """How an exported network compares with the one in memory.

    Attributes:
        shape (tuple[int, ...]): Shape of the images.
        difference (float): Largest absolute difference of logits.
        range (float): Largest absolute logit.
        agreement (float): Share of pixels of the same class, in [0, 1].
    """
    shape: tuple[int, ...]
    difference: float
    range: float
    agreement: float


def export_model(model: BaseSegmentor,
                 path: str,
                 size: tuple[int, int] = (512, 512),
                 batch_size: int = 1,
                 dynamic: bool = False,
                 normalize: bool = True,
                 tolerance: float = 1e-3) -> list[Check]:
    """Export the network that predicts, and compare what comes out.

    Args:
        model (BaseSegmentor): Of :func:`load_model`, on the CPU.
        path (str): File to write: ``.onnx``, or ``.pt2`` for
            :func:`torch.export.load`. Its input is called ``images``, its
            output ``logits``. :func:`export_metadata` is in its
            ``metadata_props``, each value as JSON, or in the extra file
            ``metadata.json``.
        size (tuple[int, int]): Height and width of the images. Defaults to
            512 x 512.
        batch_size (int): Number of images. Defaults to 1.
        dynamic (bool): Whether other numbers and sizes go as well; those
            above are then the ones that are tried, and larger ones. ONNX
            takes all networks so; :mod:`torch.export` takes convolutional
            ones, but neither MiT, DINOv2 nor U-Net. Defaults to False.
        normalize (bool): See :class:`ExportedNetwork`. Defaults to True.
        tolerance (float): Largest difference of logits that passes for
            rounding, as a share of the largest logit. Defaults to 1e-3.

    Returns:
        list[Check]: For each shape that was tried.

    Raises:
        ImportError: If packages are missing.
        ValueError: If the ending is not known, or the network cannot be
            exported, or differs from the one in memory.
    """
    ending = osp.splitext(path)[1]
    if ending not in FORMATS:
        raise ValueError(f'{path}: unknown format {ending!r}; the file must '
                         f'end in {" or ".join(FORMATS)}.')
    if ending == '.onnx':
        for name in ('onnx', 'onnxscript', 'onnxruntime'):
            _need(name)
    network = ExportedNetwork(model, normalize).eval()
    # Two at least: a dimension of 1 would be taken for a constant.
    number = max(batch_size, 2) if dynamic else batch_size
    channels = network.channels
    shapes = [(number, channels, *size)]
    network.metadata = export_metadata(model, shapes[0], dynamic, normalize)
    if dynamic:
        shapes.append((number + 1, channels, size[0] + _STEP,
                       size[1] + 2 * _STEP))
    write = _write_onnx if ending == '.onnx' else _write_program
    read = _read_onnx if ending == '.onnx' else _read_program
    images = [_images(shape, normalize) for shape in shapes]
    with atomic_write(path) as temporary:
        try:
            write(network, images[0], fspath(temporary), dynamic)
            run = read(fspath(temporary))
            checks = [_compare(network, run, batch) for batch in images]
        except Exception as error:  # torch and onnxruntime raise many kinds
            raise ValueError(
                f'{model.predict_with} cannot be exported to '
                f'{FORMATS[ending]} ({_reason(error)}).' +
                (_HINT[ending] if dynamic else '')) from error
        for check in checks:
            if not check.difference <= tolerance * max(check.range, 1e-12):
                raise ValueError(
                    f'{path} is not written: its logits differ from '
                    f'PyTorch by {check.difference:.2g}, more than '
                    f'{tolerance:g} of the largest, {check.range:.2g}, for '
                    f'images of shape {check.shape}. Raise the tolerance, or '
                    'export to another format.')
    return checks


def _need(name: str) -> Any:
    """Import an optional package."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} is not installed; run: pip install onnx onnxscript '
            "onnxruntime, or install this package with pip install -e "
            "'.[export]'") from error


def _reason(error: BaseException) -> str:
    """First line of the error that an exporter has wrapped in its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _images(shape: tuple[int, ...], normalize: bool) -> Tensor:
    """Images to try, always the same."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(shape, generator=generator)
    return images * 255 if normalize else images * 4 - 2


def _dynamic_shapes(dynamic: bool) -> Optional[tuple[dict[int, Any]]]:
    """Which dimensions of the images may change."""
    if not dynamic:
        return None
    # Without a bound the smallest feature map could be empty.
    number, side = Dim.DYNAMIC, Dim.DYNAMIC(min=64)
    return ({0: number, 2: side, 3: side}, )


def _write_onnx(network: ExportedNetwork, images: Tensor, path: str,
                dynamic: bool) -> None:
    """Write an ONNX file, its weights inside."""
    torch.onnx.export(
        network, (images, ),
        path,
        input_names=[_INPUT],
        output_names=[_OUTPUT],
        dynamic_shapes=_dynamic_shapes(dynamic),
        dynamo=True,
        external_data=False,
        verbose=False)
    onnx = _need('onnx')
    content = onnx.load(path)
    onnx.helper.set_model_props(content, {
        key: json.dumps(value) for key, value in network.metadata.items()})
    onnx.save(content, path)


def _write_program(network: ExportedNetwork, images: Tensor, path: str,
                   dynamic: bool) -> None:
    """Write a program of torch.export."""
    program = torch.export.export(
        network, (images, ), dynamic_shapes=_dynamic_shapes(dynamic))
    torch.export.save(
        program, path,
        extra_files={METADATA: json.dumps(network.metadata)})


def _read_onnx(path: str) -> Callable[[Tensor], Tensor]:
    """A function from images to logits."""
    session = _need('onnxruntime').InferenceSession(
        path, providers=['CPUExecutionProvider'])
    return lambda images: torch.from_numpy(
        session.run([_OUTPUT], {_INPUT: np.asarray(images)})[0])


def _read_program(path: str) -> Callable[[Tensor], Tensor]:
    """A function from images to logits."""
    return torch.export.load(path).module()


@torch.no_grad()
def _compare(network: nn.Module, run: Callable[[Tensor], Tensor],
             images: Tensor) -> Check:
    """Compare logits of both for the same images."""
    expected, actual = network(images), run(images)
    return Check(
        tuple(images.shape), (expected - actual).abs().max().item(),
        expected.abs().max().item(),
        (expected.argmax(1) == actual.argmax(1)).float().mean().item())
