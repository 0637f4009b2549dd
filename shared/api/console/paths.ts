/** Whether a path belongs to the Console. */
export function isConsole(path: string): boolean {
  return path === '/' || path.startsWith('/console/');
}
