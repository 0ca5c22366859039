"""Count the pixels of each class, for rare-class sampling.

    python tools/class_stats.py CONFIG [--out FILE] [--workers N]

Reads the labels of the labeled training set of a config and writes the number
of pixels of each class for each image. The default output file is
class_stats_train.json in the folder of the data set.
"""
import argparse
from os import path as osp

from mmseg_fst.apis import load_config
from mmseg_fst.datasets.image_names import image_names
from mmseg_fst.datasets.label_checks import check_ids
from mmseg_fst.datasets.labels import LoadAnnotations
from mmseg_fst.datasets.sides import (
    LABELED,
    build_side,
    part_at,
    part_configs,
)
from mmseg_fst.utils.files import count_pixels, parallel_map, save_class_stats
from mmseg_fst.utils.messages import one_message


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with a PairedDataset')
    parser.add_argument('--out', help='file to write')
    parser.add_argument(
        '--workers', type=int, default=2, help='threads; default: 2')
    args = parser.parse_args()
    labeled = load_config(args.config).train_dataloader.dataset.sides.labeled
    dataset = build_side(LABELED, labeled)
    names = image_names(dataset)
    num_classes = len(dataset.metainfo['classes'])
    load = LoadAnnotations()

    def count(index: int) -> tuple[str, dict[str, int]]:
        part, place = part_at(dataset, index)
        info = part.get_data_info(place)
        label = load(info)['gt_seg_map']
        check_ids(label, num_classes, part.ignore_index, info['seg_map_path'])
        return names[index], count_pixels(label, num_classes)

    counts = parallel_map(count, range(len(dataset)), args.workers,
                          'Counting')
    out = args.out or osp.join(
        part_configs(labeled)[0]['data_root'], 'class_stats_train.json')
    save_class_stats(out, dataset.metainfo['classes'], dict(counts))
    print(out)


if __name__ == '__main__':
    with one_message():
        main()
