/**
 * Earlier versions of which there is a fixture: number of migrations, and the commit. Taken are the first day, its schema being the
 * first that was used, and then about every eighth migration. The last is release 1.0.0. Of the next release belongs one in here, before its schema changes:
 * `npm run upgrade-fixtures -- COMMIT`.
 */
export const VERSIONS = [
  '01-99187a8',
  '09-684a7ba',
  '17-dc5defa',
  '24-fc56c59',
  '34-2fb8f8b',
  '41-c975cc7',
  '44-9d9cb7b',
  '56-33769dd',
] as const;
