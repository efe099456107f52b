"""From the report's text, Markdown with Jinja that researchers adapt, to the blocks that writers set.

A template sees the values it is given and places prepared blocks by `{{ table("id") }}`, `{{ figure("id") }}`
or `{{ block("id") }}`; `has("id")` asks whether one exists. Every value put in by `{{ }}` passes
`markup.literal`, unless it is `markup.Marked`: a label that holds markup, HTML or braces comes out as typed.
Markdown here is headings (`#` to `###`), paragraphs, lists, `> ` notices (`> [!WARNING]` for a warning) and
the inline markup of `markup`. Mistakes are told with file, line and what was expected.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.reporting import markup
from pipeline.reporting.markup import Marked
from pipeline.reporting.values import Block, Bullets, Figure, Heading, Notice, Paragraph, Table

if TYPE_CHECKING:
    from jinja2 import Environment
    from markdown_it.token import Token

Blocks = Mapping[str, "Block | Sequence[Block]"]
DEFAULT_FILE = "report.md.j2"
_SUFFIX = ".md.j2"
_BLOCK = re.compile(r"{%-?\s*block\s+(\w+)")


class TemplateError(ValueError):
    """A mistake in a template; the message starts with file and line."""


def document_from_source(
    template_text: str,
    context: Mapping[str, object],
    blocks: Blocks,
    *,
    file: str = DEFAULT_FILE,
    others: Mapping[str, str] | None = None,
) -> tuple[Block, ...]:
    """Render a template and return the document's blocks.

    `others` are templates by name that this one may extend or include, so that a study can replace a section
    (`{% extends %}`, `{% block results %}`) and keep the rest.
    """
    templates = {**(others or {}), file: template_text}
    text = _rendered(templates, file, context, blocks)
    place = _Place(templates, file)
    found = tuple(_assembled(_tokens(text), blocks, place))
    _check_references(found, place)
    return found


def document_in_sections(
    template_text: str, sections: Mapping[str, str], context: Mapping[str, object], blocks: Blocks
) -> tuple[Block, ...]:
    """Render a template whose blocks are replaced by `sections`, each in a file `<block>.md.j2`."""
    known = _BLOCK.findall(template_text)
    for name in sections:
        if name.removesuffix(_SUFFIX) not in known:
            near = difflib.get_close_matches(name, [f"{block}{_SUFFIX}" for block in known], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TemplateError(
                f"{name}: the report has no section of that name (it has: {', '.join(known)}){hint}"
            )
    if not sections:
        return document_from_source(template_text, context, blocks)
    parts = "".join(
        f"{{% block {name.removesuffix(_SUFFIX)} %}}{{% include '{name}' %}}{{% endblock %}}"
        for name in sections
    )
    others = {DEFAULT_FILE: template_text, **sections}
    return document_from_source(
        f"{{% extends '{DEFAULT_FILE}' %}}{parts}", context, blocks, file="(sections)", others=others
    )


@dataclass(frozen=True)
class _Place:
    """The templates, to find the line where rendered text came from."""

    templates: Mapping[str, str]
    file: str

    def error(self, fragment: str, message: str) -> TemplateError:
        """Return an error at the first line of a template that holds the fragment."""
        for name, text in self.templates.items():
            for number, line in enumerate(text.splitlines(), start=1):
                if fragment in line:
                    return TemplateError(_located(name, number, message, line))
        return TemplateError(f"{self.file}: {message}\n    in the text: {fragment[:100]}")


class _MisuseError(Exception):
    """A call in a template that asks for what is not there."""


_MARK = "\x1e"
_PLACED = re.compile(f"{_MARK}([^{_MARK}]+){_MARK}\\Z")
_RELATION = re.compile(r" (\\?[=<>≤≥≈]) (?=[-−.\d])")
_IN_NOTICE = frozenset({"paragraph_open", "inline", "paragraph_close"})
_ALERT = re.compile(r"\[!(\w+)\]\s*")


def _rendered(templates: Mapping[str, str], file: str, context: Mapping[str, object], blocks: Blocks) -> str:
    import jinja2

    environment = _environment(templates)
    environment.globals.update(_calls(blocks))
    try:
        return environment.get_template(file).render(dict(context))
    except jinja2.TemplateSyntaxError as error:
        name = error.name or file
        line = _line(templates, name, error.lineno)
        raise TemplateError(_located(name, error.lineno, f"{error.message}", line)) from error
    except jinja2.TemplateNotFound as error:
        known = ", ".join(sorted(set(templates) - {file})) or "none"
        raise TemplateError(
            f"{file}: there is no template '{error.name}' to extend or include (known: {known})"
        ) from error
    except (jinja2.TemplateError, _MisuseError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        name, number = _origin(error, templates, file)
        message = f"{error}{_nearest(str(error), context)}"
        raise TemplateError(_located(name, number, message, _line(templates, name, number))) from error


def _environment(templates: Mapping[str, str]) -> Environment:
    """Return a sandbox whose escaping is `literal`, where Jinja's own knows HTML only."""
    import jinja2

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (templates[name], name, lambda: True) if name in templates else None

    environment = _sandbox()(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        finalize=_marked,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    environment.filters |= {"join": _joined, "e": _marked, "escape": _marked}
    for name in ("safe", "forceescape", "urlize", "xmlattr", "tojson", "striptags"):
        environment.filters.pop(name, None)
    return environment


@cache
def _sandbox() -> type[Environment]:
    from jinja2.compiler import CodeGenerator
    from jinja2.nodes import Concat, Expr, Impossible, TemplateData
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generator(CodeGenerator):
        """Leaves escaping to `_marked` where the original would escape HTML: in `a ~ b` and constants."""

        def visit_Concat(self, node: Concat, frame: Any) -> None:  # noqa: N802
            self.write("environment.concatenated((")
            for part in node.nodes:
                self.visit(part, frame)
                self.write(", ")
            self.write("))")

        def _output_child_to_const(self, node: Expr, frame: Any, finalize: Any) -> str:
            if not isinstance(node, TemplateData):
                raise Impossible
            return super()._output_child_to_const(node, frame, finalize)

    class Sandbox(ImmutableSandboxedEnvironment):
        """A sandbox for text that is not HTML."""

        code_generator_class = Generator

        @staticmethod
        def concatenated(parts: Sequence[object]) -> str:
            """Join parts: plain text stays plain, with marked text among it all is escaped and marked."""
            if any(hasattr(part, "__html__") for part in parts):
                return Marked("".join(map(_marked, parts)))
            return "".join(map(str, parts))

    return Sandbox


def _marked(value: object) -> Marked:
    if hasattr(value, "__html__"):
        return Marked(value)
    return Marked(markup.literal("" if value is None else str(value)))


def _joined(values: Sequence[object], separator: object = "", attribute: str | None = None) -> Marked:
    picked = [value if attribute is None else _attribute(value, attribute) for value in values]
    return Marked(_marked(separator).join(map(_marked, picked)))


def _attribute(value: object, name: str) -> object:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)


