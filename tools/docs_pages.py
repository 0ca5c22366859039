"""Pages of the documentation site that are made from data, for mkdocs.

mkdocs.yml names this file under ``hooks``. A page for each method and the
table of all of them are written from docs/methods.yaml, and scores are read
from the tables of other pages, so that a number has a single place. Formulas
become images in the page: no font or program of another server is needed.
"""
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import jinja2
import yaml
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / 'docs'
DATA = DOCS / 'methods.yaml'
TEMPLATE = ROOT / 'tools' / 'docs_method.md.j2'
#: What is replaced by the overview in docs/methods/index.md.
MARKER = '<!-- overview -->'
#: An empty cell of these columns repeats the cell above.
REPEATED = ('task', 'data', 'network', 'method')
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]'
    r'</(?P=tag)>', re.S)
#: A block of commands, which a phone may break into lines.
COMMANDS = re.compile(
    r'<div class="highlight">(<pre><span></span><code>)'
    r'((?:python|pip|sh|torchrun|srun|tensorboard) [^<]*)(?=</code>)')


@dataclass
class Table:
    """A table of a Markdown page.

    Attributes:
        section (str): The heading above it.
        header (list[str]): Names of the columns.
        rows (list[list[str]]): Cells, as many in each row as columns.
    """
    section: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def select(self, column: str, pattern: str) -> list[list[str]]:
        """Rows whose cell of a column matches as a whole.

        Args:
            column (str): Beginning of the name of the column.
            pattern (str): Regular expression.

        Returns:
            list[list[str]]: The rows, complete.
        """
        index = next((number for number, name in enumerate(self.header)
                      if name.startswith(column)), None)
        if index is None:
            return []
        return [row for row in self.rows if re.fullmatch(pattern, row[index])]


def read_tables(text: str) -> list[Table]:
    """Find the tables of a Markdown page.

    Args:
        text (str): The page.

    Returns:
        list[Table]: In the order of the page.
    """
    tables: list[Table] = []
    section, inside = '', False
    for line in text.splitlines():
        if line.startswith('#'):
            section = line.lstrip('#').strip()
        if not line.startswith('|'):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if not inside:
            tables.append(Table(section, cells))
            inside = True
        elif not set(''.join(cells)) <= set('-: '):
            tables[-1].rows.append(_filled(tables[-1], cells))
    return tables


def _filled(table: Table, cells: list[str]) -> list[str]:
    """The cells of a row, the repeated ones written out."""
    cells += [''] * (len(table.header) - len(cells))
    above = table.rows[-1] if table.rows else cells
    return [before if not cell and name.startswith(REPEATED) else cell
            for name, cell, before in zip(table.header, cells, above)]


def load_methods(path: Path = DATA) -> dict[str, Any]:
    """Read the data of all methods.

    Args:
        path (Path): The YAML file.

    Returns:
        dict[str, Any]: ``groups``, ``tables`` and ``methods``.
    """
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def scores(data: dict[str, Any], references: list[dict[str, str]],
           docs: Path = DOCS) -> Iterator[dict[str, Any]]:
    """Read the rows that a method refers to.

    Args:
        data (dict[str, Any]): Of :func:`load_methods`.
        references (list[dict[str, str]]): Names of ``table`` with a pattern
            of the ``rows``.
        docs (Path): Folder of the pages.

    Yields:
        dict[str, Any]: ``title``, ``link``, ``note``, ``header`` and
        ``rows`` of a table.

    Raises:
        PluginError: If no row matches.
    """
    for reference in references:
        source = data['tables'][reference['table']]
        text = (docs / source['page']).read_text(encoding='utf-8')
        count = 0
        for table in read_tables(text):
            if not (re.match(source.get('section', ''), table.section)
                    and source.get('has', '') in ['', *table.header]):
                continue
            rows = table.select(source['column'], reference['rows'])
            if rows:
                count += len(rows)
                yield dict(
                    title=table.section, note=source['note'],
                    link=f'../{source["page"]}#{anchor(table.section)}',
                    header=table.header, rows=_linked(rows))
        if not count:
            raise PluginError(
                f'{DATA.name}: no row of {source["page"]} matches '
                f'{reference}; correct the pattern.')


def _linked(rows: list[list[str]]) -> list[list[str]]:
    """Rows whose links to pages hold one folder deeper."""
    return [[re.sub(r'\]\((?=[\w#-]+\.md)', '](../', cell) for cell in row]
            for row in rows]


def anchor(heading: str) -> str:
    """The anchor that mkdocs gives to a heading.

    Args:
        heading (str): Text of the heading.

    Returns:
        str: Lower case, words joined by hyphens.
    """
    text = re.sub(r'[^\w\s-]', '', heading.lower()).strip()
    return re.sub(r'[-\s]+', '-', text)


