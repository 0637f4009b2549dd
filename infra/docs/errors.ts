/** docs/reference/errors.md, from shared/errors.ts and shared/error-meanings.ts. */
import { ERROR_MEANINGS } from '../../shared/error-meanings.ts';
import { ERROR_STATUS, type ErrorCode } from '../../shared/errors.ts';
import { code, generatedFrom, table } from './markdown.ts';

const INTRODUCTION = `# Errors

Every error has a stable \`code\`. Codes are part of the API and are never renamed. The message is one sentence that says what is wrong and what to do; it may change, so programs should look at the code.

| where | form |
|---|---|
| library | a \`BlockragError\` with \`code\`, \`message\`, \`status\` and \`data\` (facts of this error: numbers and names) |
| REST API | a problem document (RFC 9457, \`application/problem+json\`); the facts stand beside the other fields |
| \`/v1/models\`, \`/v1/chat\`, \`/v1/embeddings\` | OpenAI's shape, from which OpenAI clients make an \`APIError\` |
| event streams | the event \`error\` with the same object; a stream that ends without its last event was cut off |
| command line | one line on stderr, or JSON on stdout with \`--json\`; the exit code is 1, for \`cancelled\` 130 |

\`\`\`
HTTP/1.1 404 Not Found
content-type: application/problem+json

{"type":"about:blank","title":"document not found","status":404,"code":"document_not_found","detail":"There is no document doc_0."}
\`\`\`
\`\`\`json
{"error":{"message":"There is no collection \\"station\\": add documents first.","type":"not_found_error","param":null,"code":"collection_not_found"}}
\`\`\`
\`\`\`
error: The question is empty. (question_empty)
\`\`\`

- 429 and 503 come with \`Retry-After\` in seconds, 401 with \`WWW-Authenticate\`.
- Requests that failed may be sent again with the same \`Idempotency-Key\`: [documents.md](../guide/documents.md#send-a-request-again).
- The detail of \`internal\` says nothing about the cause; the server's log does, under the request's id (\`x-request-id\`).
- A document that was accepted and cannot be read has the status \`failed\`, and its code in \`error\`.

## Codes
`;

export function errorsPage(): string {
  const rows = Object.entries(ERROR_STATUS).map(([name, status]) => [
    code(name),
    String(status),
    ERROR_MEANINGS[name as ErrorCode],
  ]);
  return [
    generatedFrom('shared/errors.ts and shared/error-meanings.ts'),
    INTRODUCTION,
    table(['code', 'HTTP status', 'what it means, and what to do'], rows),
  ].join('\n');
}
