/** The thread that parses and splits documents. A hostile document ends this thread, not the process. */
import { workerData } from 'node:worker_threads';
import { passageText } from '../model/prompt.ts';
import { loadTokenizer, type Tokenizer } from '../model/tokenizer.ts';
import { serve } from '../threads.ts';
import type { DocumentSource } from './detect.ts';
import type { ReadDocument } from './index.ts';
import { parseDocument } from './parse.ts';
import { splitDocument } from './split.ts';

/** What the thread is started with. */
export interface DocumentWorkerData {
  tokenizerFile: string;
  maxTokens: number;
}

/** What the thread offers. */
export type DocumentMethods = {
  read: {
    args: { bytes: Uint8Array; source: DocumentSource };
    result: ReadDocument;
    /** The thread is up and turns to the document. */
    event: 'started';
  };
};

const { tokenizerFile, maxTokens } = workerData as DocumentWorkerData;
let loading: Promise<Tokenizer> | undefined;

serve<DocumentMethods>({
  read: async ({ bytes, source }, { emit }) => {
    loading ??= loadTokenizer(tokenizerFile);
    const tokenizer = await loading;
    emit('started');
    const document = await parseDocument(bytes, source);
    const encode = (text: string) => tokenizer.encode(text);
    const passages = splitDocument(document, { encode, passageText, maxTokens });
    return { title: document.title, metadata: document.metadata, passages };
  },
});
