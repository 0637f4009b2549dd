/** The process that parses and splits documents. A hostile document ends this process, not the server's. */
import { BlockragError } from '../errors.ts';
import { passageText } from '../model/prompt.ts';
import { loadTokenizer, type Tokenizer } from '../model/tokenizer.ts';
import { parseDocument } from './parse.ts';
import { splitDocument } from './passages/split.ts';
import { serveReads } from './process/serve-reads.ts';

/** Characters of a document's passages at most: what it costs the server, whatever a small file expands to. */
const MAX_TEXT = 64 * 1024 * 1024;

let loaded: { file: string; tokenizer: Promise<Tokenizer> } | undefined;

serveReads(async (bytes, { source, tokenizerFile, maxTokens, ocr }, { started, progress }) => {
  if (loaded?.file !== tokenizerFile) {
    loaded = { file: tokenizerFile, tokenizer: loadTokenizer(tokenizerFile) };
  }
  const tokenizer = await loaded.tokenizer;
  started();
  const document = await parseDocument(bytes, source, { ocr, onProgress: progress });
  const encode = (text: string) => tokenizer.encode(text);
  const passages = splitDocument(document, { encode, passageText, maxTokens });
  const length = passages.reduce((sum, { text }) => sum + text.length, 0);
  if (length > MAX_TEXT) {
    const message = `${source.name} holds ${length} characters, more than one document may: split the document.`;
    throw new BlockragError('document_too_complex', message, { data: { length, max: MAX_TEXT } });
  }
  return { title: document.title, metadata: document.metadata, passages, pages: document.pages };
});
