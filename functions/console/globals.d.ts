/** Folder of what the viewer of PDF loads on demand, from its own place; set by infra/console/build.ts. */
declare const PDF_FILES: string;

/** The URL of the worker, relative to the module that imports it. */
declare module 'pdfjs-dist/build/pdf.worker.min.mjs' {
  const url: string;
  export default url;
}
