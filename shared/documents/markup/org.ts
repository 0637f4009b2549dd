/** Org: headlines, blocks, tables and lists; inline marks are dropped. */

import type { Content } from '../types.ts';
import { MarkupBlocks, nextLine } from './markup-lines.ts';

/** A drawer of properties has fewer lines. */
const MAX_DRAWER = 50;

/** Reads org. */
export function parseOrg(text: string): Content {
  const lines = text.split('\n');
  const found = new MarkupBlocks();
  const metadata: Record<string, string> = {};
  let title: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const headline = /^(\*{1,30}) (\S.*)$/.exec(line);
    const keyword = /^\s{0,20}#\+(\w{1,40}):\s?(.*)$/.exec(line);
    const begin = /^\s{0,20}#\+begin_(\w{1,40})/i.exec(line)?.[1]?.toLowerCase();
    if (headline !== null) {
      found.heading(headline[1]!.length, inlineOrg(headline[2]!.replace(/[ \t]{1,80}:[\w@#%:]{1,80}:$/, '')));
    } else if (begin !== undefined) {
      const close = `#+end_${begin}`;
      const end = nextLine(lines, at + 1, (each) => each.trim().toLowerCase() === close);
      const body = lines.slice(at + 1, end);
      if (begin === 'quote' || begin === 'verse' || begin === 'center') {
        found.end();
        for (const each of body) found.text(inlineOrg(each));
        found.end();
      } else if (begin !== 'comment') found.code(body);
      at = end;
    } else if (keyword !== null) {
      const name = keyword[1]!.toLowerCase();
      if (name === 'title') title = keyword[2]!;
      else if (['author', 'date', 'email', 'description', 'keywords'].includes(name))
        metadata[name] = keyword[2]!;
      else if (name === 'caption') found.text(inlineOrg(keyword[2]!));
    } else if (/^\s{0,80}\|/.test(line)) {
      if (/^\s{0,80}\|[-+|]*$/.test(line)) continue;
      found.row(
        line
          .trim()
          .replace(/^\||\|$/g, '')
          .split('|')
          .map((cell) => inlineOrg(cell.trim())),
      );
    } else if (line.trim() === ':PROPERTIES:') {
      const drawer = lines.slice(at + 1, at + 1 + MAX_DRAWER).map((each) => each.trim());
      if (drawer.includes(':END:')) at += 1 + drawer.indexOf(':END:');
    } else if (line.trim() === '') found.end();
    else if (!/^\s{0,20}# /.test(line))
      found.text(inlineOrg(line.replace(/^\s{0,20}: /, '').replace(/^\s{0,20}(?![\s+-])/, '')));
  }
  return { title, metadata, blocks: found.end() };
}

function inlineOrg(text: string): string {
  return text
    .replace(/\[\[([^[\]]{1,500})\]\[([^[\]]{1,500})\]\]/g, (_all, target: string, shown: string) =>
      /^(?:https?|mailto|tel):/.test(target) && target !== shown ? `${shown} (${target})` : shown,
    )
    .replace(/\[\[([^[\]]{1,500})\]\]/g, '$1')
    .replace(/(?<![\w*/=~])([*/=~])([^\s*/=~](?:[^*/=~]{0,300}[^\s*/=~])?)\1(?![\w*/=~])/g, '$2');
}
