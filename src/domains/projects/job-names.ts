/** By which tasks name it, for ever. */
export const ASSEMBLE_VIDEO = 'assemble_video';
