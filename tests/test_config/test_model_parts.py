"""Parts of a model that bases define are put into it."""
import pytest
from mmengine.config import Config

from mmseg_fst.config.config_file import read_python
from mmseg_fst.config.model_parts import assemble_model

BASES = dict(
    data="data_preprocessor = dict(type='P', mean=1)\n",
    network="segmentor = dict(type='S', head=dict(classes=2, width=3))\n",
    scoring="protocol = dict(type='Canvas', size=9)\n",
    method="model = dict(type='M')\n")


@pytest.fixture
def read(tmp_path):
    """Reads a config of four bases and these lines."""
    for name, text in BASES.items():
        (tmp_path / f'{name}.py').write_text(text)

    def read_lines(lines):
        path = tmp_path / 'cell.py'
        bases = [f'./{name}.py' for name in BASES]
        path.write_text(f'_base_ = {bases}\n{lines}\n')
        return read_python(str(path))

    return read_lines


@pytest.mark.parametrize('lines, expected', [
    ('', {}),
    ('segmentor = dict(head=dict(classes=5))',
     {'segmentor': dict(type='S', head=dict(classes=5, width=3))}),
    ('model = dict(segmentor=dict(head=dict(classes=5)))',
     {'segmentor': dict(type='S', head=dict(classes=5, width=3))}),
    ("model = dict(segmentor=dict(type='T'))", {'segmentor': dict(type='T')}),
    ('model = dict(segmentor=_base_.segmentor)', {}),
    ('model = dict(protocol=None)', {'protocol': None}),
    ("model = dict(students=dict(a=dict(type='A')))",
     {'segmentor': None, 'students': dict(a=dict(type='A'))}),
    ("model = dict(type='E', backbone=dict(type='B'))",
     {'type': 'E', 'backbone': dict(type='B'), 'segmentor': None,
      'protocol': None}),
])
def test_a_model_has_the_parts_of_its_bases(read, lines, expected):
    cfg = read(lines)
    found = cfg.model.to_dict()
    parts = dict(
        type='M',
        data_preprocessor=dict(type='P', mean=1),
        segmentor=dict(type='S', head=dict(classes=2, width=3)),
        protocol=dict(type='Canvas', size=9))
    wanted = {**parts, **expected}
    assert {key: found.get(key) for key in wanted} == wanted
    assert not {'segmentor', 'data_preprocessor', 'protocol'} & set(cfg)


def test_a_written_config_is_read_as_it_was(read, tmp_path):
    cfg = read('segmentor = dict(head=dict(classes=5))')
    cfg.dump(tmp_path / 'written.py')
    assert read_python(str(tmp_path / 'written.py')).model == cfg.model


def test_a_base_is_left_alone(tmp_path):
    (tmp_path / 'network.py').write_text(BASES['network'])
    assert read_python(str(tmp_path / 'network.py')).segmentor == Config(
        dict(segmentor=dict(type='S', head=dict(classes=2, width=3)))
    ).segmentor


def losses(**options):
    """A base with a list of losses, and a config that states a dict."""
    return Config(dict(
        segmentor=dict(decode_head=dict(loss_decode=[dict(type='A')])),
        model=dict(segmentor=dict(decode_head=dict(
            loss_decode=dict(type='B', **options))))))


def test_a_dict_cannot_change_a_list():
    with pytest.raises(ValueError, match='model.segmentor: .*whole list'):
        assemble_model(losses())


def test_a_dict_can_replace_a_list():
    cfg = losses(_delete_=True)
    assemble_model(cfg)
    assert cfg.model.segmentor.decode_head.loss_decode == dict(type='B')


def test_a_second_crop_that_a_method_needs_reaches_the_data(read):
    cfg = read("again = dict(second='unlabeled')\n"
               "train_dataloader = dict(dataset=dict(type='PairedDataset'))")
    assert 'again' not in cfg
    assert cfg.train_dataloader.dataset.again == dict(second='unlabeled')


def test_a_base_keeps_its_second_crop(read):
    assert read("again = dict(second='unlabeled')").again
