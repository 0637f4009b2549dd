import { describe, expect, it } from 'vitest';
import { parseFragment, parseHtml } from '../../../../shared/documents/html/html.ts';
import { blockText } from '../../../../shared/documents/passages/pieces.ts';
import type { Block } from '../../../../shared/documents/types.ts';

const plain = (blocks: readonly Block[]) =>
  blocks.map((block) =>
    block.kind === 'heading' ? `${'#'.repeat(block.level)} ${block.text}` : blockText(block),
  );
const read = (html: string) => plain(parseFragment(html));
const table = (html: string) => parseFragment(html).filter(({ kind }) => kind === 'table');

describe('what a reader of the page sees', () => {
  it.each([
    ['closed details', '<details><summary>Pay?</summary>In cash.</details>', ['Pay?', 'In cash.']],
    [
      'the panels of tabs, hidden ones too',
      '<button role=tab aria-controls=b>Ice</button><div role=tabpanel hidden>Closed.</div><div id=b hidden>Open.</div>',
      ['Ice', 'Closed.', 'Open.'],
    ],
    [
      'an answer that a button in a heading shows',
      '<h2><button aria-expanded=false aria-controls=a>Water?</button></h2><p id=a style="display:none">Yes.</p>',
      ['## Water?', 'Yes.'],
    ],
    ['what follows the root', '<html><body><p>red</p></body></html><p>green</p>', ['red', 'green']],
    [
      'asides and footers',
      '<article>Text.</article><aside><h2>Hours</h2>8-12</aside><footer>Knot Lane 4</footer>',
      ['Text.', '## Hours', '8-12', 'Knot Lane 4'],
    ],
    [
      'captions of figures',
      '<figure><img alt="Map"><figcaption>The basin</figcaption></figure>',
      ['Map', 'The basin'],
    ],
    ['titles of frames', 'a<iframe title="Chart of tides"></iframe>b', ['a', 'Chart of tides', 'b']],
    ['words in drawings', '<svg><title>t</title><text>80 m</text></svg>', ['80 m']],
    [
      'what a link of a list of tabs shows',
      '<ul><li><a href="#size">Size</a></ul><div id=size style="display: none">12 kg</div>',
      ['- Size', '12 kg'],
    ],
    [
      'the formulas of an encyclopedia, once',
      '<p>Law: <span><span class="mwe-math-mathml-inline" style="display: none;"><math><mi>F</mi><mo>=</mo><msup><mi>v</mi><mn>2</mn></msup><annotation>F=v^2</annotation></math></span><img class="mwe-math-fallback-image-inline" aria-hidden="true" alt="{\\displaystyle F=v^{2}}"></span>.</p>',
      ['Law: F=v^2.'],
    ],
    [
      'a formula that is a picture only',
      '<p>Law: <img class="mwe-math-fallback-image-inline" aria-hidden="true" alt="{\\displaystyle F=ma}">.</p>',
      ['Law: F=ma.'],
    ],
    [
      'a formula once that has another form for screen readers',
      '<p>Sum: <span class="MathJax"><nobr aria-hidden="true"><span>a</span><span>+b</span></nobr><span class="MJX_Assistive_MathML"><math><mi>a</mi><mo>+</mo><mi>b</mi></math></span></span>.</p>',
      ['Sum: a+b.'],
    ],
    [
      'values beside each other apart',
      '<input value=4><output>42 kr</output><progress value=7>70 %</progress>',
      ['4 42 kr 70 %'],
    ],
    [
      'the names of tabs and cards that are components',
      '<Tabs><TabItem value="a" label="Linux">apt</TabItem><Card title="Rates">5 kr</Card></Tabs>',
      ['Linux', 'apt', 'Rates', '5 kr'],
    ],
    [
      'ticks that styles and attributes tell',
      '<ul class="inline-task-list"><li class="checked">a<li>b</ul><ul><li><div class="checkbox checkbox-on"></div> c</ul><ul data-checked="false"><li>d</ul>',
      ['- [x] a\n- [ ] b', '- [x] c', '- [ ] d'],
    ],
    [
      'macros and tasks of a wiki’s own format',
      '<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">sh</ac:parameter><ac:plain-text-body><![CDATA[echo <a> &\n halt]]></ac:plain-text-body></ac:structured-macro><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Oil</ac:task-body></ac:task>',
      ['echo <a> &\n halt', '[x] Oil'],
    ],
    [
      'text that is raised, and none that is struck, by style sheets',
      '<style>.c1{vertical-align:super}.c2{color:red;text-decoration:line-through}</style><p>12 m<span class="c1">3</span><span class="c2">old</span>, 4 m<span style="vertical-align: super">2</span>',
      ['12 m^3, 4 m^2'],
    ],
    ['headings by role', '<div role=heading aria-level=3>Mast</div>x', ['### Mast', 'x']],
    ['what breaks the rules', '<p>a <b>b <i>c</p><p>d', ['a b c', 'd']],
  ])('keeps %s', (_what, html, expected) => {
    expect(read(html)).toEqual(expected);
  });

  it('keeps the values of forms', () => {
    const html = `<label>Name</label><input value="Runa"><br><select><option>Sail<option selected>Motor</select><br>
      <input type=checkbox checked> Fuel <input type=radio> Gas <input type=hidden value=no><textarea>two
lines</textarea><input type=submit value=Send>`;
    expect(read(html)).toEqual(['Name Runa\nMotor\n[x] Fuel [ ] Gas two\nlines']);
  });

  it('puts a tick before the label in the next element', () => {
    expect(read('<div><input type=checkbox checked></div><div>Fuel</div>')).toEqual(['[x] Fuel']);
  });
});

