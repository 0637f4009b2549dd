/** A model file on this machine. */
export interface ModelFile {
  /** Absolute path of the GGUF file, or of the model's directory. */
  file: string;
  /** SHA-256 of its content, of all of a directory's files together; 64 hex digits. */
  sha256: string;
  /** The known model's name, or the file's name without .gguf. */
  name: string;
  /** Whether the content was checked against a SHA-256 that the source publishes or the user gave. */
  verified: boolean;
}
