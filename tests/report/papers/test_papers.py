"""A template and facts become HTML, PDF and Markdown in which no fact is ever markup."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest
from example_scan import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stillwatch.errors import ConfigurationError
from stillwatch.report.documents.visible import visible
from stillwatch.report.papers import Table, Templates, printed

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
MADE = datetime(2026, 9, 29, 12, tzinfo=UTC)
MARKUP = (
    *HOSTILE,
    "# heading", "- item", "1. one", "> quote", "| a | b |", "\\", "`code`", "*a* **b** __c__",
    "[x](javascript:alert(1))", "![x](http://x.example)", "<http://x.example>", "&lt;b&gt;",
    '#eval("1+1")', "#{panic()}", "$x$", "*bold* _under_", "@label <label>", "// no comment",
    '#import "@preview/x:1.0.0"', "\ue0000\ue001", "{{ 1 }}", "{% raw %}", "```\ncode\n```",
    "a\n\n# b", "    indented", "https://x.example/auto", "\\|", "|", "\u2028", "\x85",
)  # fmt: skip
ONE = """# {{ title }}

{{ text }}

| {{ text }} | b |
|---|--:|
| `{{ text }}` | **{{ text }}** |
"""


def made(folder, template, /, **facts):
    folder.mkdir(exist_ok=True)
    (folder / "x.en.md").write_text(template, "utf-8")
    templates = Templates(folder)
    return templates.paper("x", "en", facts, MADE), templates


def pdf_text(raw):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(raw)).pages)


def squeezed(text):
    """Return a text without white space: lines and words of a PDF break where it likes."""
    return "".join(text.split())


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.text.append(data)


def tags_of(raw):
    parser = Tags()
    parser.feed(raw.decode("utf-8"))
    return parser


@pytest.mark.parametrize("text", MARKUP, ids=ascii)
def test_a_value_is_text_in_html_and_markdown(tmp_path, text):
    paper, templates = made(tmp_path, ONE, title="T", text=text)
    plain, _ = made(tmp_path, ONE, title="T", text="plain")
    shown = "\n".join(visible(line, 20_000) for line in text.split("\n"))
    assert paper.blocks[0].runs[0].text == shown
    assert [type(block) for block in paper.blocks] == [type(block) for block in plain.blocks]
    html = tags_of(printed(paper, "html", templates)[0])
    benign = tags_of(printed(plain, "html", templates)[0])
    breaks = shown.count("\n")
    assert [tag for tag in html.tags if tag not in {"br", "bdi"}] == [
        tag for tag in benign.tags if tag not in {"br", "bdi"}
    ]
    assert html.tags.count("br") == 4 * breaks
    assert html.attributes == benign.attributes
    tokens = read_back(paper, templates)
    if text.strip():  # a paragraph of spaces is none in Markdown
        assert [t.type for t in tokens] == [t.type for t in read_back(plain, templates)]
    inner = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inner} <= {"text", "strong_open", "strong_close", "html_inline"}
    assert {child.content for child in inner if child.type == "html_inline"} <= {"<br>"}


def read_back(paper, templates):
    raw = printed(paper, "md", templates)[0].decode("utf-8")
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(raw)


def test_a_value_is_text_in_pdf(tmp_path):
    texts = [text for text in MARKUP if len(text) < 200]
    template = "# T\n\n{% for text in texts %}\n- {{ text }}\n{% endfor %}\n"
    paper, templates = made(tmp_path, template, texts=texts)
    raw, spelled = printed(paper, "pdf", templates)
    found = squeezed(pdf_text(raw))
    for text in texts:
        if text.isascii() and "\x00" not in text:
            assert squeezed("".join(visible(line) for line in text.split("\n"))) in found, text
    assert spelled == 2  # 名前
    assert "[U+540D][U+524D]" in found


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back_from_markdown(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    paper, templates = made(folder, "# T\n\nA {{ text }} b\n", text=text)
    assert len(paper.blocks) == 1
    raw = printed(paper, "md", templates)[0].decode("utf-8")
    tokens = MarkdownIt("commonmark", {"html": False}).parse(raw)
    assert [token.type for token in tokens][3:] == ["paragraph_open", "inline", "paragraph_close"]
    back = "".join(child.content for child in tokens[4].children)
    lines = "<br>".join(visible(line) for line in text.split("\n"))
    assert squeezed(back) == squeezed(f"A {lines} b")


def test_a_pdf_is_tagged_titled_and_of_a_language(tmp_path):
    paper, templates = made(tmp_path, ONE, title="Ein *Titel*", text="Wörter")
    raw, _ = printed(paper, "pdf", templates)
    reader = pypdf.PdfReader(io.BytesIO(raw))
    root = reader.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"] == "en"
    assert reader.metadata.title == "Ein *Titel*"
    assert reader.metadata.creation_date == MADE
    kinds = structure(root["/StructTreeRoot"])
    assert {"/Table", "/TH", "/TD", "/P"} <= kinds
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert "Ein *Titel*" in pdf_text(raw)


def structure(node, depth=0):
    """Return the kinds of the elements of a PDF's structure."""
    node = node.get_object()
    if not isinstance(node, dict) or depth > 40:
        return set()
    kids = node.get("/K", [])
    kids = kids if isinstance(kids, list) else [kids]
    found = {node["/S"]} if "/S" in node else set()
    for kid in kids:
        if not isinstance(kid, int):
            found |= structure(kid, depth + 1)
    return found


