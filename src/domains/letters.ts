/**
 * Letters that are one code point and do not decompose, and how they are written where the keyboard has none of them.
 * In lower case; what decomposes (é, ş, ǿ but for its stroke) is left to Unicode.
 */
const UNDECOMPOSED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ȷ: 'j',
  ŧ: 't',
  ŋ: 'n',
  ĸ: 'k',
  ƒ: 'f',
  ɓ: 'b',
  ɖ: 'd',
  ɗ: 'd',
  ƙ: 'k',
  ƴ: 'y',
  ə: 'e',
  ɛ: 'e',
  ɔ: 'o',
  ǝ: 'e',
  ɨ: 'i',
  ʉ: 'u',
  ɩ: 'i',
  ʋ: 'v',
  ƶ: 'z',
  ɣ: 'g',
  ς: 'σ',
};
const TO_REPLACE = new RegExp(`[${Object.keys(UNDECOMPOSED).join('')}]`, 'gu');
/**
 * Marks that a writer may leave out: all of Latin and Greek, the stress marks of Cyrillic and the dots of ё. Not the
 * breve of й, nor what makes another letter in other scripts (ガ, the vowels of Devanagari).
 */
const MARKS =
  /(?<=[\p{Script=Latin}\p{Script=Greek}][\u0300-\u036f]{0,30})[\u0300-\u036f]|(?<=\p{Script=Cyrillic})[\u0300\u0301]|(?<=е)\u0308/gu;
const IS_ASCII = /^[\0-\x7f]*$/;

/**
 * The form in which letters are compared: without case, compatibility forms (full-width, ligatures) and accents, and
 * with ł, ø, đ, ı, œ, æ, ð, þ, ħ, ß as they are written without them. Composed (NFC). Linear; throws nothing.
 */
export function foldLetters(text: string): string {
  if (IS_ASCII.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(MARKS, '')
    .replace(TO_REPLACE, (letter) => UNDECOMPOSED[letter] ?? letter)
    .normalize('NFC');
}
