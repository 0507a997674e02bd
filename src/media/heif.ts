interface HeifImage {
  readonly handle: unknown;
  get_width(): number;
  get_height(): number;
  is_primary(): boolean | number;
  has_alpha_channel(): boolean;
  free?(): void;
}
interface Decoded {
  /** Of an error. */
  readonly code?: unknown;
  readonly image: unknown;
  readonly channels: readonly { readonly id: unknown; readonly stride: number; readonly data: Uint8Array }[];
}
interface Heif {
  HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] };
  heif_js_decode_image2(handle: unknown, space: unknown, chroma: unknown): Decoded | Promise<Decoded>;
  heif_image_release(image: unknown): void;
  readonly heif_colorspace: Readonly<Record<string, unknown>>;
  readonly heif_chroma: Readonly<Record<string, unknown>>;
  readonly heif_channel: Readonly<Record<string, unknown>>;
}

/** Pixels, and how many bytes each has. */
export interface HeifPixels {
  readonly data: Buffer;
  readonly channels: 3 | 4;
}

/** An opened HEIF file: its main picture, turned as its own boxes say. */
export interface HeifPicture {
  readonly width: number;
  readonly height: number;
  /** They lie in the decoder's memory, a copy of which would be as large again: not to be used after `free`. @throws Error */
  pixels(): Promise<HeifPixels>;
  free(): void;
}

/** HEIF by libheif in WebAssembly; null: it is none, or too broken to say its size. */
export async function openHeif(bytes: Buffer): Promise<HeifPicture | null> {
  // @ts-expect-error: it has no types
  const library = (await import('libheif-js/wasm-bundle.js')).default as Heif;
  const images = new library.HeifDecoder().decode(bytes);
  const main = images.find((image) => image.is_primary()) ?? images[0];
  if (!main) return null;
  const [width, height] = [main.get_width(), main.get_height()];
  let decoded: Decoded | null = null;
  return {
    width,
    height,
    async pixels() {
      const channels = main.has_alpha_channel() ? 4 : 3;
      const chroma = library.heif_chroma[`heif_chroma_interleaved_${channels === 4 ? 'RGBA' : 'RGB'}`];
      const space = library.heif_colorspace.heif_colorspace_RGB;
      decoded = await library.heif_js_decode_image2(main.handle, space, chroma);
      const id = library.heif_channel.heif_channel_interleaved;
      const plane = decoded?.code ? undefined : decoded?.channels.find((channel) => channel.id === id);
      if (!plane) throw new Error('its pixels cannot be decoded');
      return { data: withoutGaps(plane, width * channels, height), channels };
    },
    free() {
      if (decoded && !decoded.code) library.heif_image_release(decoded.image);
      for (const image of images) image.free?.();
    },
  };
}

/** Rows one behind the other; the decoder may begin each at a round number. */
function withoutGaps({ data, stride }: Decoded['channels'][number], row: number, rows: number): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (stride === row) return bytes.subarray(0, row * rows);
  const packed = Buffer.allocUnsafe(row * rows);
  for (let y = 0; y < rows; y += 1) bytes.copy(packed, y * row, y * stride, y * stride + row);
  return packed;
}
