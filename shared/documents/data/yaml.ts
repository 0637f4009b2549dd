/** YAML: values as they are written, with the comments that people left beside them. */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type ParsedNode,
  Parser,
} from 'yaml';
import type { Block, Content } from '../types.ts';
import { type Data, dataBlocks, MAX_DEPTH } from './data-blocks.ts';

/** The parser takes a second for some megabytes; larger files are taken line by line. */
const MAX_LENGTH = 2 * 1024 * 1024;
/** Aliases repeat what they stand for; so much of it is written out. */
const MAX_NODES = 200_000;

/** Reads YAML of one document or several; what is not valid is taken line by line, as code. */
export function parseYaml(text: string): Content {
  const documents = text.length > MAX_LENGTH ? undefined : readDocuments(text);
  try {
    const blocks = documents?.flatMap((document) => documentBlocks(document));
    if (blocks !== undefined) return { blocks };
  } catch (error) {
    // Too deep, too many values, an alias of nothing.
    if (!(error instanceof RangeError)) throw error;
  }
  return { blocks: [{ kind: 'code', text }] };
}

/**
 * The documents; undefined where one is not valid. The composer recurses, and a regular expression that is compiled
 * deep in a recursion ends the process: depth is looked at before.
 */
function readDocuments(text: string): Document.Parsed[] | undefined {
  const tokens = [...new Parser().parse(text)];
  if (isDeep(tokens)) return undefined;
  const composer = new Composer({ schema: 'failsafe', logLevel: 'silent', uniqueKeys: false });
  const documents = [...composer.compose(tokens)];
  return documents.every(({ errors }) => errors.length === 0) ? documents : undefined;
}

function isDeep(tokens: readonly CST.Token[]): boolean {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return true;
    const within: (CST.Token | null | undefined)[] = [];
    if ('value' in token) within.push(token.value);
    if ('items' in token) for (const item of token.items) within.push(item.key, item.value);
    for (const child of within) if (child) open.push({ token: child, depth: depth + 1 });
  }
  return false;
}

function documentBlocks(document: Document.Parsed): Block[] {
  let nodes = 0;
  // The library's own look-up goes through the document each time.
  const anchors = new Map<string, unknown>();
  const toData = (node: unknown, depth: number): Data => {
    nodes++;
    if (nodes > MAX_NODES || depth > MAX_DEPTH) throw new RangeError('too many values');
    if (isAlias(node)) return toData(anchors.get(node.source), depth + 1);
    if (isNode(node) && 'anchor' in node && node.anchor) anchors.set(node.anchor as string, node);
    if (isMap(node)) {
      return {
        entries: node.items.map(({ key, value }) => ({
          key: isScalar(key) ? String(key.value) : String(key),
          value: toData(value, depth + 1),
          comment: commentOf(key as ParsedNode, value as ParsedNode | null),
        })),
      };
    }
    if (isSeq(node)) return { items: node.items.map((item) => toData(item, depth + 1)) };
    return isScalar(node) ? String(node.value ?? '') : '';
  };
  const comment = document.commentBefore?.trim();
  const blocks = document.contents === null ? [] : dataBlocks(toData(document.contents, 0));
  return comment ? [{ kind: 'text', text: comment }, ...blocks] : blocks;
}

function commentOf(key: ParsedNode, value: ParsedNode | null): string | undefined {
  const parts = [key?.commentBefore, value?.commentBefore, value?.comment];
  return parts.filter(Boolean).join('\n') || undefined;
}