describe('what is no text of the page', () => {
  it.each([
    [
      'scripts, styles and templates',
      '<script>a</script><style>b</style><template>c</template><noscript>d</noscript>',
    ],
    ['navigation', '<nav>Home</nav><div role=navigation>Menu</div><ol class=breadcrumb><li>Home</ol>'],
    ['hidden elements', '<p hidden>a</p><p style="color:red; display: none">b</p>'],
    ['banners about cookies', '<div id=cookie-banner>We use cookies <button>OK</button></div>'],
    ['dialogs about cookies', '<div role=dialog>This site uses cookies.</div>'],
    ['links past the navigation', '<a href="#main">Skip to content</a>'],
    ['icons', '<i class=icon aria-hidden=true>menu</i>'],
    [
      'menus of links',
      '<aside class=sidebar><a href="/a">Subscribe</a></aside><footer><a href="/b">About</a></footer>',
    ],
    ['tools', '<button>Copy</button>'],
    [
      'struck text',
      '<del>a</del><s>b</s><strike>c</strike><span style="text-decoration: line-through">d</span>',
    ],
  ])('is left out: %s', (_what, html) => {
    expect(read(`<p>before</p>${html}<p>after</p>`)).toEqual(['before', 'after']);
  });

  it('is no heading of a page about cookies, nor an address in a link', () => {
    const html = `<div class=cookie><h1>Cookies</h1><p>${'Bake them. '.repeat(400)}</p></div>
      <footer><a href="/map">Knot Lane 4</a> <a href="mailto:a@b.example">Write</a></footer>`;
    expect(read(html)).toEqual([
      '# Cookies',
      expect.stringMatching(/^Bake/),
      'Knot Lane 4 Write (a@b.example)',
    ]);
  });

  it('is the mark beside a heading', () => {
    expect(read('<h2>Ropes<a class=headerlink href="#ropes">¶</a></h2>x')).toEqual(['## Ropes', 'x']);
  });
});

