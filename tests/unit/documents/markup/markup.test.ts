import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../../shared/documents/parse.ts';
import { plainSections, utf8 } from '../../../support/document-fixtures.ts';

async function read(text: string, name: string) {
  const document = await parseDocument(utf8(text), { name });
  return { title: document.title, sections: plainSections(document) };
}

it('plain text has headings that are underlined, and no others', async () => {
  const text =
    'Guide\n=====\n\nText.\n\nPart\n----\nMore.\n\nName  Price\n-----------\nA1    3\n\nALL CAPS\n\n1. One\n';
  expect(await read(text, 'a.txt')).toEqual({
    title: 'Guide',
    sections: [
      { headings: [], content: ['Text.'] },
      { headings: ['Part'], content: ['More.', 'Name  Price\n-----------\nA1    3', 'ALL CAPS', '1. One'] },
    ],
  });
});

it('reStructuredText', async () => {
  const text = `=====
Guide
=====

Intro with \`\`code\`\`, :ref:\`the ferry <ferry>\` and \`site <https://a.example>\`_ [1]_.

.. toctree::
   other

Prices
------

====  =====
Name  Price
====  =====
A1    3
====  =====

.. note:: Mind the gap.

.. code-block:: python
   :linenos:

   def f():
       return 1

Run::

    ferry --now

.. [1] A footnote.
.. a comment
`;
  expect(await read(text, 'a.rst')).toEqual({
    title: 'Guide',
    sections: [
      { headings: [], content: ['Intro with code, the ferry and site (https://a.example) [1].'] },
      {
        headings: ['Prices'],
        content: [
          'Name | Price\nA1 | 3',
          'Note: Mind the gap.',
          'def f():\n    return 1',
          'Run:',
          'ferry --now',
          '[1] A footnote.',
        ],
      },
    ],
  });
});

describe('reStructuredText', () => {
  const content = async (text: string) =>
    (await read(text, 'a.rst')).sections.flatMap((section) => section.content);

  it.each([
    [
      'a grid table with cells of several lines',
      '+-----------+-------+\n| Long name | Price |\n| of a boat |       |\n+===========+=======+\n| Runa      | 3     |\n+-----------+-------+\n| all together      |\n+-----------+-------+\n\nAfter.',
      ['Long name of a boat | Price\nRuna | 3\nall together', 'After.'],
    ],
    [
      'a simple table with an empty line in it',
      '====  =====\nName  Price\n====  =====\nA1    3\n      kr\n\nB1    4\n====  =====\n\nAfter.',
      ['Name | Price\nA1 | 3 kr\nB1 | 4', 'After.'],
    ],
    [
      'a table of lists',
      '.. list-table:: Ports\n   :header-rows: 1\n\n   * - Port\n     - Depth\n   * - Lowe\n     - 9\n       metres\n',
      ['Ports\nPort | Depth\nLowe | 9 metres'],
    ],
    [
      'a table of CSV, whose header is an option',
      '.. csv-table:: Ships\n   :header: "Name", "Length"\n\n   "Alba, the old", 30\n',
      ['Ships\nName | Length\nAlba, the old | 30'],
    ],
  ])('reads %s', async (_what, text, expected) => {
    expect(await content(text)).toEqual(expected);
  });

  it('reads what stands in a directive as what stands outside of it', async () => {
    const text = `.. warning::

   Do not touch:

   .. code-block:: sh
      :caption: stop.sh

      halt

.. function:: depth(port)

   :returns: metres at low water

.. versionadded:: 2.0

.. math:: a^2 + b^2

.. image:: basin.png
   :alt: The basin in May
`;
    expect(await content(text)).toEqual([
      'Warning:',
      'Do not touch:',
      'stop.sh',
      'halt',
      'depth(port)',
      ':returns: metres at low water',
      'Added in version 2.0',
      'a^2 + b^2',
      'The basin in May',
    ]);
  });

  it('is read to its end however deep its directives are', async () => {
    const deep = Array.from({ length: 40 }, (_, i) => `${'   '.repeat(i)}.. note:: level ${i}`).join('\n');
    expect((await content(`${deep}\n\nThe end.`)).join('\n')).toMatch(
      /level 0[\s\S]*level 39[\s\S]*The end\./,
    );
  });
});

it('AsciiDoc', async () => {
  const text = `= Manual
:author: Ann Berg

Intro *bold*.

== Prices

|===
|Size |Price

|small
|3
|===

----
code
----

* one
** two
// a comment
`;
  expect(await read(text, 'a.adoc')).toEqual({
    title: 'Manual',
    sections: [
      { headings: [], content: ['author: Ann Berg'] },
      { headings: [], content: ['Intro bold.'] },
      { headings: ['Prices'], content: ['Size | Price\nsmall | 3', 'code', '- one\n  - two'] },
    ],
  });
});

it('org', async () => {
  const text = `#+TITLE: Notes
* Berths :harbour:
:PROPERTIES:
:ID: 7
:END:
Text with /italic/ and [[https://a.example][site]].
| Name | Price |
|------+-------|
| A1   | 3     |
** Code
#+BEGIN_SRC sh
  ls
#+END_SRC
`;
  expect(await read(text, 'a.org')).toEqual({
    title: 'Notes',
    sections: [
      {
        headings: ['Berths'],
        content: ['Text with italic and site (https://a.example).', 'Name | Price\nA1 | 3'],
      },
      { headings: ['Berths', 'Code'], content: ['ls'] },
    ],
  });
});

