/** By which tasks name it, for ever. */
export const GENERATE_IMAGE = 'generate_image';