def method_page(data: dict[str, Any], method: dict[str, Any],
                docs: Path = DOCS) -> str:
    """Write the page of a method.

    Args:
        data (dict[str, Any]): Of :func:`load_methods`.
        method (dict[str, Any]): One of its ``methods``.
        docs (Path): Folder of the pages that scores are read from.

    Returns:
        str: Markdown.
    """
    return _environment().get_template(TEMPLATE.name).render(
        method=method,
        published=list(scores(data, method.get('published', []), docs)),
        measured=list(scores(data, method.get('measured', []), docs)))


def overview(data: dict[str, Any]) -> str:
    """Write the table of all methods, by group.

    Args:
        data (dict[str, Any]): Of :func:`load_methods`.

    Returns:
        str: Markdown.
    """
    lines = []
    for group, title in data['groups'].items():
        lines += [f'## {title}', '',
                  '| method | FST | replayed | published | measured |',
                  '|---|---|---|---|---|']
        for method in data['methods']:
            if method['group'] == group:
                cells = [
                    f'[{method["name"]}]({method["id"]}.md)<br>'
                    f'{method["summary"]}', method['fst'],
                    *('yes' if method.get(key) else '-'
                      for key in ('record', 'published')),
                    'yes' if method.get('measured') else '*not run*']
                lines.append(f'| {" | ".join(cells)} |')
        lines.append('')
    return '\n'.join(lines)


def _environment() -> jinja2.Environment:
    """Where templates are read from; an unknown name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent), trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.ChainableUndefined)


def formula_image(tex: str, size: float = 100.) -> str:
    """Set a formula as an image for a page.

    Args:
        tex (str): The formula, in the part of TeX that Matplotlib knows.
        size (float): Units of the image for a font size of 1 em. Defaults
            to 100.

    Returns:
        str: An ``svg`` element in the color of the text.

    Raises:
        PluginError: If Matplotlib does not understand the formula.
    """
    try:
        # A closed path of no length at the end is not a part of the glyphs.
        path = TextPath((0, 0), f'${" ".join(tex.split())}$', size=size,
                        prop=FontProperties(math_fontfamily='stix'))
    except ValueError as error:
        raise PluginError(f'The formula {tex!r}: {error}') from error
    box = path.get_extents()
    left, top, width, height = (
        box.x0 - 2, -box.y1 - 2, box.width + 4, box.height + 4)
    commands = {1: 'M', 2: 'L', 3: 'Q', 4: 'C', 79: 'Z'}
    parts = []
    for points, code in path.iter_segments(curves=True, simplify=False):
        numbers = [] if code == 79 else [
            f'{value:.0f}' for x, y in points.reshape(-1, 2)
            for value in (x, -y)]
        parts.append(commands[int(code)] + ' '.join(numbers))
    return (
        f'<svg class="formula" role="img" aria-label="{html.escape(tex)}" '
        f'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" '
        f'style="width:{width / size:.2f}em;'
        f'vertical-align:{-(top + height) / size:.2f}em">'
        f'<path d="{"".join(parts)}"/></svg>')


def on_config(config: MkDocsConfig) -> Optional[MkDocsConfig]:
    """Add the pages of the methods to the navigation.

    Args:
        config (MkDocsConfig): Of mkdocs.yml.

    Returns:
        MkDocsConfig: The same.
    """
    data = load_methods()
    section = next(entry['Methods'] for entry in config.nav or []
                   if isinstance(entry, dict) and 'Methods' in entry)
    for group, title in data['groups'].items():
        section.append({title: [
            {method['name']: f'methods/{method["id"]}.md'}
            for method in data['methods'] if method['group'] == group]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the methods.

    Args:
        files (Files): All files of docs.
        config (MkDocsConfig): Of mkdocs.yml.

    Returns:
        Files: With the generated pages.
    """
    data = load_methods()
    for method in data['methods']:
        files.append(File.generated(
            config, f'methods/{method["id"]}.md',
            content=method_page(data, method)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig,
                     files: Files) -> str:
    """Write the overview into its page.

    Args:
        markdown (str): A page.
        page (Page): Where it is.
        config (MkDocsConfig): Of mkdocs.yml.
        files (Files): All files.

    Returns:
        str: The page.
    """
    if MARKER not in markdown:
        return markdown
    return markdown.replace(MARKER, overview(load_methods()))


def on_page_content(content: str, page: Page, config: MkDocsConfig,
                    files: Files) -> str:
    """Replace formulas by images, and mark blocks of commands.

    Args:
        content (str): A page as HTML.
        page (Page): Where it is.
        config (MkDocsConfig): Of mkdocs.yml.
        files (Files): All files.

    Returns:
        str: The page.
    """

    def image(match: re.Match) -> str:
        """The element of a formula."""
        tag, tex = match['tag'], html.unescape(match['tex'])
        if tag == 'div':
            tex = tex.replace(r'\frac', r'\dfrac')
        return f'<{tag} class="formulas">{formula_image(tex)}</{tag}>'

    def commands(match: re.Match) -> str:
        """The block, whose words stay whole where a line is broken."""
        words = re.sub(r'\S+', r'<span>\g<0></span>', match[2])
        return f'<div class="highlight commands">{match[1]}{words}'

    return COMMANDS.sub(commands, FORMULA.sub(image, content))
