import { describe, expect, it } from 'vitest';
import { contentHeaders } from '../../../shared/api/content-headers.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('headers of an original', () => {
  it('let a browser show a PDF in a sandbox, and save all else', () => {
    const pdf = contentHeaders('a/b/Käse "1".pdf', bytes('%PDF-1.7 ...'));
    expect(pdf['content-type']).toBe('application/pdf');
    expect(pdf['content-disposition']).toBe("inline; filename*=UTF-8''K%C3%A4se%20%221%22.pdf");
    const page = contentHeaders('page.html', bytes('<script>alert(1)</script>'));
    expect(page).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''page.html",
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
  });

  it('name no folders, and always something', () => {
    const named = (name: string) => contentHeaders(name, bytes(''))['content-disposition'];
    expect(named('..\\..\\x.txt')).toBe("attachment; filename*=UTF-8''x.txt");
    expect(named('folder/')).toBe("attachment; filename*=UTF-8''document");
    expect(named("it's (1)*.txt")).toBe("attachment; filename*=UTF-8''it%27s%20%281%29%2a.txt");
  });
});
