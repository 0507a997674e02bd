import { NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { CARD_FORMATS, type CardFormat, type ExportedCard, exportCharacter } from './card-export.ts';
import { importCharacter, MAX_CARD_BYTES, MAX_CARD_FILE_BYTES } from './cards.ts';
import { UpsertCharacterResult } from './writing-graphql.ts';

const FORMATS: Record<CardFormat, string> = {
  JSON_V1: 'JSON of version 1: six fields, and nothing else of the character.',
  JSON_V2: 'JSON of version 2 (`chara_card_v2`).',
  JSON_V3: 'JSON of version 3 (`chara_card_v3`).',
  PNG_V1: 'A picture with a card of version 1 in it.',
  PNG_V2: 'A picture with a card of version 2 in it.',
  PNG_V3: 'A picture with a card of version 3 in it, and of version 2 for programs that read no other.',
  CHARX: 'A ZIP archive with a card of version 3 and the files that came with it.',
};

const CardFormatEnum = builder.enumType('CardFormat', {
  description: 'A kind of file that holds a character card.',
  values: Object.fromEntries(CARD_FORMATS.map((format) => [format, { description: FORMATS[format] }])) as {
    [K in CardFormat]: { description: string };
  },
});

const CharacterCard = builder.objectRef<ExportedCard>('CharacterCard').implement({
  description: 'A character as a file that other programs read.',
  fields: (t) => ({
    fileName: t.exposeString('fileName', { description: 'A name for the file, made of the character’s.' }),
    mediaType: t.exposeString('mediaType', { description: 'Such as `image/png`.' }),
    content: t.string({
      description: 'The file, in Base64.',
      resolve: ({ content }) => content.toString('base64'),
    }),
  }),
});

const ImportCharacterInput = builder.inputType('ImportCharacterInput', {
  description: 'A character card.',
  fields: (t) => ({
    content: t.string({
      required: true,
      description: `The file in Base64: JSON, PNG or CHARX, of version 1, 2 or 3; at most ${MAX_CARD_FILE_BYTES.toLocaleString('en-US')} bytes, and the card in it at most ${MAX_CARD_BYTES.toLocaleString('en-US')} as JSON.`,
    }),
    shared: t.boolean({
      description:
        'Whether all users of the tenant share the character, which only admins and services write. Absent: shared for admins and services, own for others.',
    }),
    replace: t.boolean({
      description:
        'False: of a known character, fields of the profile that the card does not give stay; else they become empty, since a card is a whole profile.',
    }),
  }),
});

builder.queryFields((t) => ({
  exportCharacter: t.field({
    type: CharacterCard,
    nullable: true,
    description:
      'A character as a card. One that came in by a card goes out as it came, unknown fields and extensions included, with what was changed in the profile since; what only a profile has stands in the extension `echo_brain`. Null if there is no such character.',
    args: {
      name: t.arg.string({ required: true, description: 'The full name.' }),
      format: t.arg({ type: CardFormatEnum, required: true, description: 'The kind of file.' }),
    },
    resolve: async (_root, { name, format }, { services, principal }) => {
      try {
        return await exportCharacter(services, principal, name, format);
      } catch (error) {
        if (error instanceof NotFound) return null;
        throw error;
      }
    },
  }),
}));

builder.mutationFields((t) => ({
  importCharacter: t.field({
    type: UpsertCharacterResult,
    description:
      'Takes a character card in. Beside the profile, the card stays as it is, with its picture, its greetings and its lore; a known character of the same name takes the card’s profile.',
    args: { input: t.arg({ type: ImportCharacterInput, required: true, description: 'The card.' }) },
    resolve: async (_root, { input }, { services, principal }) => {
      const { row, outcome, told } = await importCharacter(services, principal, input);
      return { character: row, outcome, told };
    },
  }),
}));