def _calls(blocks: Blocks) -> Mapping[str, Callable[[str], object]]:
    def placed(kind: type | None, call: str) -> Callable[[str], Marked]:
        def place(identifier: str) -> Marked:
            if identifier not in blocks:
                raise _MisuseError(
                    f'{call}("{identifier}"): there is no such block{_near(identifier, blocks)}'
                )
            if kind and not isinstance(blocks[identifier], kind):
                raise _MisuseError(
                    f'{call}("{identifier}"): this is a {type(blocks[identifier]).__name__.lower()}, '
                    f"not a {call}"
                )
            return Marked(f"\n\n{_MARK}{identifier}{_MARK}\n\n")

        return place

    return {
        "table": placed(Table, "table"),
        "figure": placed(Figure, "figure"),
        "block": placed(None, "block"),
        "has": blocks.__contains__,
    }


def _tokens(text: str) -> list[Token]:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable(["heading", "list", "blockquote"]).parse(text)


def _assembled(tokens: Sequence[Token], blocks: Blocks, place: _Place) -> Iterator[Block]:
    """Turn Markdown's tokens into blocks; each construct ends where its opening token's partner stands."""
    position = 0
    while position < len(tokens):
        opening = tokens[position]
        end = _end(tokens, position)
        inner = tokens[position + 1 : end]
        match opening.type:
            case "heading_open":
                yield _heading(opening, inner, place)
            case "paragraph_open":
                yield from _paragraph(inner[0].content, blocks, place)
            case "bullet_list_open" | "ordered_list_open":
                yield Bullets(tuple(_items(inner, place)), ordered=opening.type.startswith("ordered"))
            case "blockquote_open":
                yield _notice(inner, place)
        position = end + 1


