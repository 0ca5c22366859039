"""How the benchmark of the training step prints what it has measured."""
from statistics import mean, median
from typing import Optional

import torch

from .step_rows import Row


def print_table(rows: list[Row], turns: list[list[float]],
                rests: list[list[float]],
                parts: list[list[list[dict[str, tuple[float, float]]]]],
                passes: list[dict[str, int]],
                memory: list[Optional[dict]]) -> None:
    """Print ratios to the first row, as a table in Markdown."""
    device = (torch.cuda.get_device_name() if torch.cuda.is_available() else
              f'{torch.get_num_threads()} CPU threads')
    timed = [one for turn in parts for around in turn for one in around]
    if timed:
        bare = {name: median(one[name][0] for one in timed)
                for name in ('S', 'M', 'B', 'T', 'I')}
        print(', '.join(f'{name} {seconds:.3f} s'
                        for name, seconds in bare.items()) + f'; {device}')
    print(f'| step | seconds | of {rows[0].name} | arithmetic | beyond it | '
          'outside of networks | student, teacher, encoder | peak MB | '
          'its ratio |\n|---|---|---|---|---|---|---|---|---|')
    for place, (row, seconds, rest, found, peak) in enumerate(
            zip(rows, turns, rests, passes, memory)):
        ratios = [ours / first for ours, first in zip(seconds, turns[0])]
        cells = [row.name, f'{median(seconds):.3f}', spread(ratios)]
        if row.counts and timed:
            cells += arithmetic(row, seconds, rest,
                                [turn[place] for turn in parts])
        else:
            cells += ['', '', '']
        cells.append(', '.join(str(found.get(name, 0)) for name in
                               ('student', 'teacher', 'encoder')))
        if peak:
            cells += [f'{peak["megabytes"]:.0f}',
                      f'{peak["megabytes"] / memory[0]["megabytes"]:.2f}']
        else:
            cells += ['', '']
        print('| ' + ' | '.join(cells) + ' |')


def arithmetic(
        row: Row, seconds: list[float], rest: list[float],
        around: list[list[dict[str, tuple[float, float]]]]) -> list[str]:
    """Cells: the passes that a row needs, and what it takes beyond them.

    Args:
        row (Row): The row.
        seconds (list[float]): Of its step, by turn.
        rest (list[float]): Of these, outside of networks.
        around (list): Bare passes before and after, by turn.
    """
    formula = ' + '.join(f'{number if number > 1 else ""}{name}'
                         for name, number in row.counts.items() if number)
    bare, outside = (
        [sum(number * mean(one[name][kind] for one in pair)
             for name, number in row.counts.items()) for pair in around]
        for kind in (0, 1))
    beyond = [ours / its - 1 for ours, its in zip(seconds, bare)]
    apart = [(ours - its) / whole
             for ours, its, whole in zip(rest, outside, bare)]
    return [f'{formula} = {median(bare):.3f}'] + [
        f'{median(shares):+.1%} ({min(shares):+.1%} to {max(shares):+.1%})'
        for shares in (beyond, apart)
    ]


def spread(ratios: list[float]) -> str:
    """Median and range."""
    return f'{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})'
