import { isValidElement, type VNode } from 'preact';
import { describe, expect, it } from 'vitest';
import { Markdown } from '../../../../functions/console/ask/markdown.tsx';

/** Elements as text: tag(...), with the address of links. */
function show(node: unknown): string {
  if (Array.isArray(node)) return node.map(show).join('');
  if (node === null || node === undefined || typeof node === 'boolean') return '';
  if (!isValidElement(node)) return String(node);
  const { type, props } = node as VNode<{
    children?: unknown;
    href?: string;
    dangerouslySetInnerHTML?: unknown;
  }>;
  expect(props.dangerouslySetInnerHTML).toBeUndefined();
  return `<${String(type)}${props.href === undefined ? '' : ` ${props.href}`}>${show(props.children)}</>`;
}
const opened: number[] = [];
const shown = (text: string, sources = 3) => {
  const cite = (n: number) => (n >= 1 && n <= sources ? () => opened.push(n) : undefined);
  const whole = Markdown({ text, cite }) as VNode<{ children: unknown }>;
  return show(whole.props.children);
};

describe('Markdown of answers', () => {
  it('has paragraphs, headings, lists, quotes, code and tables', () => {
    expect(shown('One **two** *three* `four`\nfive')).toBe(
      '<p>One <strong>two</> <em>three</> <code>four</>\nfive</>',
    );
    expect(shown('# Head\n\ntext')).toBe('<p>Head</><p>text</>');
    expect(shown('- a\n  - b\n- c')).toBe('<ul><li><p>a</><ul><li>b</></></><li>c</></>');
    expect(shown('3. a\n4. b')).toBe('<ol><li>a</><li>b</></>');
    expect(shown('> said\n> so')).toBe('<blockquote><p>said\nso</></>');
    expect(shown('```js\nlet a = "<b>";\n```')).toBe('<pre><code>let a = "<b>";</></>');
    expect(shown('| a | b |\n|---|---|\n| 1 | 2 |')).toBe(
      '<div><table><thead><tr><th>a</><th>b</></></><tbody><tr><td>1</><td>2</></></></></>',
    );
  });

  it('leaves HTML, scripts, images and foreign addresses as text', () => {
    const hostile =
      '<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) ![i](https://x.test/i.png)';
    expect(shown(hostile)).toBe(
      '<p><script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) !<a https://x.test/i.png>i</></>',
    );
    expect(shown('[data](data:text/html,x) [s](//evil.test)')).toBe(
      '<p>[data](data:text/html,x) [s](//evil.test)</>',
    );
    expect(shown('see https://a.test/b, then')).toBe(
      '<p>see <a https://a.test/b>https://a.test/b</>, then</>',
    );
  });

  it('makes buttons of the numbers of sources, and of no others', () => {
    expect(shown('so [1], not [9] or a[i]')).toBe('<p>so <button>1</>, not [9] or a[i]</>');
  });

  it('takes what is not closed, and what is nested without end, as text', () => {
    expect(shown('**open and `code')).toBe('<p>**open and `code</>');
    expect(shown('snake_case_name and 2 * 3 * 4')).toBe('<p>snake_case_name and 2 * 3 * 4</>');
    expect(shown('```\nnever closed')).toBe('<pre><code>never closed</></>');
    expect(shown(`${'> '.repeat(500)}deep`)).toContain('deep');
    expect(shown(`${'[*'.repeat(20_000)}`).length).toBeGreaterThan(40_000);
  });
});
