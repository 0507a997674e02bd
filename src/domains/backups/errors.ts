import { EchoError } from '../../errors.ts';

/** What is there is no whole backup: it was cut off, altered, or is none at all. */
export class BackupDamaged extends EchoError {
  override readonly name = 'BackupDamaged';
  readonly code = 'BACKUP_DAMAGED';
}

/** It may be whole, but cannot be read or loaded here: another key, a newer version, a database with data. */
export class BackupRefused extends EchoError {
  override readonly name = 'BackupRefused';
  readonly code = 'BACKUP_REFUSED';
}

/** Where backups go has no space, or cannot be written. */
export class BackupPlaceUnusable extends EchoError {
  override readonly name = 'BackupPlaceUnusable';
  readonly code = 'BACKUP_PLACE_UNUSABLE';
  override readonly retryable = true;
}
