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
  // One letter of the Arabic script, as the keyboards of different languages write it.
  ٱ: 'ا',
  ى: 'ي',
  ی: 'ي',
  ې: 'ي',
  ک: 'ك',
  ہ: 'ه',
  ھ: 'ه',
  ە: 'ه',
};
const TO_REPLACE = new RegExp(`[${Object.keys(UNDECOMPOSED).join('')}]`, 'gu');
/**
 * Marks that a writer may leave out: all of Latin and Greek, the stress marks of Cyrillic and the dots of ё, the points
 * of Hebrew, the vowels, hamzas and tatweel of Arabic, and circles around a character. Not the breve of й, nor what
 * makes another letter in other scripts (ガ, the vowels of Devanagari).
 */
const MARKS =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single marks are what is looked for
  /(?<=[\p{Script=Latin}\p{Script=Greek}][\u0300-\u036f]{0,30})[\u0300-\u036f]|(?<=\p{Script=Cyrillic})[\u0300\u0301]|(?<=е)\u0308|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u20dd-\u20e4]/gu;
/**
 * What stands for an apostrophe in the middle of a word: typographic ones, accents and primes taken for one, and the
 * letters that are written like one (the ʻokina, ayin and hamza in Latin letters, saltillo, geresh). For a class of
 * characters.
 */
export const APOSTROPHES =
  "'\u2019\u2018\u201b\u02bc\u02bb\u02bd\u02be\u02bf\u02b9`\u00b4\u2032\uff07\u055a\ua78b\ua78c\u05f3";
/** What is not seen: soft hyphens, joiners, spaces without width, marks of direction, selectors of a variant. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Arabic, Persian and Devanagari digits; each row begins with its zero. */
const DIGITS = /[٠-٩۰-۹०-९]/gu;
const IS_ASCII = /^[\0-\x7f]*$/;

/**
 * The form in which letters are compared: without case, compatibility forms (full-width, ligatures), accents, vowel
 * points and what is invisible; with ł, ø, đ, ı, œ, æ, ð, þ, ħ, ß as they are written without them, and one form of
 * each Arabic letter and digit. Composed (NFC). Linear; throws nothing.
 */
export function foldLetters(text: string): string {
  if (IS_ASCII.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(INVISIBLE, '')
    .replace(MARKS, '')
    .replace(DIGITS, digitOf)
    .replace(TO_REPLACE, (letter) => UNDECOMPOSED[letter] ?? letter)
    .normalize('NFC');
}

function digitOf(digit: string): string {
  const code = digit.charCodeAt(0);
  return String(code < 0x900 ? code & 0xf : code - 0x966);
}

/** How letters are written out in pieces where the keyboard has none of them, beside the letter without its mark. */
const WRITTEN_OUT: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ø: 'oe',
  å: 'aa',
  đ: 'dj',
};
const TO_WRITE_OUT = new RegExp(`[${Object.keys(WRITTEN_OUT).join('')}]`, 'gu');

/** A text in small letters with ä, ö, ü, ø, å and đ written in two ("Jürgen" as juergen); null if it has none of them. */
export function writtenOut(text: string): string | null {
  if (IS_ASCII.test(text)) return null;
  const small = text.normalize('NFC').toLowerCase();
  const written = small.replace(TO_WRITE_OUT, (letter) => WRITTEN_OUT[letter] ?? letter);
  return written === small ? null : written;
}
