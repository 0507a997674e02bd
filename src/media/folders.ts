import { access, constants, stat } from 'node:fs/promises';

/** Why a folder of pictures and videos cannot be looked into; the others are left out. */
export async function folderProblems(
  folders: readonly string[],
): Promise<{ readonly folder: string; readonly problem: string }[]> {
  const problems = await Promise.all(folders.map(problemOf));
  return problems.flatMap((problem, place) =>
    problem === null ? [] : [{ folder: folders[place] ?? '', problem }],
  );
}

async function problemOf(folder: string): Promise<string | null> {
  try {
    if (!(await stat(folder)).isDirectory()) return 'is no folder';
    await access(folder, constants.R_OK | constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'does not exist' : `cannot be looked into (${code})`;
  }
}
