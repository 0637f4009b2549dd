import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { detectType } from '../../../../shared/documents/kinds/detect.ts';
import { fixture, utf8 } from '../../../support/document-fixtures.ts';

const detect = (text: string, name: string, mediaType?: string) =>
  detectType(utf8(text), { name, mediaType });

async function zipOf(...names: string[]): Promise<Uint8Array> {
  const zip = new ZipFile();
  for (const name of names) zip.addBuffer(Buffer.from('x'), name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe('detectType', () => {
  it.each([
    ['README', 'text'],
    ['LICENSE', 'text'],
    ['notes.unheard-of', 'text'],
    ['guide.RST', 'rst'],
    ['a.org', 'org'],
    ['a.adoc', 'asciidoc'],
    ['a.tex', 'latex'],
    ['tide.py', 'code'],
    ['db/schema.sql', 'code'],
    ['Makefile', 'code'],
    ['.env', 'code'],
    ['run.log', 'log'],
    ['a.tsv', 'csv'],
    ['a.ndjson', 'json'],
    ['a.yml', 'yaml'],
    ['feed.rss', 'xml'],
    ['mail.eml', 'email'],
  ])('%s is %s', (name, type) => {
    expect(detect('Some text.', name)).toBe(type);
  });

  it.each([
    ['text/csv', 'csv'],
    ['application/ld+json', 'json'],
    ['application/atom+xml', 'xml'],
    ['text/x-python; charset=utf-8', 'code'],
    ['text/anything', 'text'],
    ['application/octet-stream', 'text'],
    ['__proto__', 'text'],
  ])('a name that tells nothing, of %s, is %s', (mediaType, type) => {
    expect(detect('Some text.', 'document', mediaType)).toBe(type);
  });

  it.each([
    ['<!-- saved --> <!-- twice -->\n<!DOCTYPE html><p>x', 'html'],
    ['\ufeff<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html/>', 'html'],
    ['  <html lang="en"><p>x', 'html'],
    ['<?xml version="1.0"?><feed/>', 'xml'],
    ['#!/bin/sh\nls', 'code'],
    ['Received: by a\nMIME-Version: 1.0\nSubject: x\n\nHi', 'email'],
    ['From: Ann\nTo: Bo\n\nA memo.', 'text'],
    ['<htmlish>', 'text'],
    ['<!-- never closed', 'text'],
  ])('%j without a name is %s', (text, type) => {
    expect(detect(text, 'download')).toBe(type);
  });

  it('sees a page in UTF-16', () => {
    expect(detectType(Buffer.from('\ufeff<html><p>x', 'utf16le'), { name: 'a' })).toBe('html');
  });

  it('looks at comments once, however many there are', () => {
    expect(detect(`${'<!-- a -->'.repeat(6_000)}x`, 'a.txt')).toBe('text');
  });

  it.each([
    ['word/document.xml', 'docx'],
    ['word/document2.xml', 'docx'],
    ['xl/workbook.xml', 'xlsx'],
    ['ppt/presentation.xml', 'pptx'],
    ['META-INF/container.xml', 'epub'],
    ['content.xml', 'odt'],
  ])('an archive with %s is %s, whatever its name', async (entry, type) => {
    expect(detectType(await zipOf('[Content_Types].xml', entry), { name: 'a.bin' })).toBe(type);
  });

  it('does not take an archive for a document because its bytes hold such a name', async () => {
    const bytes = await zipOf('notes/word/document.xml.txt');
    expect(() => detectType(bytes, { name: 'a' })).toThrow(/ZIP archive: unpack it/);
  });

  it('reads a document as its name says when its directory is cut off', () => {
    const bytes = fixture('guide.docx');
    expect(detectType(bytes.subarray(0, bytes.length / 2), { name: 'a.docx' })).toBe('docx');
  });

  const ole = (stream: string) =>
    Buffer.concat([
      Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      Buffer.alloc(512),
      Buffer.from(`${stream}\0`, 'utf16le'),
    ]);

  it.each([
    ['a.doc', ole('WordDocument'), /Word document of before 2007: save it as DOCX/],
    ['a.docx', ole('WordDocument'), /Word document of before 2007/],
    ['a.xls', ole('Workbook'), /save it as XLSX or CSV/],
    ['a.ppt', ole('PowerPoint Document'), /save it as PPTX/],
    ['a.msg', ole('__nameid_version1.0'), /a file of an old Office format/],
    ['a.rtf', utf8('{\\rtf1\\ansi Hello}'), /RTF document: save it as DOCX/],
    ['a.ps', utf8('%!PS-Adobe-3.0\n'), /PostScript file: convert it to PDF/],
    ['a.jpg', Buffer.from('ffd8ffe000104a464946', 'hex'), /JPEG picture: run OCR/],
    ['a.gz', Buffer.from('1f8b0800000000000003', 'hex'), /gzip archive: unpack it/],
    ['a.exe', Buffer.from('4d5a90000300', 'hex'), /a program/],
    ['a.bin', Buffer.from('0001020304050607', 'hex'), /of no known type, and no text/],
  ])('says what %s is and what to do', (name, bytes, message) => {
    expect(() => detectType(bytes, { name })).toThrow(
      expect.objectContaining({ code: 'document_type_unknown' }),
    );
    expect(() => detectType(bytes, { name })).toThrow(message);
  });

  it('takes text that starts as a binary format does', () => {
    expect(detect('MZ and BM are the marks of programs and pictures.', 'a')).toBe('text');
  });

  it('knows an Office document with a password', () => {
    const bytes = ole('EncryptedPackage');
    expect(() => detectType(bytes, { name: 'a' })).toThrow(/protected by a password/);
  });
});
