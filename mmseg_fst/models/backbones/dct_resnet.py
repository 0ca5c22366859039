"""ResNets on the DCT coefficients of JPEG instead of pixels."""
import logging
from collections.abc import Sequence
from os import path as osp
from typing import Any, Optional

from mmengine.logging import print_log
from mmengine.model import update_init_info
from mmengine.runner import CheckpointLoader
from mmseg.models.backbones import ResNet
from torch import Tensor, nn

from mmseg_fst.registry import MODELS, WEIGHT_INITIALIZERS
from mmseg_fst.utils.programs import program


@MODELS.register_module()
class DCTResNet(ResNet):
    """A ResNet without a stem, for maps of DCT coefficients.

    The map of :func:`mmseg_fst.ops.dct_input` already has the stride 4 and the
    number of channels of the stem output of an ordinary ResNet, so it is the
    input of the first stage (DCTNet, Xu et al., CVPR 2020; Diverse
    Co-training, Li et al., ICCV 2023).

    Args:
        depth (int): Number of layers: 18, 34, 50, 101 or 152.
        in_channels (int): Channels of the map. Defaults to 64.
        base_channels (int): Inner channels of the first stage. Defaults to
            64.
        strides (Sequence[int]): Stride of each stage. Defaults to
            (1, 2, 2, 2).
        dilations (Sequence[int]): Dilation of each stage. Defaults to
            (1, 1, 1, 1).
        multi_grid (Sequence[int], optional): Dilation of each block of the
            last stage. Defaults to None.
        contract_dilation (bool): Whether the first block of a dilated stage
            uses the dilation of the previous stage. Defaults to False.
        norm_cfg (dict): Config of the norms. Defaults to
            ``dict(type='BN', requires_grad=True)``.
        norm_eval (bool): Whether batch norms use their running statistics
            also in training. Defaults to False.
        with_cp (bool): Whether to use activation checkpointing, which saves
            memory. Defaults to False.
        init_cfg (dict, optional): Initialization of the weights, for example
            a :class:`DCTPretrained`. Defaults to None: random.
    """

    def __init__(self,
                 depth: int,
                 in_channels: int = 64,
                 base_channels: int = 64,
                 strides: Sequence[int] = (1, 2, 2, 2),
                 dilations: Sequence[int] = (1, 1, 1, 1),
                 multi_grid: Optional[Sequence[int]] = None,
                 contract_dilation: bool = False,
                 norm_cfg: dict[str, Any] = dict(type='BN',
                                                 requires_grad=True),
                 norm_eval: bool = False,
                 with_cp: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(
            depth,
            # The map replaces the output of the stem.
            stem_channels=in_channels,
            base_channels=base_channels,
            strides=strides,
            dilations=dilations,
            multi_grid=multi_grid,
            contract_dilation=contract_dilation,
            norm_cfg=norm_cfg,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        """Build no stem."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the feature maps of the four stages.

        Args:
            x (Tensor): Maps of shape (N, in_channels, h, w).

        Returns:
            tuple[Tensor]: Maps of shape (N, C, h', w'); the first has the
            size of ``x`` unless ``strides[0]`` is above 1.
        """
        maps = []
        for name in self.res_layers:
            x = getattr(self, name)(x)
            maps.append(x)
        return tuple(maps)


@WEIGHT_INITIALIZERS.register_module()
class DCTPretrained:
    """Load weights of a ResNet that was trained on DCT maps or RGB images.

    The weights of Diverse Co-training cannot be downloaded by a program.
    Without them, the stages of an ordinary ResNet are loaded, whose first
    stage has 64 input channels as well, although of other features; a
    warning is logged.

    Args:
        checkpoint (str): Weights for DCT maps.
        fallback (str): Weights of a ResNet for RGB images whose stem has 64
            output channels; the stem is not loaded. Used if ``checkpoint``
            does not exist.
    """

    def __init__(self, checkpoint: str, fallback: str) -> None:
        self.checkpoint = checkpoint
        self.fallback = fallback

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Args:
            module (nn.Module): A :class:`DCTResNet`; its weights are changed
                in place.

        Raises:
            FileNotFoundError: If neither file exists.
            ValueError: If the file lacks a weight, or has it in another shape.
        """
        path = self.checkpoint
        if not osp.isfile(path):
            path = self.fallback
            print_log(
                f'{self.checkpoint} does not exist: the stages of the '
                f'{type(module).__name__} start from {path}, which was '
                'trained on RGB images. The published results of Diverse '
                'Co-training cannot be expected with it, and the statistics '
                'of DCTNet do not fit: compute them for your images with '
                f'tools/dct_stats.py. {program("download checkpoints")} '
                f'{osp.splitext(osp.basename(self.checkpoint))[0]} shows '
                'where to get the file.',
                logger='current',
                level=logging.WARNING)
        _load_all(module, path)
        if hasattr(module, '_params_init_info'):  # for mmengine's log
            update_init_info(
                module, init_info=f'{type(self).__name__}: {path}')


def _load_all(module: nn.Module, path: str) -> None:
    """Load every weight of a module; the file may contain more.

    Args:
        module (nn.Module): The module, changed in place.
        path (str): File of the weights.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a weight is missing or has another shape.
    """
    checkpoint = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    weights = checkpoint.get('state_dict', checkpoint)
    required = {
        name: tensor.shape for name, tensor in module.state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    wrong = [name for name, shape in required.items()
             if name not in weights or weights[name].shape != shape]
    if wrong:
        raise ValueError(
            f'{path} does not fit a {type(module).__name__}: {len(wrong)} of '
            f'{len(required)} weights are missing or have another shape, for '
            f'example {wrong[0]}. Convert it with tools/model_converters/'
            'resnet_to_mmseg.py.')
    module.load_state_dict({name: weights[name] for name in required},
                           strict=False)
