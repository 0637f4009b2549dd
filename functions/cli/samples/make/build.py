"""Builds ../handbook.pdf and ../annual-report-2024.docx from the texts beside this file.

  python3 -m pip install reportlab==5.1.0 python-docx==1.2.0
  python3 build.py

The texts: "# " the title, "## " a heading, paragraphs between empty lines. The outputs are the same bytes
on every run: no file records the time of its making.
"""

import datetime
import io
import zipfile
from pathlib import Path

import docx
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate

HERE = Path(__file__).parent
AUTHOR = "Tarnsey Trust"
MADE = datetime.datetime(2025, 1, 31)


def read(name: str) -> list[tuple[str, str]]:
    """(kind, text) of every paragraph; kind is title, heading or text."""
    parts = []
    for part in (HERE / name).read_text().strip().split("\n\n"):
        marks, _, rest = part.partition(" ")
        kind = {"#": "title", "##": "heading"}.get(marks)
        parts.append((kind, rest) if kind else ("text", part))
    return parts


def build_pdf(source: str, target: str) -> None:
    text = ParagraphStyle("text", fontName="Times-Roman", fontSize=10.5, leading=14, spaceAfter=6)
    styles = {
        "title": ParagraphStyle("title", parent=text, fontName="Times-Bold", fontSize=17, leading=21),
        "heading": ParagraphStyle(
            "heading", parent=text, fontName="Times-Bold", fontSize=12.5, spaceBefore=8, keepWithNext=True
        ),
        "text": text,
    }
    parts = read(source)
    document = SimpleDocTemplate(
        str(HERE.parent / target),
        pagesize=A5,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        title=parts[0][1],
        author=AUTHOR,
        invariant=True,
    )
    document.build([Paragraph(part, styles[kind]) for kind, part in parts])


def build_docx(source: str, target: str) -> None:
    document = docx.Document()
    parts = read(source)
    about = document.core_properties
    about.title, about.author, about.comments = parts[0][1], AUTHOR, ""
    about.created = about.modified = MADE
    for kind, part in parts:
        style = {"title": "Title", "heading": "Heading 1", "text": "Normal"}[kind]
        document.add_paragraph(part, style=style)
    packed = io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as made, zipfile.ZipFile(HERE.parent / target, "w") as out:
        for name in made.namelist():
            entry = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            out.writestr(entry, made.read(name), zipfile.ZIP_DEFLATED)


build_pdf("handbook.txt", "handbook.pdf")
build_docx("annual-report-2024.txt", "annual-report-2024.docx")
