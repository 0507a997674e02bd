/** A part of a text that must not be kept anywhere but in its turn. Offsets in UTF-16 code units. */
export interface Secret {
  readonly reason: 'password' | 'key' | 'card number' | 'account number' | 'identity number' | 'code';
  readonly start: number;
  readonly end: number;
}

/*
 * The libraries that know secrets (secretlint and the like) are asynchronous, read source code, and know no passwords in
 * sentences; those for check digits are larger than what is needed of them here.
 */

/** Tokens that say by their form what they are. */
const TOKENS =
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{12,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{15,}|\bxox[abeoprs]-[\w-]{10,}|\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{30,}|\bhf_[A-Za-z0-9]{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bdop_v1_[a-f0-9]{40,}|\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}|\bwhsec_[\w-]{16,}|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}|\b\d{8,10}:[A-Za-z0-9_-]{32,}|\b(?:r8|gsk|pplx|xai|nvapi|lin_api|sq0atp|EAAA|key|token|secret)[-_][A-Za-z0-9_-]{16,}/g;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,30}(?:PRIVATE KEY|PGP MESSAGE)[A-Z ]{0,10}-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|$)/g;
const URL_PASSWORD = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{1,100}:[^\s@/]{1,100}@[^\s]*/gi;
/** `OPENAI_KEY=…`, `password: …` in what looks like a setting; what stands before it in its name is added (`nameBefore`). */
const SETTING =
  /(?:key|token|secret|password|passwd|passphrase|pwd|credential)[\w-]{0,60}["']?\s{0,20}(?:=|:=|=>|:(?!\/\/))\s{0,20}["']?[^\s"',;]{4,}["']?/gi;
/** Fifteen groups at most: a number written in fours, or without spaces. */
const DIGITS = /(?<![\p{L}\p{N}.,])(?:\d[ -]?){11,22}\d(?![\p{L}\p{N}])/gu;
const IBAN = /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?:[ -]?[A-Z0-9]{1,3})?\b/gi;
const SOCIAL_SECURITY = /\b\d{3}-\d{2}-\d{4}\b/g;
const OPAQUE = /(?<![\p{L}\p{N}/._-])[A-Za-z0-9+/=_-]{20,}(?![\p{L}\p{N}])/gu;

const PASSWORD =
  /\b(?:pass-?\s?words?|pass-?codes?|pass-?phrases?|passwort|kennwort|passw[öo]rter|contrase(?:ñ|n)a|mots? de passe|wachtwoord|senha|pwd|pw|login details|credentials|seed phrase|recovery (?:phrase|codes?|key)|secret (?:answer|question|word|phrase)|master key|wi-?fi key|network key|encryption key|safe combination|combination|door code|gate code|alarm code|entry code|lock code|key ?pad code|unlock code|zugangscode)\b|パスワード|暗証番号/giu;
const CODE =
  /\b(?:pin(?: ?code| number)?|geheimzahl|cvv2?|cvc2?|security code|one[- ]time (?:code|password)|otp|2fa(?: code)?|verification code|auth(?:entication)? code|backup codes?)\b/giu;
