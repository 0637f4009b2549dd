/** Markdown (CommonMark and GitHub's tables, task lists, strikethrough), front matter apart. */
import type { ListItem, Nodes, RootContent } from 'mdast';
import { toString as textOf } from 'mdast-util-to-string';
import remarkFrontmatter from 'remark-frontmatter';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import { parseFragment } from './html.ts';
import { textOfBlock } from './html-blocks.ts';
import type { Block, Content } from './types.ts';

const parser = unified().use(remarkParse).use(remarkFrontmatter, ['yaml', 'toml']).use(remarkGfm);

/** Reads Markdown; the title is that of the front matter, if it has one. */
export function parseMarkdown(markdown: string): Content {
  const { children } = parser.parse(markdown);
  return { title: frontMatterTitle(children[0]), blocks: children.flatMap(blocksOf) };
}

function blocksOf(node: RootContent): Block[] {
  switch (node.type) {
    case 'heading':
      return [{ kind: 'heading', level: node.depth, text: inlineText(node) }];
    case 'blockquote':
    case 'footnoteDefinition':
      return node.children.flatMap(blocksOf);
    case 'list':
      return paragraph(listLines(node, '').join('\n'));
    case 'table': {
      const [header, ...rows] = node.children.map((row) => row.children.map(inlineText));
      return [{ kind: 'table', header, rows }];
    }
    case 'code':
      return [{ kind: 'code', text: node.value }];
    case 'html':
      return parseFragment(node.value);
    case 'yaml':
    case 'definition':
    case 'thematicBreak':
      return [];
    default:
      return isFrontMatter(node) ? [] : paragraph(inlineText(node));
  }
}

function paragraph(text: string): Block[] {
  return [{ kind: 'text', text }];
}

/** A list is one paragraph, an item one line or more; lists in lists are indented. */
function listLines(list: Extract<Nodes, { type: 'list' }>, indent: string): string[] {
  return list.children.flatMap((item, i) =>
    itemLines(item, indent, list.ordered ? `${(list.start ?? 1) + i}.` : '-'),
  );
}

function itemLines(item: ListItem, indent: string, marker: string): string[] {
  const inner = `${indent}  `;
  const lines = item.children.flatMap((child) => {
    if (child.type === 'list') return listLines(child, inner);
    return blocksOf(child).flatMap((block) =>
      textOfBlock(block)
        .split('\n')
        .map((line) => inner + line),
    );
  });
  const [first, ...rest] = lines;
  return [`${indent}${marker} ${first?.trimStart() ?? ''}`, ...rest];
}

/** Inline text without its marks; tags of inline HTML are dropped, what they enclose is kept. */
function inlineText(node: Nodes): string {
  if (node.type === 'break') return '\n';
  if (!('children' in node)) return textOf(node, { includeHtml: false, includeImageAlt: false });
  return node.children.map(inlineText).join('');
}

function isFrontMatter(node: RootContent | undefined): boolean {
  return node !== undefined && ['yaml', 'toml'].includes(node.type);
}

function frontMatterTitle(node: RootContent | undefined): string | undefined {
  if (node === undefined || !isFrontMatter(node) || !('value' in node)) return undefined;
  const title = /^title\s*[:=]\s*(.+)$/m.exec(node.value)?.[1]?.trim();
  return title?.replace(/^(["'])(.*)\1$/, '$2');
}