it('LaTeX', async () => {
  const text = String.raw`\documentclass{article}
\title{The \emph{Ferry}}
\author{Ann \& Bo}
\begin{document}
\maketitle
\section{Times}
It costs 5\,\% more, $x^2$; f\"ur \textbf{alle}. % a comment
\begin{itemize}
\item one
\end{itemize}
\begin{tabular}{ll}
Name & Price \\
A1 & 3 \\
\end{tabular}
\begin{verbatim}
code {x}
\end{verbatim}
\end{document}
`;
  expect(await read(text, 'a.tex')).toEqual({
    title: 'The Ferry',
    sections: [
      { headings: [], content: ['author: Ann & Bo'] },
      {
        headings: ['Times'],
        content: ['It costs 5 % more, x^2; für alle.\n- one', 'Name | Price\nA1 | 3', 'code {x}'],
      },
    ],
  });
});

describe('LaTeX', () => {
  it('keeps formulas, captions, rows and notes however their lines are cut', async () => {
    const text = String.raw`\author{Ada \and Bo}
\label{s} Text after a label\footnote{With a note
of two lines.} by~\cite{holm1872}.
\begin{equation} E = mc^2 \label{e} \end{equation}
\[ x = \frac{1}{2} \]
\begin{figure}\includegraphics[width=2cm]{crane.png}\caption{The crane.}\end{figure}
\begin{tabular}{@{}l|r@{}} \toprule
Port & Depth
 in m \\ \midrule
\multirow{2}{*}{Lowe} & 9 \\[2pt] Brenna & 7 \\
\multicolumn{2}{c}{Both dredged} \\
\end{tabular}
\begin{theorem}[Holm] Quays move. \end{theorem}
\begin{frame}{Rates} Five crowns. \end{frame}
`;
    expect(
      (await read(text, 'a.tex')).sections.flatMap(({ headings, content }) => [...headings, ...content]),
    ).toEqual([
      'author: Ada, Bo',
      'Text after a label (With a note\nof two lines.) by [holm1872].\nE = mc^2\nx = \\frac{1}{2}\nThe crane.',
      'Port | Depth in m\nLowe | 9\nBrenna | 7\nBoth dredged | ',
      'Theorem (Holm).\nQuays move.',
      'Rates',
      'Five crowns.',
    ]);
  });

  it('has letters of all of Europe', async () => {
    const text = String.raw`Stra\ss e, \O resund, \AA{}rhus, \ae, na\"{\i}ve, \v{s}, \c c, \'e, \l\'od\'z, 50\,\%.`;
    expect((await read(text, 'a.tex')).sections).toEqual([
      { headings: [], content: ['Straße, Øresund, Århus, æ, naïve, š, ç, é, łódź, 50 %.'] },
    ]);
  });
});

describe('subtitles', () => {
  it.each([
    [
      'a.srt',
      '1\n00:00:01,000 --> 00:00:04,000\n<i>Welcome</i> to Lowe.\n\n2\n00:00:05,000 --> 00:00:09,000\n{\\an8}The ferry\n\n3\n00:01:05,500 --> 00:01:08,000\nleaves.\n',
    ],
    [
      'a.vtt',
      'WEBVTT\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:04.000 align:start\nWelcome to <c.yellow>Lowe</c>.\n\n00:05.000 --> 00:09.000\nThe<00:00:05.500><c> ferry</c>\n\n00:01:05.000 --> 00:01:06.000\nThe ferry\n\n00:01:05.500 --> 00:01:08.000\nleaves.\n',
    ],
  ])('are what is said, with times: %s', async (name, text) => {
    expect((await read(text, name)).sections).toEqual([
      { headings: [], content: ['[00:00:01] Welcome to Lowe. The ferry', '[00:01:05] leaves.'] },
    ]);
  });
});

it('XML has titles for headings, and a line for each element with text', async () => {
  const text = `<?xml version="1.0"?><rss><channel><title>News</title><item><title>Ferry</title>
    <description>Leaves at <b>noon</b><![CDATA[ sharp]]>.</description><price currency="EUR">5</price></item></channel></rss>`;
  expect(await read(text, 'a.xml')).toEqual({
    title: 'News',
    sections: [{ headings: ['Ferry'], content: ['Leaves at noon sharp.', 'price currency: EUR\nprice: 5'] }],
  });
});

it('XML has tables as rows, pages in it as pages, and no pictures', async () => {
  const text = `<?xml version="1.0"?><book><title><p>Rates</p></title><table><tgroup><thead><row><entry>Boat</entry><entry>Fee</entry></row></thead>
    <tbody><row><entry><para>Sail</para></entry><entry>5</entry></row></tbody></tgroup></table>
    <encoded><![CDATA[<p>Paid <b>in cash</b>.</p><ul><li>North</li></ul>]]></encoded><binary>${'QUJD'.repeat(100)}</binary></book>`;
  expect(await read(text, 'a.xml')).toEqual({
    title: 'Rates',
    sections: [{ headings: [], content: ['Boat | Fee\nSail | 5', 'Paid in cash.', '- North'] }],
  });
});

it('XML that is not well-formed is read all the same', async () => {
  expect(JSON.stringify(await read('<?xml version="1.0"?><a><b>North & South</a>', 'a.xml'))).toContain(
    'North & South',
  );
});

describe('any text', () => {
  const signs = fc.constantFrom(...'*_`=-~#+|:[]<>{}\\$&.\n \t"\'/!?%ab1'.split(''));
  const text = fc.array(signs, { maxLength: 200 }).map((all) => all.join(''));

  it.each('rst adoc org tex xml txt csv json yaml eml log py'.split(' '))(
    'is read as .%s or refused by name',
    async (ending) => {
      await fc.assert(
        fc.asyncProperty(text, async (body) => {
          try {
            const document = await parseDocument(utf8(body), { name: `a.${ending}` });
            expect(document.sections.length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^document_/) });
          }
        }),
        { numRuns: 60 },
      );
    },
  );
});
