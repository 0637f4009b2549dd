import { expect, it } from 'vitest';
import { isAboutDocuments } from '../../../shared/retrieval/about-documents.ts';

it.each([
  'What is this document about?',
  'Summarize this document.',
  'Give me a short overview of the collection.',
  'What is this about?',
  'TL;DR',
  'Worum geht es hier?',
  'Fasse das Dokument kurz zusammen.',
  'De quoi parle ce document ?',
  '¿De qué trata este documento?',
  'Di cosa parla questo documento?',
  'О чём этот документ?',
  'Кратко изложи содержание.',
  '这份文件讲的是什么？',
  '总结一下这份文档',
  '要約して',
  'この文書は何についてですか。',
  '이 문서를 요약해 주세요',
  'لخص هذا المستند',
  'סכם את המסמך',
  'इस दस्तावेज़ का सारांश दीजिए',
  'สรุปเอกสารนี้',
  'Bu belge ne hakkında?',
  'What is handbook.md about?',
  'Summarize reports/annual-2024.pdf',
  'handbook.mdを要約して',
])('is about the documents: %s', (question) => {
  expect(isAboutDocuments(question)).toBe(true);
});

it.each([
  'Who are you?',
  'What is the wifi password?',
  'Summarize the leave policy',
  'What does the safety document say about fire?',
  'Worum geht es beim Urlaub?',
  'Who wrote handbook.md?',
  'Wie geht es dir?',
  'Какой пароль?',
  '密码是什么？',
  'ポンプを直すのは誰ですか。',
  '',
])('is about something in them, or nothing: %s', (question) => {
  expect(isAboutDocuments(question)).toBe(false);
});