describe('a line', () => {
  it.each([
    ['12<sup>3</sup> m<sup>2</sup> 10<sup>-3</sup>', '12^3 m^2 10^-3'],
    ['x<sup>n+1</sup> y<sub>a b</sub> H<sub>2</sub>O', 'x^(n+1) y_(a b) H_2O'],
    ['Keel<sup>®</sup> by Lowe<sup>™</sup>', 'Keel® by Lowe™'],
    ['the 1<sup>st</sup>, M<sup>me</sup> D, e<sup>x</sup>', 'the 1st, Mme D, e^x'],
    ['250<sup><a href="#f">1</a></sup> berths<sup>[2]</sup>', '250 [1] berths [2]'],
    ['<sup>1</sup> Without the pontoon. <sup>14</sup>C', '[1] Without the pontoon. ^14C'],
    ['a<br>b<wbr>c', 'a\nbc'],
    ['<q>Ahoy</q> <abbr title=x>IBAN</abbr>', '“Ahoy” IBAN'],
    ['<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>', '漢字(かんじ)'],
    ['港は\n広い open\nsea', '港は広い open sea'],
    ['<img alt="A red buoy">, <img src=a.png alt="a.png"><img>', 'A red buoy ,'],
    ['<span role=img aria-label="4 of 5">★</span>', '4 of 5'],
    ['<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac></math>', '(a+b)/c'],
    ['<math><msup> <mi>x</mi> <mn>2</mn> </msup><mo>=</mo><msqrt><mi>y</mi></msqrt></math>', 'x^2=√y'],
  ])('%s', (html, text) => {
    expect(read(`<p>${html}</p>`)).toEqual([text]);
  });

  it.each([
    ['<a href="mailto:pilots@lowe.example?subject=x">the pilots</a>', 'the pilots (pilots@lowe.example)'],
    ['<a href="mailto:a@b.example">a@b.example</a>', 'a@b.example'],
    ['<a href="tel:+4755501234">the office</a>', 'the office (+4755501234)'],
    ['<a href="tel:+4755501234">555 01 234</a>', '555 01 234'],
    ['<a href="tel:+47555"><i aria-hidden=true>x</i></a>', '+47555'],
    ['<a href="https://lowe.example/a">the site</a>', 'the site (https://lowe.example/a)'],
    ['<a href="https://www.lowe.example/">lowe.example</a>', 'lowe.example'],
    [
      '<a href="https://www.google.com/url?q=https://lowe.example/a%3Fb%3D1&sa=D&usg=x">rates</a>',
      'rates (https://lowe.example/a?b=1)',
    ],
    ['<a href="/a">near</a> <a href="#b">here</a> <a href="javascript:x()">tool</a>', 'near here tool'],
  ])('tells where a link leads: %s', (html, text) => {
    expect(read(`<p>${html}</p>`)).toEqual([text]);
  });

  it('is a footnote that is named as one, without the brackets of its link back', () => {
    const html = `<p>Fees<a href="#f1" id=r1 role=doc-noteref>[1]</a> rise<a epub:type=noteref href="#f2">2</a>.</p><p>Next.</p>
      <aside id=f1 role=doc-footnote><span class=label>[<a role=doc-backlink href="#r1">1</a>]</span><p>By law.</p></aside>
      <aside id=f2 epub:type=footnote><p>In May.</p></aside>`;
    expect(read(html)).toEqual(['Fees [1] rise [2].', '[1] By law.', '[2] In May.', 'Next.']);
  });

  it('is a note in another part of a book', () => {
    expect(read('<p>Salt<a href="notes.xhtml#n2"><sup>2</sup></a>.</p>')).toEqual(['Salt [2].']);
  });

  it('is a footnote after the block that refers to it', () => {
    const html = `<p>One<sup id=r1><a href="#n1">1</a></sup> and two<sup><a id=r2 href="#n2">2</a></sup>.</p><p>Next.</p>
      <ol><li id=n1>First. <a href="#r1">↩</a></li><li id=n2>Second. <a href="#r2">↑</a></li></ol>`;
    expect(read(html)).toEqual(['One [1] and two [2].', '[1] First.', '[2] Second.', 'Next.']);
  });
});

describe('a list', () => {
  it.each([
    ['<ul><li>a<ul><li>b</ul><li><p>c</p><p>d</p></ul>', '- a\n  - b\n- c\n  d'],
    ['<ol start=3><li>x<li value=7>y<li>z</ol>', '3. x\n7. y\n8. z'],
    ['<ol type=a><li>x<li>y</ol>', 'a. x\nb. y'],
    ['<ol type=I start=4><li>x</ol>', 'IV. x'],
    ['<ol reversed><li>x<li>y</ol>', '2. x\n1. y'],
    ['<ul><li><input type=checkbox checked> a<li><input type=checkbox> b</ul>', '- [x] a\n- [ ] b'],
    ['<dl><dt>Draught<dd>3 m<dt>LOA<dt>Length<dd>42 m<dd>50 m</dl>', 'Draught: 3 m\nLOA, Length: 42 m; 50 m'],
    ['<dl><dt>1. Ropes<dt>2. Sails</dl>', '1. Ropes\n2. Sails'],
  ])('%s', (html, text) => {
    expect(read(html)).toEqual([text]);
  });

  it('of cards with headings is read as sections', () => {
    expect(read('<ul><li><h3>Sail</h3>a<li><h3>Motor</h3>b</ul>')).toEqual([
      '### Sail',
      'a',
      '### Motor',
      'b',
    ]);
  });
});

