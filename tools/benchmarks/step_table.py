"""Printing the results of the benchmark of the training step."""
from statistics import mean, median
from typing import Optional

import torch

from .step_rows import Row


def print_table(rows: list[Row], times: list[list[float]],
                outside: list[list[float]],
                parts: list[list[list[dict[str, tuple[float, float]]]]],
                passes: list[dict[str, int]],
                memory: list[Optional[dict]]) -> None:
    """Print ratios to the first row as a Markdown table."""
    device = (torch.cuda.get_device_name() if torch.cuda.is_available() else
              f'{torch.get_num_threads()} CPU threads')
    timed = [bare for turn in parts for around in turn for bare in around]
    if timed:
        bare = {name: median(bare[name][0] for bare in timed)
                for name in ('S', 'M', 'B', 'T', 'I')}
        print(', '.join(f'{name} {seconds:.3f} s'
                        for name, seconds in bare.items()) + f'; {device}')
    print(f'| step | seconds | ratio to {rows[0].name} | arithmetic | '
          'overhead | outside networks | student, teacher, encoder | '
          'peak MB | memory ratio |\n|---|---|---|---|---|---|---|---|---|')
    for index, (row, seconds, rest, count, peak) in enumerate(
            zip(rows, times, outside, passes, memory)):
        ratios = [value / first for value, first in zip(seconds, times[0])]
        cells = [row.name, f'{median(seconds):.3f}', spread(ratios)]
        if row.counts and timed:
            cells += arithmetic(row, seconds, rest,
                                [turn[index] for turn in parts])
        else:
            cells += ['', '', '']
        cells.append(', '.join(str(count.get(name, 0)) for name in
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
    """Format the passes that a row needs, and its overhead.

    Args:
        row (Row): The row.
        seconds (list[float]): Seconds of the step in each round.
        rest (list[float]): The part of these seconds outside networks.
        around (list): Bare passes before and after the step in each round.

    Returns:
        list[str]: Three cells of the table.
    """
    formula = ' + '.join(f'{number if number > 1 else ""}{name}'
                         for name, number in row.counts.items() if number)
    bare, outside = (
        [sum(number * mean(times[name][kind] for times in pair)
             for name, number in row.counts.items()) for pair in around]
        for kind in (0, 1))
    overhead = [step / passes - 1 for step, passes in zip(seconds, bare)]
    measured = [(step - passes) / total
                for step, passes, total in zip(rest, outside, bare)]
    return [f'{formula} = {median(bare):.3f}'] + [
        f'{median(shares):+.1%} ({min(shares):+.1%} to {max(shares):+.1%})'
        for shares in (overhead, measured)
    ]


def spread(ratios: list[float]) -> str:
    """Format median and range."""
    return f'{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})'
