/** The name of the job that indexes, by which its tasks are found. */
export const INDEX_MEDIA = 'index_media';
export const INDEX_KEPT = 'index_kept';