def test_the_same_facts_give_the_same_bytes(tmp_path):
    paper, templates = made(tmp_path, ONE, title="T", text="名 and text")
    for form in ("html", "md", "pdf"):
        assert printed(paper, form, templates) == printed(paper, form, templates)


def test_what_has_no_glyph_is_spelled_and_the_rest_is_drawn(tmp_path):
    text = "ñandú עברית العربية Ελληνικά Кириллица 漢字 ไทย 😀 e\u0301"
    paper, templates = made(tmp_path, "# T\n\n{{ text }}\n", text=text)
    raw, spelled = printed(paper, "pdf", templates)
    found = squeezed(pdf_text(raw))
    assert "[U+6F22][U+5B57]" in found
    assert "[U+1F600]" in found
    for drawn in ("ñandú", "Ελληνικά", "Кириллица"):
        assert drawn in found
    assert "U+05" not in found  # Hebrew is drawn
    assert f"{spelled}charactershavenoglyph" in found


def test_fonts_of_the_operator_draw_what_ours_do_not(tmp_path):
    folder = tmp_path / "fonts"
    folder.mkdir()
    if not FONT.exists():
        pytest.skip("the font to try is not on this machine")
    shutil.copy(FONT, folder)
    text = "ⵀⴰ"  # Tifinagh: in DejaVu Sans, not in what typst brings
    paper, templates = made(tmp_path / "t", "# T\n\n{{ text }}\n", text=text)
    _, without = printed(paper, "pdf", templates)
    _, beside = printed(paper, "pdf", templates, fonts=folder)
    assert (without, beside) == (2, 0)


@pytest.mark.parametrize("word", ["x" * 900, "y" * 40 + "<>" * 300, "ß" * 400])
def test_long_words_stay_on_the_page_and_are_copied_as_they_are(tmp_path, word):
    template = "# T\n\n{{ w }}\n\n- *{{ w }}*\n\n| a | b |\n|---|---|\n| {{ w }} | `{{ w }}` |\n"
    paper, templates = made(tmp_path, template, w=word)
    raw, _ = printed(paper, "pdf", templates)
    text = pdf_text(raw)
    assert max(map(len, text.splitlines())) < 260  # of the narrowest letters, in both columns
    assert "\u200b" not in text
    assert squeezed(text).count(word[0]) == 4 * word.count(word[0])


