"""The model card of a trained network, as the Hugging Face Hub shows it."""
import json
import re
from os import path as osp
from typing import Any, Optional

from mmseg.models.segmentors import BaseSegmentor

#: Scores of a run, beside its checkpoints; see :mod:`mmseg_fst.run`.
_RESULTS = 'results.json'
_SCORES = ('IoU', 'Dice', 'precision', 'recall')
_NOT_RECORDED = 'Not recorded in the folder that the network came from.'
_CARD = '''---
library_name: mmseg_fst
pipeline_tag: image-segmentation
license: unknown
tags: [semantic-segmentation, self-training]
---

# {place}

A network for semantic segmentation, trained by mmseg_fst, for {count} classes:
{classes}.

## Use

```python
from mmseg_fst.apis import predict, pull_model

model = pull_model('{place}')  # or the path of this folder
label = predict(model, 'photo.jpg')[0].label
```

`config.json` and `model.safetensors` are data; neither is run.

## Training data

{data}

## Scores

Protocol: {protocol}.

{scores}

## Limits

* The scores hold for the images above. Test the network before you use it on
  images of other cameras, countries, seasons or resolutions.
* Every pixel gets one of the classes, also pixels of anything else.
{limits}
## License

Not stated by this card. mmseg_fst is licensed under Apache-2.0, but the
license of the weights depends on the training data and on the pretrained
encoder: state it here, and in the first lines, before you publish them.
'''


def write_card(model: BaseSegmentor, place: str) -> str:
    """Write the card of a network.

    Training data come from its config, scores from the ``results.json`` beside
    its checkpoint; what is not there is said to be missing.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        place (str): Name of the folder, or ``OWNER/NAME`` on the Hub.

    Returns:
        str: Markdown, with the metadata of the Hub.
    """
    classes = model.dataset_meta['classes']
    found = _scores_of(model)
    return _CARD.format(
        place=place, count=len(classes), classes=', '.join(classes),
        data=_describe_data(model.cfg), protocol=model.protocol_name,
        scores=_NOT_RECORDED if found is None else _describe(*found),
        limits='' if found is None else _describe_limits(found[0]))


def _describe_data(cfg: Any) -> str:
    """A list of the sides of the training data, and of the method."""
    dataset = cfg.get('train_dataloader', {}).get('dataset', {})
    sides = dataset.get('sides') or {
        name: dataset[name] for name in ('labeled', 'unlabeled')
        if dataset.get(name)}
    lines = [f'* `{name}`: {_describe_side(side)}'
             for name, side in sides.items() if side]
    if not lines:
        return _NOT_RECORDED
    steps = cfg.get('train_cfg', {}).get('max_iters')
    length = f', {steps} iterations' if steps else ''
    return '\n'.join([*lines, f'* method: `{cfg.model.type}`{length}'])


def _describe_side(side: dict[str, Any]) -> str:
    """Kind and place of the images of a side."""
    if 'datasets' in side:
        return '; '.join(map(_describe_side, side['datasets']))
    if 'dataset' in side:
        return _describe_side(side['dataset'])
    images = side.get('data_prefix', {}).get('img_path', '')
    place = osp.basename(osp.normpath(side.get('data_root') or images))
    names = side.get('ann_file') or ''
    if osp.isabs(names):  # a path of this machine
        names = osp.basename(names)
    parts = [part for part in (place, names) if part]
    return f'{side.get("type", "images")} ({", ".join(parts)})'


def _scores_of(model: BaseSegmentor) -> Optional[tuple[dict, str, bool]]:
    """Scores by class, what was scored, and whether it was the best."""
    folder, name = osp.split(getattr(model, 'checkpoint', ''))
    iteration = re.search(r'iter_(\d+)', name)
    path = osp.join(folder, _RESULTS)
    if iteration is None or not osp.isfile(path):
        return None
    with open(path, encoding='utf-8') as file:
        content = json.load(file)
    scores = content.get('classes', {}).get(iteration[1], {}).get(
        model.predict_with)
    if not scores:
        return None
    data = content.get('data', {})
    scored = (f'{data.get("images", "?")} images of {data.get("name", "?")}, '
              f'{data.get("split", "?")}, the {model.predict_with} at '
              f'iteration {iteration[1]}')
    return scores, scored, name.startswith('best_')


def _describe(scores: dict[str, dict[str, Any]], scored: str,
              best: bool) -> str:
    """A table of scores by class."""
    lines = [f'In percent, on {scored}.']
    if best:
        lines[0] += (' The checkpoint was selected on the same images, so its '
                     'scores are optimistic.')
    lines += ['', f'| class | {" | ".join(_SCORES)} |',
              '|---|---|---|---|---|']
    for name, values in scores.items():
        cells = [_number(values.get(score)) for score in _SCORES]
        lines.append(f'| {name} | {" | ".join(cells)} |')
    known = [values['IoU'] for values in scores.values()
             if values.get('IoU') is not None]
    if known:
        lines.append(
            f'| **mean** | **{sum(known) / len(known):.1f}** | | | |')
    return '\n'.join(lines)


def _number(value: Optional[float]) -> str:
    """A score with a decimal, or a dash."""
    return '-' if value is None else f'{value:.1f}'


def _describe_limits(scores: dict[str, dict[str, Any]]) -> str:
    """A line about classes that are not learned, if there are any."""
    missed = [name for name, values in scores.items()
              if values.get('IoU') == 0]
    if not missed:
        return ''
    return f'* It has not learned {", ".join(missed)}: IoU 0.0.\n'
