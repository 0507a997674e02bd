import type { Config } from '../config.ts';
import { folderProblems } from '../media/folders.ts';
import type { Finding } from './finding.ts';

/** The folders of pictures and videos, as the server will find them. */
export async function lookAtMedia({ media }: Pick<Config, 'media'>): Promise<Finding[]> {
  const about = 'MEDIA_ROOTS';
  if (!media || media.roots.length === 0) return [];
  const problems = await folderProblems(media.roots);
  const good = media.roots.length - problems.length;
  return [
    ...(good > 0 ? [{ state: 'OK', about, seen: `${good} folders can be looked into` } as const] : []),
    ...problems.map(
      ({ folder, problem }): Finding => ({
        ...{ state: 'WARNING', about, seen: `"${folder}" ${problem}` },
        advice: 'make or mount it, let the server read it, or leave it out: what lies there is not indexed',
      }),
    ),
  ];
}