const NUMBER =
  /\b(?:(?:bank |savings |checking |current )?account (?:number|no\.?|nr\.?)|acct|routing (?:number|no\.?)|sort code|iban|bic|kontonummer|n[úu]mero de cuenta|num[ée]ro de compte|(?:credit |debit |bank )?card(?: number| no\.?)?|kartennummer|amex|visa card|mastercard|national id(?:entity)?(?: card)?(?: number)?|(?:id|identity|identification)(?: card)? (?:number|no\.?|nr\.?)|(?:my|the|her|his) id|ssn|social security(?: number| no\.?)?|social insurance(?: number)?|sin number|national insurance(?: number)?|nino|ni number|passport(?: number| no\.?)?|passnummer|driver'?s? licen[cs]e(?: number| no\.?)?|driving licen[cs]e number|licen[cs]e number|tax (?:id|number|file number)|tfn|itin|ein|steuer-?(?:id|nummer)|personalausweis\w*|ausweisnummer|sozialversicherungsnummer|personnummer|fødselsnummer|cpr|bsn|dni|nie|nif|curp|cpf|pesel|codice fiscale|aadhaar|pan (?:card|number)|medicare(?: number)?|nhs number|insurance (?:number|policy number)|policy number|member(?:ship)? number|patient (?:id|number)|student (?:id|number)|employee (?:id|number)|customer number|api ?key|api ?token|access (?:key|token|code)|auth token|bearer(?: token)?|secret key|private key|licen[cs]e key|product key|serial key|token|wallet (?:address|key)|マイナンバー|口座番号)\b/giu;
const LINK =
  /^(?:['’]?s)?(?:[ \t]+(?:for|to|of|on|at)[ \t]+[^\s:=]{1,40}(?:[ \t]+[^\s:=]{1,40}){0,4}?)?[ \t]*(?:[:=→]|->|\b(?:is|was|are|will be|ist|lautet|es|est|e|to|=)\b|['’]s\b|\bcalled\b|は)[ \t]*(?:still |now |currently |also |just |set to |going to be |["'“„«]|:)*/iu;
/** What is said of a password, and is none. */
const NO_VALUE =
  /^(?:not|too|so|very|never|still|always|wrong|incorrect|expired|expir\w+|weak|strong|long|short|lost|forgotten|saved|stored|being|been|working|broken|required|needed|safe|secure|compromised|leaked|hard|easy|difficult|on|in|at|by|from|with|the same|same|different|really|what|where|when|how|it|that|this|these|a|an|my|your|his|her|their|no|due|about|changed|reset|rejected|invalid|unknown|hacked|stolen|hidden|blank|empty|case|only|probably|maybe|somewhere|gone|fine|ok|okay|good|bad|nicht|falsch|weg|zu)\b/iu;

/** What in a text must not be learned: passwords, keys and tokens, numbers of cards, accounts and identity papers. */
export function secretsIn(text: string): Secret[] {
  const found: Secret[] = [];
  const add = (reason: Secret['reason'], start: number, end: number) => found.push({ reason, start, end });
  for (const [pattern, reason] of FORMS)
    for (const { 0: whole, index } of text.matchAll(pattern)) add(reason, index, index + whole.length);
  for (const { 0: whole, index } of text.matchAll(SETTING))
    add('key', index - nameBefore(text, index), index + whole.length);
  for (const { 0: whole, index } of text.matchAll(DIGITS)) {
    const digits = whole.replace(/\D/g, '');
    if (digits.length >= 12 && digits.length <= 19 && hasLuhnDigit(digits))
      add('card number', index, index + whole.length);
  }
  for (const { 0: whole, index } of text.matchAll(IBAN)) {
    const iban = /^[A-Z0-9]+/i.exec(longestIban(whole))?.[0];
    if (iban !== undefined) add('account number', index, index + whole.length);
  }
  for (const { 0: whole, index } of text.matchAll(OPAQUE))
    if (isOpaque(whole)) add('key', index, index + whole.length);
  for (const { 0: word, index } of text.matchAll(PASSWORD)) addSpoken(text, index, word, 'password', add);
  for (const { 0: word, index } of text.matchAll(CODE)) addNumbered(text, index, word, 'code', 3, add);
  for (const { 0: word, index } of text.matchAll(NUMBER))
    addNumbered(text, index, word, numberReason(word), 4, add);
  return merged(found);
}

/** A text whose secrets are replaced by as many of a character. */
export function withoutSecrets(text: string, secrets: readonly Secret[], replacement: string): string {
  let shown = '';
  let at = 0;
  for (const { start, end } of secrets) {
    shown += text.slice(at, start) + replacement.repeat(end - start);
    at = end;
  }
  return shown + text.slice(at);
}

const FORMS: readonly (readonly [RegExp, Secret['reason']])[] = [
  [PRIVATE_KEY, 'key'],
  [TOKENS, 'key'],
  [URL_PASSWORD, 'password'],
  [SOCIAL_SECURITY, 'identity number'],
];

/** Characters of a name right before a place in it. */
function nameBefore(text: string, at: number): number {
  return /[\w-]*$/.exec(text.slice(Math.max(0, at - 60), at))?.[0].length ?? 0;
}

type Add = (reason: Secret['reason'], start: number, end: number) => void;

/** "my password is …", "… is my password": all of it, up to the end of the sentence. */
function addSpoken(text: string, at: number, word: string, reason: Secret['reason'], add: Add): void {
  const after = at + word.length;
  const rest = text.slice(after, after + 200);
  const link = LINK.exec(rest)?.[0];
  if (link !== undefined) {
    const value = rest.slice(link.length);
    if (!NO_VALUE.test(value) || /^\S*\d/.test(value))
      add(reason, after + link.length, endOfSentence(text, after + link.length));
    else addMixed(text, after, reason, add);
    return;
  }
  addMixed(text, after, reason, add);
  const before = text.slice(Math.max(0, at - 120), at);
  const said = /(\S+)[ \t]+(?:is|was|ist|es|est|as)[ \t]+(?:\p{L}+['’]?s?[ \t]+){0,4}$/iu.exec(before);
  if (said?.[1] !== undefined && /[\d\p{P}]|\p{Ll}\p{Lu}/u.test(said[1].replace(/['’.,]/g, ''))) {
    const start = at - before.length + said.index;
    add(reason, start, start + said[1].length);
  }
}

/** A word near by that nobody would say: digits and letters or signs in one. */
function addMixed(text: string, after: number, reason: Secret['reason'], add: Add): void {
  for (const { 0: word, index } of text.slice(after, endOfSentence(text, after)).matchAll(/\S{5,}/g))
    if (
      /\d/.test(word) &&
      /[\p{L}]/u.test(word) &&
      !/^\d+(?:st|nd|rd|th|am|pm|gb|mb|kg|cm|km)\b/i.test(word) &&
      !/^\d{4}-\d{2}/.test(word)
    )
      add(reason, after + index, after + index + word.length);
}

/** A word for a number, and the number after it, or before. */
function addNumbered(
  text: string,
  at: number,
  word: string,
  reason: Secret['reason'],
  digits: number,
  add: Add,
): void {
  const after = at + word.length;
  const rest = text.slice(after, Math.min(after + 80, endOfSentence(text, after)));
  const found = /(?:[A-Z]{0,4}[- ]?)?\d[\dA-Z]*(?:[ .\-/]?\d[\dA-Z]*)*/iu.exec(rest);
  if (
    found &&
    found[0].replace(/\D/g, '').length >= digits &&
    !isTimeOrMoney(found[0], rest.slice(0, found.index), rest.slice(found.index + found[0].length))
  )
    add(reason, after + found.index, after + found.index + found[0].length);
  else addMixed(text, after, reason, add);
  const before = text.slice(Math.max(0, at - 60), at);
  const said = /(\d[\d -]{2,}\d)[ \t]+(?:is|was|as|ist)[ \t]+(?:\p{L}+[ \t]+){0,3}$/iu.exec(before);
  if (said?.[1])
    add(reason, at - before.length + said.index, at - before.length + said.index + said[1].length);
}

function isTimeOrMoney(number: string, before: string, after: string): boolean {
  if (/[€$£]\s?$/.test(before) || /^\s?(?:€|\$|£|eur|usd|gbp|euros?|dollars?|pounds?|percent|%)/i.test(after))
    return true;
  return /^(?:19|20)\d\d$/.test(number.trim());
}

function numberReason(word: string): Secret['reason'] {
  if (/card|amex|karte/i.test(word) && !/id/i.test(word)) return 'card number';
  if (/account|acct|iban|bic|sort|routing|konto|cuenta|compte|口座/i.test(word)) return 'account number';
  return /key|token|bearer/i.test(word) ? 'key' : 'identity number';
}

function endOfSentence(text: string, from: number): number {
  const found =
    /[!?](?=\s|$)|\.(?=\s|$)|\n|,\s+(?=(?:and|but|so|can|could|please|what|which|i|we|my|should|is|do)\b)/iu.exec(
      text.slice(from, from + 300),
    );
  return found ? from + found.index : Math.min(text.length, from + 300);
}

/** The check digit of card numbers (ISO/IEC 7812, Luhn). */
function hasLuhnDigit(digits: string): boolean {
  if (/^(\d)\1+$/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    sum += place % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}

/** The longest beginning whose check digits fit (ISO 13616: modulo 97); empty: none. */
function longestIban(written: string): string {
  const compact = written.replace(/[ -]/g, '').toUpperCase();
  for (let length = Math.min(34, compact.length); length >= 15; length--) {
    const iban = compact.slice(0, length);
    const moved = iban.slice(4) + iban.slice(0, 4);
    let rest = 0;
    for (const letter of moved) rest = Number(`${rest}${Number.parseInt(letter, 36)}`) % 97;
    if (rest === 1) return iban;
  }
  return '';
}

/** Letters and digits that make no words: as a machine writes keys. */
function isOpaque(word: string): boolean {
  if (!/\d/.test(word) || !/[A-Z]/.test(word) || !/[a-z]/.test(word))
    return /^[a-f0-9]{32,}$/i.test(word) && /\d/.test(word);
  const changes = word.match(/[a-z][A-Z0-9]|[A-Z][0-9]|[0-9][A-Za-z]/g)?.length ?? 0;
  return changes >= 5;
}

function merged(secrets: Secret[]): Secret[] {
  const sorted = secrets
    .filter(({ start, end }) => end > start)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const found: Secret[] = [];
  for (const secret of sorted) {
    const last = found.at(-1);
    if (!last || secret.start >= last.end) found.push(secret);
    else if (secret.end > last.end) found[found.length - 1] = { ...last, end: secret.end };
  }
  return found;
}
