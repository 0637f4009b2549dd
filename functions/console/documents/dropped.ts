/** Files that were dropped or chosen, those in folders by their paths. */

export interface NamedFile {
  name: string;
  file: File;
}

/** What the command line leaves out of folders, too. */
const isLeftOut = (name: string) => name.startsWith('.') || name === 'node_modules';

export function chosenFiles(list: FileList | null): NamedFile[] {
  return [...(list ?? [])]
    .map((file) => ({ name: file.webkitRelativePath || file.name, file }))
    .filter(({ name }) => !name.split('/').some(isLeftOut));
}

/** The files of a drop; folders are gone through. Call it while the event is handled: what was dropped fades. */
export async function droppedFiles(data: DataTransfer): Promise<NamedFile[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry());
  const waiting = entries.filter((entry) => entry !== null);
  const files: NamedFile[] = [];
  for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
    const name = entry.fullPath.replace(/^\//, '');
    if (isFile(entry)) files.push({ name, file: await fileOf(entry) });
    else waiting.push(...(await entriesIn(entry as FileSystemDirectoryEntry)));
  }
  return files;
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** What is in a folder: the browser gives a hundred at a time. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all.filter(({ name }) => !isLeftOut(name));
    all.push(...some);
  }
}
