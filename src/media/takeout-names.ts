import { basename } from 'node:path';

const JSON_ENDING = '.json';
const WORD = '.supplemental-metadata';
/** Takeout cuts the name of a sidecar, without its ending and number, to so many characters. */
const MAX_NAME = 46;

/**
 * Files that Google Takeout may have laid beside a photo: `IMG.jpg.json`, since 2024 `IMG.jpg.supplemental-metadata.json`, both
 * cut to 46 characters; of a second `IMG.jpg`, which is called `IMG(1).jpg`, the number stands behind: `IMG.jpg(1).json`.
 */
export function takeoutSidecarsOf(path: Buffer): Buffer[] {
  const { folder, name } = partsOf(path);
  if (name === null) return [Buffer.concat([path, Buffer.from(JSON_ENDING)])];
  const [, stem, number, extension] = /^(.+)(\(\d{1,6}\))(\.[^.]+)$/.exec(name) ?? [];
  const named = (of: string, behind: string) =>
    [`${of}${WORD}`, of].map((full) => `${cut(full)}${behind}${JSON_ENDING}`);
  const names = [...named(name, ''), ...(number ? named(`${stem}${extension}`, number) : [])];
  return [...new Set(names)].map((each) => Buffer.concat([folder, Buffer.from(each)]));
}

/** Photos beside which a file may be such a sidecar; those whose own name was cut cannot be told from it. */
export function takeoutDescribedBy(sidecar: Buffer): Buffer[] {
  const { folder, name } = partsOf(sidecar);
  if (!name?.endsWith(JSON_ENDING)) return [];
  const [, whole = '', number = ''] = /^(.+?)(\(\d{1,6}\))?\.json$/.exec(name) ?? [];
  const bases = [whole, withoutWord(whole)].filter((base) => base !== null && base !== '');
  const names = bases.flatMap((base) => {
    const [, stem, extension] = /^(.+)(\.[^.]+)$/.exec(base ?? '') ?? [];
    return number === '' ? [base ?? ''] : stem ? [`${stem}${number}${extension}`] : [];
  });
  return names.map((each) => Buffer.concat([folder, Buffer.from(each)]));
}

/** Without the word that Takeout puts behind a name, whole or as much of it as had room. */
function withoutWord(name: string): string | null {
  for (let length = WORD.length; length > 0; length--)
    if (name.endsWith(WORD.slice(0, length)) && (length === WORD.length || charactersOf(name) === MAX_NAME))
      return name.slice(0, -length);
  return null;
}

function cut(name: string): string {
  return [...name].slice(0, MAX_NAME).join('');
}

function charactersOf(name: string): number {
  return [...name].length;
}

/** The name is null where it is no text in UTF-8. */
function partsOf(path: Buffer): { folder: Buffer; name: string | null } {
  const bytes = Buffer.from(basename(path.toString('latin1')), 'latin1');
  const name = bytes.toString('utf8');
  return {
    folder: path.subarray(0, path.length - bytes.length),
    name: Buffer.from(name).equals(bytes) ? name : null,
  };
}
