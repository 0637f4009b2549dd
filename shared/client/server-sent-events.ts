/** Server-sent events of a response, as they come (WHATWG HTML, 9.2). */

export interface ServerSentEvent {
  /** `message` where the event has no name. */
  event: string;
  data: string;
  /** Milliseconds after which a client asks again, once the stream has ended. */
  retry?: number;
}

/** Events with data, in their order; comments are passed over. Leaving the loop cancels the response. */
export async function* serverSentEvents(
  response: Response,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const records = (buffered + value).split(/\r?\n\r?\n/);
      buffered = records.pop()!;
      for (const record of records) {
        const event = parseRecord(record);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parseRecord(record: string): ServerSentEvent | undefined {
  let event = 'message';
  let retry: number | undefined;
  const data: string[] = [];
  for (const line of record.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
    if (field === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  }
  if (data.length === 0) return undefined;
  return { event, data: data.join('\n'), ...(retry !== undefined && { retry }) };
}
