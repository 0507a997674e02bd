import { storableText } from '../texts.ts';

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
/** Elements after which a new line begins, and those after which a new paragraph does. */
const LINE = /^(?:br|\/?tr|\/?dt|\/?dd)$/;
const PARAGRAPH = /^\/?(?:p|div|h[1-6]|ul|ol|table|pre|blockquote|hr|section|figure)$/;

/**
 * The text of HTML that a service has made safe, for people to read: with its lines and paragraphs, without its form.
 * What comes of it is stored as text and shown as text; it makes nothing safe.
 */
export function textOfHtml(html: string): string {
  const text = html.replaceAll(/<(\/?[a-z][a-z0-9]*)\b[^<>]*>/gi, (_tag, name: string) => {
    const element = name.toLowerCase();
    if (element === 'li') return '\n- ';
    if (element === 'td' || element === 'th') return ' ';
    return LINE.test(element) ? '\n' : PARAGRAPH.test(element) ? '\n\n' : '';
  });
  const plain = text
    .replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hexadecimal, name) => {
      if (name) return NAMED[name.toLowerCase()] ?? whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    })
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  // Entities may name halves of a pair, and NUL.
  return storableText(plain);
}