describe('a table', () => {
  it('fills its spans, and knows its caption and a header of two rows', () => {
    const html = `<table><caption>Prices</caption><thead><tr><th rowspan=2>Boat<th colspan=2>Season<tr><th>Low<th>High
      <tbody><tr><td rowspan=2>Sail<td>10<td>20<tr><td colspan=2>free<tr><td>Motor<td>30<td>40</table>`;
    expect(table(html)).toEqual([
      {
        kind: 'table',
        caption: 'Prices',
        header: ['Boat', 'Season Low', 'Season High'],
        rows: [
          ['Sail', '10', '20'],
          ['Sail', 'free', 'free'],
          ['Motor', '30', '40'],
        ],
      },
    ]);
  });

  it.each([
    ['a row of th', '<tr><th>a<th>b<tr><td>1<td>2'],
    ['a corner without a name', '<tr><td> <th>b<tr><td>1<td>2'],
    ['bold letters', '<tr><td><b>a</b><td><p><strong>b</strong></p><tr><td>1<td>2'],
  ])('has a header told by %s', (_what, rows) => {
    expect(table(`<table>${rows}</table>`)).toMatchObject([
      { header: [expect.any(String), 'b'], rows: [['1', '2']] },
    ]);
  });

  it('has header cells beside its rows', () => {
    expect(table('<table><tr><th>Name<td>Runa<tr><th>Length<td>12 m</table>')).toMatchObject([
      {
        header: undefined,
        rows: [
          ['Name', 'Runa'],
          ['Length', '12 m'],
        ],
      },
    ]);
  });

  it('keeps lists, headings, breaks and ticks of cells on one line', () => {
    const html = `<table><tr><td>9<br>12<td><ul><li>a<li>b</ul><tr><td><h4>Note</h4><p>x</p>
      <td><input type=checkbox checked></table>`;
    expect(table(html)).toMatchObject([
      {
        rows: [
          ['9 12', 'a; b'],
          ['Note x', '[x]'],
        ],
      },
    ]);
  });

  it('keeps the tables in it as tables of their own, after it', () => {
    const html = `<table><tr><td>North<td>South<tr><td><table><tr><td>N1<td>N2<tr><td>N3<td>
      <table><tr><td>I<td>II<tr><td>III<td>IV</table></table><td>Rate B</table>After`;
    expect(read(html)).toEqual(['North | South\n | Rate B', 'N1 | N2\nN3 | ', 'I | II\nIII | IV', 'After']);
  });

  it.each([
    ['its role', '<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>', ['a', 'b', 'c', 'd']],
    ['its only column', '<table><tr><td><h1>Site</h1><tr><td><p>Text</p></table>', ['# Site', 'Text']],
    ['its only row of blocks', '<table><tr><td><p>a</p><td><p>b</p></table>', ['a', 'b']],
  ])('lays out a page by %s', (_what, html, expected) => {
    expect(read(html)).toEqual(expected);
  });

  it('is one by its role, however its rows are wrapped', () => {
    const html = `<div role=grid><div role=rowgroup><div role=row><div><span role=columnheader>Port</span></div><span role=columnheader>Depth</span></div></div>
      <div role=row><div role=gridcell>Lowe</div><div role=gridcell>9 m</div></div></div>`;
    expect(table(html)).toMatchObject([{ header: ['Port', 'Depth'], rows: [['Lowe', '9 m']] }]);
  });

  it('keeps a second head where it stands', () => {
    const html = `<table><thead><tr><th>A<th>B<tbody><tr><td>1<td>2<thead><tr><th>C<th>D<tbody><tr><td>3<td>4</table>`;
    expect(table(html)).toMatchObject([
      {
        header: ['A', 'B'],
        rows: [
          ['1', '2'],
          ['C', 'D'],
          ['3', '4'],
        ],
      },
    ]);
  });

  it('says what the icons of its cells say that hold nothing else', () => {
    const html = `<table><tr><th>Berth<th>Power<th>Water<tr><td>A<td><i class="fa fa-check" aria-hidden=true></i><td><i class="bi bi-x"></i>
      <tr><td>B<td><span title="on request"></span><td><i class="fa fa-check"></i> May only</table>`;
    expect(table(html)).toMatchObject([
      {
        rows: [
          ['A', '✓', '✗'],
          ['B', 'on request', 'May only'],
        ],
      },
    ]);
  });

  it('of a thousand columns and spans repeats a bounded amount of text', () => {
    const rows = '<tr><td colspan=1000>xxxxxxxxxx<td>y'.repeat(3000);
    const [block] = table(`<table>${rows}</table>`);
    const cells = block?.kind === 'table' ? block.rows.flat() : [];
    expect(cells.filter((cell) => cell === 'y')).toHaveLength(3000);
    expect(cells.join('').length).toBeLessThan(3_000_000);
  });
});

