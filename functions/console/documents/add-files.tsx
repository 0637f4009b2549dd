/** Adding files and folders: dropped anywhere on the page, or chosen. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { documents } from './documents.ts';
import { chosenFiles, droppedFiles } from './dropped.ts';
import { sendFiles } from './uploads.ts';

const say = texts.documents;
const DEFAULT = 'default';

/** @param collection the one that is looked at; '' for all */
export function AddFiles({ collection }: { collection: string }) {
  const { collections } = useStore(documents);
  const [into, setInto] = useState('');
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement | null>(null);
  const target = into.trim() || collection || DEFAULT;

  useEffect(() => {
    const isFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const drag = (event: DragEvent) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void droppedFiles(event.dataTransfer!).then((dropped) => sendFiles(dropped, target));
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [target]);

  const chosen = (input: HTMLInputElement) => {
    sendFiles(chosenFiles(input.files), target);
    // So that the same file can be chosen again.
    input.value = '';
  };
  return (
    <section class={over ? 'drop over' : 'drop'} aria-label={say.drop}>
      <Icon name="upload" />
      <div class="drop-text">
        <p class="drop-title">{over ? say.dropNow : say.drop}</p>
        <p class="quiet">{say.formats}</p>
      </div>
      <label class="field inline">
        <span>{say.into}</span>
        <input
          list="collections"
          value={into}
          placeholder={collection || DEFAULT}
          maxLength={512}
          onInput={(event) => setInto(event.currentTarget.value)}
        />
        <datalist id="collections">
          {collections.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
      <div class="drop-actions">
        <button type="button" class="button primary" onClick={() => files.current!.click()}>
          {say.choose}
        </button>
        <button type="button" class="button" onClick={() => folder.current!.click()}>
          <Icon name="folder" /> {say.chooseFolder}
        </button>
      </div>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-test="files"
        onChange={(event) => chosen(event.currentTarget)}
      />
      <input
        ref={(input) => {
          folder.current = input;
          if (input !== null) input.webkitdirectory = true;
        }}
        type="file"
        hidden
        data-test="folder"
        onChange={(event) => chosen(event.currentTarget)}
      />
    </section>
  );
}