def test_words_that_run_leftward_keep_their_order(tmp_path):
    word = "אבגדהוזחטיכלמנסעפצקרשת" * 12
    paper, templates = made(tmp_path, "# T\n\n{{ w }}\n", w=word)
    text = pdf_text(printed(paper, "pdf", templates)[0])
    assert max(map(len, text.splitlines())) < 200
    assert squeezed(text).count("א") == 12


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# T\n\n{{ missing }}\n", "is undefined"),
        ("# T\n\n{% for %}\n", "TemplateSyntaxError"),
        ("# T\n\n{{ text.__class__.__mro__ }}\n", "SecurityError"),
        ("# T\n\n{{ items.append(1) }}\n", "SecurityError"),
        ("# T\n\n{{ 1 // 0 }}\n", "ZeroDivisionError"),
        ("# T\n\n{{ text | nothing }}\n", "No filter"),
        ("no title\n", "begin with its title"),
        ("", "begin with its title"),
        ("# T\n\n```\ncode\n```\n", "fence"),
        ("# T\n\n- a\n  - b\n", "in a list"),
        ("# T\n\n##### deep\n", "heading"),
    ],
)
def test_a_faulty_template_is_named(tmp_path, text, words):
    with pytest.raises(ConfigurationError, match=words) as refused:
        made(tmp_path, text, text="a", items=[1])
    assert "x.en.md" in refused.value.where


def test_html_in_a_template_is_text(tmp_path):
    paper, templates = made(tmp_path, "# T\n\n<script>alert(1)</script>\n\n![a](b)\n")
    assert "script" not in tags_of(printed(paper, "html", templates)[0]).tags
    assert "img" not in tags_of(printed(paper, "html", templates)[0]).tags


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://a.example/x?y=1&z=2", True),
        ("mailto:a@a.example", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ('https://a.example/">', False),
        ("https://[a", False),
        ("https://a.example/\n", False),
        ("", False),
    ],
)
def test_only_plain_addresses_become_links(tmp_path, address, kept):
    paper, templates = made(tmp_path, "# T\n\n[here]({{ address }})\n", address=address)
    html = tags_of(printed(paper, "html", templates)[0])
    assert (html.tags.count("a") == 1) is kept
    assert "here" in html.text


def test_templates_of_the_operator_take_the_place_of_ours(tmp_path):
    folder = tmp_path / "mine"
    written = Templates().write_out(folder)
    assert set(written) == set(Templates().names())
    assert Templates().write_out(folder) == []
    (folder / "page.html").write_text("<p>{{ paper.title }}</p>")
    paper, templates = made(folder, "# <b>\n")
    assert printed(paper, "html", templates)[0] == b"<p>&lt;b&gt;</p>"
    (folder / "page.typ").write_text("#panic()")
    with pytest.raises(ConfigurationError, match="does not compile") as refused:
        printed(paper, "pdf", templates)
    assert refused.value.where == str(folder / "page.typ")
    (folder / "page.html").write_text("{{ paper.nothing }}")
    with pytest.raises(ConfigurationError, match="faulty"):
        printed(paper, "html", templates)


def test_a_page_reads_nothing_but_its_data(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    for read in (f'read("{tmp_path}/secret.txt")', 'read("../secret.txt")', 'read("/etc/passwd")'):
        (tmp_path / "page.typ").write_text(f'#set document(title: "a")\n#{read}')
        paper, templates = made(tmp_path, "# T\n")
        with pytest.raises(ConfigurationError, match="does not compile"):
            printed(paper, "pdf", templates)


@pytest.mark.parametrize("language", ["xx", "../en", "en\x00", "", "e" * 300])
def test_a_language_without_a_template_is_named(language):
    with pytest.raises(ConfigurationError, match="no template of this paper in"):
        Templates().paper("campaign", language, {}, MADE)


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no such folder"):
        Templates(tmp_path / "none")


def test_a_table_has_its_alignment(tmp_path):
    paper, _ = made(tmp_path, "# T\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n")
    assert isinstance(paper.blocks[0], Table)
    assert paper.blocks[0].right == (False, True)
