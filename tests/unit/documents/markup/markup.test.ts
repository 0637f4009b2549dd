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
          'Name  Price\nA1    3',
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

it('XML has titles for headings, and a line for each element with text', async () => {
  const text = `<?xml version="1.0"?><rss><channel><title>News</title><item><title>Ferry</title>
    <description>Leaves at <b>noon</b><![CDATA[ sharp]]>.</description><price currency="EUR">5</price></item></channel></rss>`;
  expect(await read(text, 'a.xml')).toEqual({
    title: 'News',
    sections: [{ headings: ['Ferry'], content: ['Leaves at noon sharp.', 'price currency: EUR\nprice: 5'] }],
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
