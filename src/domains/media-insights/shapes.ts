import type { Camera, Features, Location, PaletteColor, PlaceNames, Words } from '../../media/facts.ts';

/** What stands in the columns of JSON. Each may be null, and older rows may lack any of the fields. */

/** `color_palette` */
export type ColorPalette = readonly PaletteColor[];

/** `camera_metadata`: all that the file says of the camera. */
export type CameraMetadata = Camera;

/** `location_data`: what the columns of coordinates do not hold. */
export type LocationData = Pick<Location, 'altitude'> & { readonly places: PlaceNames | null };

/** `visual_analysis`: what was measured, what the file says in words, and what a model saw. */
export interface VisualAnalysis {
  readonly features?: Pick<Features, 'sharpness' | 'exposure' | 'noise'> | null;
  readonly words?: Words | null;
  /** Of a video. */
  readonly codec?: string | null;
  /** Only who asks a model writes it. */
  readonly model?: Readonly<Record<string, unknown>> | null;
}

/** A character that is in a picture, by the name by which its user knows them. */
export interface CharacterReference {
  readonly name: string;
  /** REFERENCE: the picture is, or is a near copy of, one that the character names; absent: somebody said so. */
  readonly method?: 'REFERENCE';
  /** Bits in which their perceptual hashes differ. */
  readonly distance?: number;
}

/** `character_references`: who is in the picture. */
export type CharacterReferences = readonly CharacterReference[];