describe('code', () => {
  it.each([
    ['as it stands', '<pre>  if (x)\n\n    y();\n</pre>', '  if (x)\n\n    y();'],
    ['with the lines that elements are', '<pre><div>a</div><div> b</div></pre>', 'a\n b'],
    [
      'without numbers in its lines',
      '<pre><span class=linenos>1</span>a\n<a href="#L2">2</a>b</pre>',
      'a\nb',
    ],
    [
      'without a column of numbers',
      '<table><tr><td class=linenos><pre>1\n2</pre><td><pre>a\nb</pre></table>',
      'a\nb',
    ],
    ['without a column that counts', '<table><tr><td><pre>8\n9</pre><td><pre>a\nb</pre></table>', 'a\nb'],
    [
      'a row a line',
      '<table><tr><td class=blob-num>1<td class=blob-code>  a<tr><td class=blob-num>2<td class=blob-code>b</table>',
      '  a\nb',
    ],
    ['by its style', '<div style="white-space: pre">a  b</div>', 'a  b'],
  ])('is kept %s', (_what, html, text) => {
    expect(parseFragment(html)).toEqual([{ kind: 'code', text }]);
  });
});

describe('a page', () => {
  it('states its title and metadata', () => {
    const head = `<title>Berths | Lowe</title><meta name=author content="Ida Brun"><meta name=description content=All>
      <meta property="article:published_time" content="2025-03-01"><meta property="og:title" content=Other>`;
    expect(parseHtml(`<html><head>${head}</head><body><svg><title>x</title></svg>`)).toMatchObject({
      title: 'Berths | Lowe',
      metadata: { author: 'Ida Brun', date: '2025-03-01', description: 'All' },
    });
  });

  it('takes the title for sharing when it has no other', () => {
    expect(parseHtml('<meta property="og:title" content=Berths><p>x').title).toBe('Berths');
  });

  it('may be XHTML, whose elements end in themselves', () => {
    const html =
      '<?xml version="1.0"?><html><head><title/><script src="a.js"/></head><body><a id="x"/><p>Text.</p></body></html>';
    expect(plain(parseHtml(html).blocks)).toEqual(['Text.']);
  });

  it.each([
    ['divisions', '<div>'.repeat(10_000)],
    ['divisions, a million', '<div>'.repeat(1_000_000)],
    ['lists', '<ul><li>'.repeat(10_000)],
    ['tables', '<table><tr><td>'.repeat(3000)],
    ['letters', '<b>'.repeat(10_000)],
    ['raised letters', '<sup>'.repeat(10_000)],
    ['ends of nothing', `${'<i>'.repeat(10_000)}${'</b>'.repeat(100_000)}`],
    ['comments', '<!-- a -->'.repeat(100_000)],
    ['bold blanks', '<b> </b>'.repeat(100_000)],
  ])('is read to its end after 10,000 %s', (_what, html) => {
    expect(read(`${html}<p>deep</p>`).some((text) => text.includes('deep'))).toBe(true);
  });

  it.each([
    ['tables nested too deeply', '<table><tr><td>'.repeat(30_000)],
    [
      'unclosed letters that multiply',
      `<p>${Array.from({ length: 500 }, (_, i) => `<b id=${i}>`).join('')}${'<p>x'.repeat(5000)}`,
    ],
  ])('is refused for %s', (_what, html) => {
    expect(() => parseHtml(html)).toThrow(expect.objectContaining({ code: 'document_too_complex' }));
  });
});
