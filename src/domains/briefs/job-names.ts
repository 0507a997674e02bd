/** By which tasks name it, for ever. */
export const WRITE_BRIEF = 'write_brief';
