import { type Mutation, one } from './mutation.ts';

/** Pictures are seen as they are, from where they may be, and what is known of them stays. */
export const MEDIA: readonly Mutation[] = [
  one(
    'pictures-lie-on-their-side',
    'media/pictures.ts',
    ['options.isTurnedByExif ? opened.autoOrient() : opened', 'opened'],
    ['media-reader'],
  ),
  {
    name: 'files-outside-of-the-roots-are-opened',
    changes: [
      { file: 'src/media/opening.ts', text: 'refuseOutside(real, realRoots);', replacement: '' },
      { file: 'src/media/opening.ts', text: 'refuseOutside(opened, realRoots);', replacement: '' },
    ],
    tests: ['tests/media-reader.test.ts'],
    named: 'nothing outside the folders',
  },
  one(
    'what-a-model-saw-is-replaced',
    'domains/media-insights/stored.ts',
    ['before && RANK[before.analysisTier] > RANK[tier] && !broken', 'before && false'],
    ['media-indexing'],
    'files that an older reader has read',
  ),
  one(
    'pictures-of-an-unmounted-disk-vanish',
    'domains/media-insights/vanished.ts',
    [
      "if (await isEmpty(place.root)) return 'the root is empty, as it is when nothing is mounted there';",
      '',
    ],
    ['media-indexing'],
    'of what is away nothing is said',
  ),
  one(
    'copies-are-looked-for-less-far',
    'domains/media-insights/neighbours.ts',
    [
      'bit_count((n.perceptual_bits # k.bits)::bit(64)) <= $4`',
      'bit_count((n.perceptual_bits # k.bits)::bit(64)) < $4`',
    ],
    ['media-duplicates'],
  ),
  one(
    'every-picture-shows-the-character',
    'domains/media-insights/character-references.ts',
    ['distance <= USUAL_DISTANCE && distance < before', 'distance < before'],
    ['media-characters'],
    'a picture that comes',
  ),
  one(
    'pictures-are-not-looked-at-again',
    'domains/media-insights/parts.ts',
    ['if (!job) return;', 'if (job) return;'],
    ['media-characters'],
    'comes later',
  ),
];
