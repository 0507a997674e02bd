/** Bytes of a card's file, and of one file in it, that comes in Base64: it must go into one request. */
export const MAX_CARD_FILE_BYTES = 700_000;
/** The same of one that is uploaded as it is. */
export const MAX_UPLOADED_CARD_BYTES = 50 * 2 ** 20;
/** Of the card itself as JSON. */
export const MAX_CARD_BYTES = 600_000;
/** Of all files of a CHARX archive together, unpacked. */
export const MAX_CARD_ARCHIVE_BYTES = 4_000_000;
export const MAX_UPLOADED_ARCHIVE_BYTES = 100 * 2 ** 20;
export const MAX_CARD_FILES = 200;
