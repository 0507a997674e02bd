import type { Fetch, FetchLimits } from '../../outbound/outbound.ts';
import type { BackupPlace } from './place.ts';
import type { S3Settings } from './s3.ts';

export interface PlaceSettings {
  readonly directory: string;
  /** Null: backups go to the directory. */
  readonly s3: (S3Settings & { readonly timeoutMs: number }) | null;
}

interface Reach {
  fetcherTo(url: string, limits: FetchLimits): Fetch;
}

/** Where the settings say that backups go; what is needed for it is loaded where it is. */
export async function placeOf({ directory, s3 }: PlaceSettings, outbound: Reach): Promise<BackupPlace> {
  if (!s3) {
    const { BackupFolder } = await import('./folder.ts');
    return new BackupFolder(directory);
  }
  const { BackupBucket, PART_BYTES } = await import('./s3.ts');
  return new BackupBucket(
    s3,
    outbound.fetcherTo(s3.url, { timeoutMs: s3.timeoutMs, maxBytes: 2 * PART_BYTES }),
  );
}
