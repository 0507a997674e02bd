import { converter, formatHex } from 'culori';
import type { PaletteColor } from './facts.ts';

/** Names that a person looks for. */
export const COLOR_NAMES = [
  'red',
  'orange',
  'gold',
  'yellow',
  'green',
  'teal',
  'blue',
  'purple',
  'pink',
  'brown',
  'beige',
  'black',
  'grey',
  'white',
] as const;
export type ColorName = (typeof COLOR_NAMES)[number];

/** Hues of OKLCH, in degrees, up to which a name goes. */
const HUES: readonly (readonly [number, ColorName])[] = [
  [15, 'pink'],
  [42, 'red'],
  [76, 'orange'],
  [97, 'gold'],
  [122, 'yellow'],
  [165, 'green'],
  [215, 'teal'],
  [285, 'blue'],
  [332, 'purple'],
  [360, 'pink'],
];
/** What has less is left out. */
const MIN_SHARE = 0.02;

const toOklch = converter('oklch');

/** The name of a colour; each of its parts 0 to 255. */
export function colorNameOf(red: number, green: number, blue: number): ColorName {
  const { l, c, h = 0 } = toOklch({ mode: 'rgb', r: red / 255, g: green / 255, b: blue / 255 });
  if (l < 0.2 || (l < 0.3 && c < 0.04)) return 'black';
  if (c < 0.035 || (l > 0.97 && c < 0.045)) return l > 0.9 ? 'white' : 'grey';
  const hue = h < 0 ? h + 360 : h;
  const isWarm = hue >= 25 && hue < 112;
  if (isWarm && c < 0.09 && l > 0.7) return 'beige';
  if (isWarm && (l < 0.58 || c < 0.09) && !(hue < 42 && c > 0.13)) return 'brown';
  const name = HUES.find(([end]) => hue < end)?.[1] ?? 'pink';
  if (name === 'red' && l > 0.72) return 'pink';
  if (name === 'pink' && l < 0.6) return hue < 15 || hue > 350 ? 'red' : 'purple';
  return name === 'purple' && l > 0.68 && hue > 315 ? 'pink' : name;
}

/** Named colours with their shares, the largest first, of pixels of three bytes each. */
export function paletteOf(pixels: Uint8Array): PaletteColor[] {
  const sums = new Map<ColorName, [number, number, number, number]>();
  for (let index = 0; index + 2 < pixels.length; index += 3) {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(index, index + 3);
    const name = colorNameOf(red, green, blue);
    const sum = sums.get(name) ?? [0, 0, 0, 0];
    sums.set(name, [sum[0] + red, sum[1] + green, sum[2] + blue, sum[3] + 1]);
  }
  const total = Math.floor(pixels.length / 3);
  return [...sums]
    .map(([name, [red, green, blue, count]]) => ({
      name,
      hex: formatHex({ mode: 'rgb', r: red / count / 255, g: green / count / 255, b: blue / count / 255 }),
      share: Math.round((count / total) * 1_000) / 1_000,
    }))
    .filter(({ share }) => share >= MIN_SHARE)
    .sort((a, b) => b.share - a.share);
}
