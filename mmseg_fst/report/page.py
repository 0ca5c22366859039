"""HTML page of runs, as a single file without external resources."""
from pathlib import Path

import jinja2

from mmseg_fst.utils.files import atomic_write
from mmseg_fst.utils.programs import program

from .class_parts import (
    class_tables,
    class_warnings,
    confusion_tables,
    data_sentences,
    score_by_class_tables,
)
from .gain_parts import compare_methods
from .panels import CANDIDATES, Panel, last_mixed, predict_panels
from .quality_parts import (
    future_table,
    gain_chart,
    quality_charts,
    quality_tables,
)
from .runs import Method, differences
from .score_parts import method_colors, score_charts, score_tables


def write_report(path: Path,
                 methods: list[Method],
                 command: str,
                 num_panels: int = 4,
                 trust: bool = False) -> list[str]:
    """Write the report.

    Args:
        path (Path): HTML file to write.
        methods (list[Method]): Result of :func:`find_methods`.
        command (str): Command line, shown on the page.
        num_panels (int): Number of images to show, see
            :func:`predict_panels`; 0 loads no checkpoint. Defaults to 4.
        trust (bool): Whether checkpoints may run code. Defaults to False.

    Returns:
        list[str]: A sentence for each method that could not predict.

    Raises:
        ValueError: If runs of one method were evaluated with different
            protocols.

    Example:
        >>> methods = find_methods([Path('work_dirs/demo/streets_fst')])
        >>> write_report(Path('report.html'), methods, 'my script')
    """
    panels: list[Panel] = []
    palette: dict[str, list[int]] = {}
    missing: list[str] = []
    if num_panels:
        panels, palette, missing = predict_panels(methods, num_panels, trust)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('mmseg_fst.report', '.'),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    environment.tests['endswith'] = str.endswith
    mixed = {method.name: last_mixed(method) for method in methods}
    text = environment.get_template('page.html').render(
        methods=methods,
        command=command,
        test=program('test'),
        colors=method_colors(methods),
        scores=score_tables(methods),
        charts=score_charts(methods),
        quality_charts=quality_charts(methods),
        future=future_table(methods),
        gain=gain_chart(methods),
        warnings=class_warnings(methods),
        comparisons=compare_methods(methods),
        class_tables=class_tables(methods),
        score_by_class=score_by_class_tables(methods),
        confusion=confusion_tables(methods),
        quality_tables=quality_tables(methods),
        panels=panels,
        candidates=CANDIDATES,
        data=data_sentences(methods),
        palette=palette,
        missing=missing,
        mixed={name: figure for name, figure in mixed.items() if figure},
        differences=differences({
            method.name: method.runs[0].config
            for method in methods
        }))
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding='utf-8')
    return missing
