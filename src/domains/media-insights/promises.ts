import { defineAlert, definePromise } from '../../ground/promise.ts';

export const thumbnailsMissing = defineAlert<{ count: number }>({
  name: 'media_thumbnails_missing',
  severity: 'WARNING',
  words: 'Thumbnails of media are missing, and could not be made again.',
  message: ({ count }) =>
    `of ${count} files the thumbnails are missing on this server: the files are missing, changed or unreadable, or nothing can be written`,
});

export const media = definePromise<unknown>({
  name: 'media',
  words: 'Pictures that are known have their thumbnails.',
  told: [thumbnailsMissing],
});
