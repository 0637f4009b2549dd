/** E-mail: a message (.eml, .mht) or a box of them (.mbox), with the names of what is attached. */
import PostalMime, { type Address, type Email } from 'postal-mime';
import { withoutControls } from './charsets/charset.ts';
import { parseFragment } from './html/html.ts';
import { parseLines, parseText } from './text.ts';
import type { Block, Content } from './types.ts';

/** The text part is taken where it has at least this share of what the page has: it may be a mere pointer to it. */
const MIN_TEXT_SHARE = 0.5;

/** Reads one message, or all of a box, each under its subject. */
export async function parseEmail(bytes: Uint8Array): Promise<Content> {
  const messages: Email[] = [];
  for (const part of messagesOf(bytes)) messages.push(await PostalMime.parse(part));
  const [only, ...more] = messages;
  if (only !== undefined && more.length === 0) {
    const metadata = Object.fromEntries(headersOf(only));
    return { title: only.subject && withoutControls(only.subject), metadata, blocks: bodyOf(only) };
  }
  return {
    blocks: messages.flatMap((message): Block[] => [
      { kind: 'heading', level: 1, text: withoutControls(message.subject || 'No subject') },
      {
        kind: 'code',
        text: headersOf(message)
          .map(([name, value]) => `${name}: ${value}`)
          .join('\n'),
      },
      ...bodyOf(message),
    ]),
  };
}

function headersOf({ from, to, cc, date, subject, headers: raw }: Email): [string, string][] {
  const headers: [string, string][] = [
    ['From', from === undefined ? '' : addressText(from)],
    ['To', (to ?? []).map(addressText).join(', ')],
    ['Cc', (cc ?? []).map(addressText).join(', ')],
    // As it is written: the hour at the sender's place.
    ['Date', raw.find(({ key }) => key === 'date')?.value ?? date ?? ''],
    ['Subject', subject ?? ''],
  ];
  return headers.filter(([, value]) => value !== '').map(([name, value]) => [name, withoutControls(value)]);
}

function addressText({ name, address, group }: Address): string {
  if (group !== undefined) return `${name}: ${group.map(addressText).join(', ')}`;
  return name && address ? `${name} <${address}>` : name || address || '';
}

function bodyOf({ text = '', html = '', attachments }: Email): Block[] {
  const plain = parseText(withoutControls(text).replace(/\r\n/g, '\n')).blocks;
  const page = html === '' ? [] : parseFragment(withoutControls(html));
  const takesText = page.length === 0 || size(plain) >= size(page) * MIN_TEXT_SHARE;
  const names = attachments
    // A page's own pictures and styles are none.
    .filter(
      ({ disposition, related, mimeType }) =>
        disposition !== 'inline' && related !== true && mimeType !== 'text/css',
    )
    .map(({ filename, mimeType }) => filename || mimeType);
  const list: Block[] =
    names.length === 0 ? [] : [{ kind: 'text', text: `Attachments: ${names.join(', ')}` }];
  const report = attachments
    .filter(({ mimeType }) => mimeType === 'message/delivery-status' || mimeType === 'text/calendar')
    .flatMap(({ content }) => parseLines(withoutControls(textOf(content)).replace(/\r\n/g, '\n')).blocks);
  return [...(takesText ? plain : page), ...report, ...list];
}

function textOf(content: string | ArrayBuffer | Uint8Array): string {
  return typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('utf8');
}

function size(blocks: readonly Block[]): number {
  return blocks.reduce(
    (sum, block) => sum + (block.kind === 'table' ? block.rows.flat().join('').length : block.text.length),
    0,
  );
}

/** A box parts its messages by lines "From ..." after an empty line; in a message such lines have a ">" before them. */
function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.toString('latin1', 0, 5) !== 'From ') return [data];
  const starts = [0];
  for (const mark of ['\n\nFrom ', '\n\r\nFrom ']) {
    for (let at = data.indexOf(mark); at >= 0; at = data.indexOf(mark, at + 1))
      starts.push(at + mark.length - 5);
  }
  starts.sort((a, b) => a - b);
  return starts.map((start, i) => {
    const message = data.subarray(data.indexOf('\n', start) + 1, starts[i + 1] ?? data.length);
    return Buffer.from(message.toString('latin1').replace(/^>(>{0,20}From )/gm, '$1'), 'latin1');
  });
}
