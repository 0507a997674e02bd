import { createHash } from 'node:crypto';
import sharp from 'sharp';

const [COLUMNS, ROWS] = [9, 8];

/** A small picture; each number gives another one, which looks different, too. */
export function picture(number: number): Promise<Buffer> {
  const noise = Buffer.alloc(COLUMNS * ROWS * 3);
  for (let at = 0; at < noise.length; at += 32)
    createHash('sha256').update(`${number} ${at}`).digest().copy(noise, at);
  return sharp(noise, { raw: { width: COLUMNS, height: ROWS, channels: 3 } })
    .resize(72, 64, { kernel: 'nearest' })
    .jpeg()
    .toBuffer();
}

export const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
