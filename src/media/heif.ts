interface HeifImage {
  get_width(): number;
  get_height(): number;
  is_primary(): boolean | number;
  display(
    target: { data: Uint8ClampedArray; width: number; height: number },
    done: (shown: { data: Uint8ClampedArray } | null) => void,
  ): void;
  free?(): void;
}
interface Heif {
  HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] };
}

/** An opened HEIF file: its main picture, turned as its own boxes say. */
export interface HeifPicture {
  readonly width: number;
  readonly height: number;
  /** Four bytes a pixel. @throws Error */
  pixels(): Promise<Buffer>;
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
  return {
    width,
    height,
    async pixels() {
      const data = new Uint8ClampedArray(width * height * 4);
      const shown = await new Promise<{ data: Uint8ClampedArray } | null>((resolve) => {
        main.display({ data, width, height }, resolve);
      });
      if (!shown) throw new Error('its pixels cannot be decoded');
      return Buffer.from(shown.data.buffer, shown.data.byteOffset, shown.data.byteLength);
    },
    free() {
      for (const image of images) image.free?.();
    },
  };
}