def _end(tokens: Sequence[Token], start: int) -> int:
    level = tokens[start].level
    closings = (
        n for n in range(start + 1, len(tokens)) if tokens[n].level == level and tokens[n].nesting < 0
    )
    return next(closings, start)


def _heading(opening: Token, inner: Sequence[Token], place: _Place) -> Heading:
    level = int(opening.tag[1])
    if level > 3:
        raise place.error(inner[0].content, "a heading has one to three # signs; deeper ones are not set")
    return Heading(_text(inner[0].content), level)


def _paragraph(content: str, blocks: Blocks, place: _Place) -> Iterator[Block]:
    if found := _PLACED.match(content):
        prepared = blocks[found[1]]
        yield from prepared if isinstance(prepared, Sequence) else (prepared,)
        return
    first = content.splitlines()[0]
    if first.startswith(("```", "|")):
        what = "a table" if first.startswith("|") else "code"
        raise place.error(
            first, f'{what} cannot be written here; place a prepared one by {{{{ table("id") }}}}'
        )
    yield Paragraph(_text(content))


def _items(tokens: Sequence[Token], place: _Place) -> Iterator[str]:
    for number, token in enumerate(tokens):
        if token.type != "list_item_open":
            continue
        inner = tokens[number + 1 : _end(tokens, number)]
        if [it.type for it in inner] not in (["paragraph_open", "inline", "paragraph_close"], []):
            where = next((it.content for it in inner if it.type == "inline"), "")
            raise place.error(where, "a list item is one paragraph; lists in lists are not set")
        yield _text(inner[1].content if inner else "")


def _notice(tokens: Sequence[Token], place: _Place) -> Notice:
    contents = [token.content for token in tokens if token.type == "inline"]
    if not contents or any(token.type not in _IN_NOTICE for token in tokens):
        raise place.error(
            contents[0] if contents else ">", "a notice (lines that start with >) holds text only"
        )
    text = _text(" ".join(contents))
    found = _ALERT.match(text)
    warns = found is not None and found[1].upper() in {"WARNING", "CAUTION", "IMPORTANT"}
    return Notice(text[found.end() :] if found else text, "warning" if warns else "info")


def _text(content: str) -> str:
    """Join lines, and keep a relation and its number on one line: `*p* = .002`."""
    return _RELATION.sub("\u00a0\\1\u00a0", " ".join(line.strip() for line in content.splitlines()))


def _check_references(found: Sequence[Block], place: _Place) -> None:
    placed = [block.id for block in found if isinstance(block, Table | Figure)]
    for block in found:
        for text in _own_texts(block):
            for reference in markup.references(text):
                if reference not in placed:
                    raise place.error(
                        f"[@{reference}]",
                        f"[@{reference}] refers to a table or figure that is not placed"
                        f'{_near(reference, placed)}; place it by {{{{ table("{reference}") }}}}',
                    )


def _own_texts(block: Block) -> tuple[str, ...]:
    if isinstance(block, Bullets):
        return block.items
    return (block.text,) if isinstance(block, Paragraph | Heading | Notice) else ()


def _origin(error: BaseException, templates: Mapping[str, str], file: str) -> tuple[str, int]:
    """Return the template and line where an error arose: its innermost frame in a template."""
    name, number, trace = file, 1, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename in templates:
            name, number = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return name, number


def _located(name: str, number: int, message: str, line: str) -> str:
    return f"{name}:{number}: {message}\n    {number} | {line.strip()}"


def _line(templates: Mapping[str, str], name: str, number: int) -> str:
    lines = templates.get(name, "").splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""


def _nearest(message: str, context: Mapping[str, object]) -> str:
    undefined = re.match(r"'(\w+)' is undefined", message)
    return _near(undefined[1], context) if undefined else ""


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
