import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../shared/documents/parse.ts';
import { plainSections, plainText } from '../../support/document-fixtures.ts';

const HEAD = 'From: Ann Berg <ann@example.org>\r\nTo: =?utf-8?Q?Bj=C3=B6rn?= <b@example.org>\r\n';
const read = (text: string, name = 'mail.eml') => parseDocument(Buffer.from(text, 'latin1'), { name });

describe('a message', () => {
  const message =
    `${HEAD}Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\nDate: Tue, 4 Mar 2025 10:00:00 +0100\r\nMIME-Version: 1.0\r\n` +
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=windows-1252\r\n' +
    'Content-Transfer-Encoding: 8bit\r\n\r\nDie F\xe4hre kostet 5 \x80 \x96 \x84gut\x93.\r\n\r\nBis dann.\r\n--b\r\n' +
    'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n\r\nx\r\n--b--\r\n';

  it('has its headers as metadata, its text in its charset, and the names of what is attached', async () => {
    const document = await read(message);
    expect(document).toMatchObject({
      title: 'Grüße',
      metadata: {
        From: 'Ann Berg <ann@example.org>',
        To: 'Björn <b@example.org>',
        Date: 'Tue, 4 Mar 2025 10:00:00 +0100',
        Subject: 'Grüße',
      },
    });
    expect(plainText(document).slice(1)).toEqual([
      'Die Fähre kostet 5 € – „gut“.',
      'Bis dann.',
      'Attachments: plan.pdf',
    ]);
  });

  it('is read as a page where it has no text, or a pointer to the page only', async () => {
    const page = '<h1>Ferry</h1><p>It leaves at noon on Tuesdays and at three on Fridays.</p>';
    const html = `${HEAD}Subject: x\r\nContent-Type: text/html\r\n\r\n${page}`;
    expect(plainText(await read(html))).toContain('It leaves at noon on Tuesdays and at three on Fridays.');
    const both =
      `${HEAD}Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n` +
      `See HTML.\r\n--b\r\nContent-Type: text/html\r\n\r\n${page}\r\n--b--`;
    expect(plainText(await read(both))).toContain('It leaves at noon on Tuesdays and at three on Fridays.');
  });
});

it('a report of what could not be delivered says why', async () => {
  const report =
    'From: post@b\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\nIt came back.\n' +
    '--b\nContent-Type: message/delivery-status\n\nAction: failed\nDiagnostic-Code: smtp; 550 unknown user\n--b--\n';
  expect(plainText(await read(report)).join('\n')).toContain('Diagnostic-Code: smtp; 550 unknown user');
});

it('an invitation says when and where', async () => {
  const invitation =
    'From: post@b\nSubject: Dredging\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee you.\n' +
    '--b\nContent-Type: text/calendar; charset=utf-8\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nLOCATION:Quay 4\nEND:VEVENT\nEND:VCALENDAR\n--b--\n';
  expect(plainText(await read(invitation)).join('\n')).toContain('See you.\nLOCATION: Quay 4');
});

describe('a box of messages', () => {
  it('has each under its subject', async () => {
    const box =
      'From a@b Mon Jan  1 00:00:00 2024\nFrom: a@b\nSubject: One\n\nFirst.\n\n>From here on.\n\n' +
      'From c@d Mon Jan  1 00:00:00 2024\nFrom: c@d\nSubject: Two\n\nSecond.\n';
    const document = await read(box, 'all.mbox');
    expect(plainSections(document)).toEqual([
      { headings: ['One'], content: ['From: a@b\nSubject: One', 'First.', 'From here on.'] },
      { headings: ['Two'], content: ['From: c@d\nSubject: Two', 'Second.'] },
    ]);
  });
});
