import type { Camera, MediaFacts, PaletteColor } from '../../media/facts.ts';

/** What rules say of a picture, from what its file says and what was measured; `docs/media.md` has them for people. */

/** How much longer the long side of a panorama is at least. */
const PANORAMA = 2.2;
/** How much longer the long side of a square may be. */
const SQUARE = 1.02;
/** Of colours: by how much the largest of red, green and blue may differ from the least in a grey, of 255. */
const GREY = 16;
/** Which share of a picture must be grey. */
const GREY_SHARE = 0.98;
/** Sharpness below which a picture counts as blurred, 0 to 1. */
const BLURRED = 0.2;
/** Exposure value at ISO 100 of a street at night; twilight has about 5. */
const NIGHT_EXPOSURE = 4;
/** The hours of a night, by the clock of the picture. */
const NIGHT = { from: 20, to: 6 };
/** Seconds from which on an exposure is a long one. */
const LONG_EXPOSURE = 1;

/** Pixels of screens: short side, long side. Windows and parts of screens are not known by their size. */
const SCREENS = new Set(
  [
    // Telephones.
    ['640x1136', '720x1280', '720x1520', '720x1600', '750x1334', '828x1792', '1080x1920', '1080x2160'],
    ['1080x2220', '1080x2280', '1080x2340', '1080x2376', '1080x2400', '1080x2408', '1125x2436', '1170x2532'],
    ['1179x2556', '1206x2622', '1242x2208', '1242x2688', '1284x2778', '1290x2796', '1320x2868', '1344x2992'],
    ['1440x2560', '1440x2960', '1440x3040', '1440x3088', '1440x3120', '1440x3200'],
    // Tablets.
    ['768x1024', '800x1280', '1200x1920', '1488x2266', '1536x2048', '1600x2560', '1620x2160', '1640x2360'],
    ['1668x2224', '1668x2388', '2048x2732', '2064x2752'],
    // Computers.
    ['768x1366', '800x1280', '900x1440', '900x1600', '1050x1680', '1080x2560', '1200x1600', '1200x1920'],
    ['1440x2560', '1440x3440', '1600x2560', '1664x2560', '1800x2880', '1964x3024', '2160x3840', '2234x3456'],
    ['2304x4096', '2520x4480', '2880x5120'],
  ].flat(),
);

/** Tags that rules give. */
export function ruleTagsOf(facts: MediaFacts): string[] {
  const { kind, width, height, camera, features, durationSeconds } = facts;
  const tags: (string | false | null)[] = [
    width !== null && height !== null && formOf(width, height),
    kind === 'video' && 'video',
    kind === 'image' && durationSeconds !== null && durationSeconds > 0 && 'animated',
    isScreenshot(facts) && 'screenshot',
    features !== null && isGrey(features.palette) && 'black-and-white',
    features !== null && kind === 'image' && features.sharpness < BLURRED && 'blurred',
    isNight(facts) && 'night',
    (camera?.exposureSeconds ?? 0) >= LONG_EXPOSURE && 'long-exposure',
    camera?.flash === true && 'flash',
  ];
  return tags.filter((tag) => typeof tag === 'string');
}

/** The one category that rules give: what kind of thing it is. */
export function categoriesOf(facts: MediaFacts): string[] {
  if (facts.isBroken) return [];
  if (facts.kind === 'video') return ['video'];
  if ((facts.durationSeconds ?? 0) > 0) return ['animation'];
  if (isScreenshot(facts)) return ['screenshot'];
  if (isPhotographed(facts.camera)) return ['photo'];
  return facts.mediaType === 'image/svg+xml' ? ['drawing'] : ['picture'];
}

function formOf(width: number, height: number): string | null {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short <= 0) return null;
  if (long / short >= PANORAMA) return 'panorama';
  if (long / short <= SQUARE) return 'square';
  return width > height ? 'landscape' : 'portrait';
}

function isScreenshot({ mediaType, camera, width, height }: MediaFacts): boolean {
  if (mediaType !== 'image/png' || isPhotographed(camera) || width === null || height === null) return false;
  return SCREENS.has(`${Math.min(width, height)}x${Math.max(width, height)}`);
}

function isPhotographed(camera: Camera | null): boolean {
  return camera !== null && (camera.make !== null || camera.model !== null);
}

function isGrey(palette: readonly PaletteColor[]): boolean {
  const grey = palette.filter(({ hex }) => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
    return Math.max(...parts) - Math.min(...parts) <= GREY;
  });
  const total = shareOf(palette);
  return total > 0 && shareOf(grey) / total >= GREY_SHARE;
}

function shareOf(colors: readonly PaletteColor[]): number {
  return colors.reduce((sum, { share }) => sum + share, 0);
}

/** Little light, at an hour of the night: of a dark room at noon it is not said. */
function isNight({ camera, taken }: MediaFacts): boolean {
  const { exposureSeconds, fNumber, iso } = camera ?? {};
  const hour = Number(taken?.local.slice(11, 13) || Number.NaN);
  if (!exposureSeconds || !fNumber || !iso || Number.isNaN(hour)) return false;
  // https://en.wikipedia.org/wiki/Exposure_value
  const exposureValue = Math.log2(fNumber ** 2 / exposureSeconds) - Math.log2(iso / 100);
  return exposureValue < NIGHT_EXPOSURE && (hour >= NIGHT.from || hour < NIGHT.to);
}
