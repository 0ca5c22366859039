"""ResNets that read the coefficients of JPEG instead of pixels."""
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


@MODELS.register_module()
class DCTResNet(ResNet):
    """A ResNet without a stem, for maps of DCT coefficients.

    The map of :func:`mmseg_fst.ops.dct_input` lies at stride 4 of the image
    already, with as many channels as the stem of an ordinary ResNet puts out,
    so it goes straight into the first stage (DCTNet, Xu et al., CVPR 2020;
    Diverse Co-training, Li et al., ICCV 2023).

    Args:
        depth (int): 18, 34, 50, 101 or 152.
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
            keeps the dilation of the stage before. Defaults to False.
        norm_cfg (dict): Config of the norms. Defaults to
            ``dict(type='BN', requires_grad=True)``.
        norm_eval (bool): Whether batch norms use their running statistics in
            training too. Defaults to False.
        with_cp (bool): Whether to save memory by computing blocks again in
            the backward pass. Defaults to False.
        init_cfg (dict, optional): Where the weights come from, for example a
            :class:`DCTPretrained`. Defaults to None: random.
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
            # The first stage reads what the stem would put out.
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
        """There is none."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the four stages.

        Args:
            x (Tensor): Maps of shape (N, in_channels, h, w).

        Returns:
            tuple[Tensor]: Maps of shape (N, C, h', w'), the first as large as
            ``x`` unless ``strides[0]`` is above 1.
        """
        maps = []
        for name in self.res_layers:
            x = getattr(self, name)(x)
            maps.append(x)
        return tuple(maps)


@WEIGHT_INITIALIZERS.register_module()
class DCTPretrained:
    """Weights of a ResNet that was trained on DCT maps, or on RGB images.

    Those of Diverse Co-training lie where no program can fetch them. Without
    them, the stages of an ordinary ResNet fit: its first stage reads 64
    channels too, if other ones. That is said in the log.

    Args:
        checkpoint (str): File of weights for DCT maps.
        fallback (str): File of a ResNet for RGB images, with 64 channels
            behind its stem, which is left out. It is used if there is no
            ``checkpoint``.
    """

    def __init__(self, checkpoint: str, fallback: str) -> None:
        self.checkpoint = checkpoint
        self.fallback = fallback

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Args:
            module (nn.Module): A :class:`DCTResNet`; its weights are changed.

        Raises:
            FileNotFoundError: If there is neither file.
            ValueError: If the file does not have all weights, in the shapes
                of the network.
        """
        path = self.checkpoint
        if not osp.isfile(path):
            path = self.fallback
            print_log(
                f'There is no {self.checkpoint}: the stages of the '
                f'{type(module).__name__} start from {path}, which was '
                'trained on RGB images. What is published of Diverse '
                'Co-training cannot be expected from it, and the statistics '
                'of DCTNet do not go with it: use those of your images, from '
                'tools/dct_stats.py. sh tools/download_checkpoints.sh '
                f'{osp.splitext(osp.basename(self.checkpoint))[0]} says '
                'where the file lies.',
                logger='current',
                level=logging.WARNING)
        _load_all(module, path)
        if hasattr(module, '_params_init_info'):  # what mmengine logs
            update_init_info(
                module, init_info=f'{type(self).__name__}: {path}')


def _load_all(module: nn.Module, path: str) -> None:
    """Load every weight of a module; the file may have more.

    Args:
        module (nn.Module): The module.
        path (str): The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a weight is missing or has another shape.
    """
    checkpoint = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    given = checkpoint.get('state_dict', checkpoint)
    wanted = {
        name: tensor.shape for name, tensor in module.state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    wrong = [name for name, shape in wanted.items()
             if name not in given or given[name].shape != shape]
    if wrong:
        raise ValueError(
            f'{path} does not fit a {type(module).__name__}: {len(wrong)} of '
            f'{len(wanted)} weights are missing or of another shape, such as '
            f'{wrong[0]}. Convert it with tools/model_converters/'
            'resnet_to_mmseg.py.')
    module.load_state_dict({name: given[name] for name in wanted},
                           strict=False)
