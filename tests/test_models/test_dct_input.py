"""Encoders of DCT maps: what they make of images, whose weights fit them."""
import pytest
import timm
import torch

from mmseg_fst.models import DCTInput, DCTMobileNetV2
from mmseg_fst.ops import dct_input

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


class Reads(torch.nn.Module):
    """Hands out what it reads."""

    def forward(self, x):
        return x,


@pytest.fixture
def reader():
    statistics = torch.linspace(-1, 1, 64), torch.linspace(1, 3, 64)
    backbone = DCTInput(
        dict(type='DCTMobileNetV2'),
        *(values.tolist() for values in statistics))
    backbone.backbone = Reads()
    return backbone, [values.view(-1, 1, 1) for values in statistics]


def normalize(pixels):
    return (pixels - torch.tensor(MEAN).view(-1, 1, 1)) / torch.tensor(
        STD).view(-1, 1, 1)


@pytest.mark.parametrize('size', [(32, 48), (33, 47)])
def test_maps_are_those_of_the_pixels_before_they_were_normalized(
        reader, size):
    backbone, statistics = reader
    pixels = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)
    maps, = backbone(normalize(pixels.float()))
    assert torch.equal(maps, dct_input(pixels, *statistics))
    assert torch.equal(maps, backbone.to_domain(normalize(pixels.float())))


def test_what_an_augmentation_makes_too_bright_is_white(reader):
    backbone, statistics = reader
    pixels = torch.full((1, 3, 16, 16), 300.)
    maps, = backbone(normalize(pixels))
    white = torch.full((1, 3, 16, 16), 255, dtype=torch.uint8)
    assert torch.equal(maps, dct_input(white, *statistics))


def test_maps_go_through_as_they_are(reader):
    maps = torch.randn(1, 64, 5, 7)
    assert reader[0](maps)[0] is maps


def test_statistics_are_in_no_checkpoint():
    backbone = DCTInput(dict(type='DCTMobileNetV2'), [0.] * 64, [1.] * 64)
    assert all(key.startswith('backbone.') for key in backbone.state_dict())
    with pytest.raises(ValueError, match='std must have 64 numbers.*got 3'):
        DCTInput(dict(type='DCTMobileNetV2'), [0.] * 64, [1.] * 3)


def test_mobilenet_from_stride_4_on_is_that_of_timm():
    torch.manual_seed(0)
    whole = timm.create_model('mobilenetv2_100', features_only=True,
                              out_indices=(1, 2, 3, 4)).eval()
    backbone = DCTMobileNetV2().eval()
    missing = backbone.load_state_dict(whole.state_dict(), strict=False)
    assert all(key.startswith('entry.') for key in missing.missing_keys)
    with torch.no_grad():
        features = whole(torch.randn(1, 3, 64, 96))
        # As if the entry had made the map of stride 4.
        backbone.entry = torch.nn.Identity()
        for found, want in zip(
                backbone(features[0]), features, strict=True):
            assert torch.equal(found, want)
    assert tuple(feature.shape[1] for feature in features) == backbone.channels
