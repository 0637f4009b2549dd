/** A file on its way, in the list of documents. */
import { formatBytes, formatPercent } from '../format.ts';
import { IconButton, Meter } from '../parts/controls.tsx';
import { texts } from '../texts.ts';
import { dismiss, sendAgain, type Upload } from './uploads.ts';

const say = texts.documents;

export function UploadRow({ upload }: { upload: Upload }) {
  const { id, name, file, collection, state, sent, failure } = upload;
  const share = file.size === 0 ? 0 : sent / file.size;
  const advice = failure && say.whatToDo[failure.code];
  return (
    <tr class="upload">
      <td class="name">
        <strong>{name}</strong>
      </td>
      <td class="wide-only">{collection}</td>
      <td class="status">
        {state === 'refused' ? (
          <>
            <span class="badge failed">{say.refused}</span>
            <p class="reason" role="alert">
              {failure?.message} {advice}
            </p>
          </>
        ) : (
          <>
            <span class="badge pending">
              {state === 'waiting' ? say.sendWaits : say.sending(formatPercent(share))}
            </span>
            <Meter value={share} label={name} />
          </>
        )}
      </td>
      <td class="wide-only number">{formatBytes(file.size)}</td>
      <td class="wide-only" />
      <td class="actions">
        {state === 'refused' && (
          <IconButton icon="replace" label={say.retry(name)} onClick={() => sendAgain(id)} />
        )}
        <IconButton
          icon="close"
          label={state === 'refused' ? say.dismiss(name) : say.stopSending(name)}
          onClick={() => dismiss(id)}
        />
      </td>
    </tr>
  );
}
