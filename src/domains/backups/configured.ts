import type { BackupPlace } from './place.ts';

/** Where the settings say that backups go. */
export async function placeOf({ directory }: { readonly directory: string }): Promise<BackupPlace> {
  const { BackupFolder } = await import('./folder.ts');
  return new BackupFolder(directory);
}
