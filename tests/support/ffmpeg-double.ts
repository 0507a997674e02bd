import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROGRAM_FOLDERS } from '../../src/media/programs.ts';
import { temporaryFolder } from './folders.ts';

/** Where the machine's own ffmpeg is; null: it has none, and the double stands in for it. */
export const REAL_FFMPEG =
  PROGRAM_FOLDERS.map((folder) => join(folder, 'ffmpeg')).find((path) => existsSync(path)) ?? null;

/** A second of H.264 in MP4, as ffmpeg writes it: what the double makes of everything. */
const WRITTEN = `AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDEAAAAIZnJlZQAAAEVtZGF0AAAAK2WIhAAU/+j/wlU+XeuR4b/WskDeFBaD
98n+sq6X+nRuRbWhCqmyLA+Ry2sAAAAKQZohGIJf/rUr7wAAAzBtb292AAAAbG12aGQAAAAAAAAAAAAAAAAAAAPoAAAD6AABAAAB
AAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC
AAACWnRyYWsAAABcdGtoZAAAAAMAAAAAAAAAAAAAAAEAAAAAAAAD6AAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAEA
AAAAAAAAAAAAAAAAAEAAAAAAQAAAAEAAAAAAACRlZHRzAAAAHGVsc3QAAAAAAAAAAQAAA+gAAAAAAAEAAAAAAdJtZGlhAAAAIG1k
aGQAAAAAAAAAAAAAAAAAAEAAAABAAFXEAAAAAAAtaGRscgAAAAAAAAAAdmlkZQAAAAAAAAAAAAAAAFZpZGVvSGFuZGxlcgAAAAF9
bWluZgAAABR2bWhkAAAAAQAAAAAAAAAAAAAAJGRpbmYAAAAcZHJlZgAAAAAAAAABAAAADHVybCAAAAABAAABPXN0YmwAAAC9c3Rz
ZAAAAAAAAAABAAAArWF2YzEAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAQABAAEgAAABIAAAAAAAAAAEVTGF2YzU5LjM3LjEwMCBs
aWJ4MjY0AAAAAAAAAAAAAAAY//8AAAAzYXZjQwFkAAr/4QAYZ2QACqzZRCbARAAAAwAEAAADABA8SJZYAQAEaO+Py/34+AAAAAAQ
cGFzcAAAAAEAAAABAAAAFGJ0cnQAAAAAAAAB6AAAAegAAAAYc3R0cwAAAAAAAAABAAAAAgAAIAAAAAAUc3RzcwAAAAAAAAABAAAA
AQAAABxzdHNjAAAAAAAAAAEAAAABAAAAAgAAAAEAAAAcc3RzegAAAAAAAAAAAAAAAgAAAC8AAAAOAAAAFHN0Y28AAAAAAAAAAQAA
ADAAAABidWR0YQAAAFptZXRhAAAAAAAAACFoZGxyAAAAAAAAAABtZGlyYXBwbAAAAAAAAAAAAAAAAC1pbHN0AAAAJal0b28AAAAd
ZGF0YQAAAAEAAAAATGF2ZjU5LjI3LjEwMA==`;
export const VIDEO = Buffer.from(WRITTEN, 'base64');

/** What the program does: its work, nothing for ever, an error, an end by a signal, or its work that comes no further. */
export type Behaviour = 'works' | 'hangs' | 'fails' | 'dies' | 'crawls';

/** Prints what `-progress pipe:1` prints, in ffmpeg's own form. */
const PROGRESS = "printf 'frame=12\\nfps=0.00\\ntotal_size=48\\nout_time_us=500000\\nprogress=continue\\n'";

/** A program that does what ffmpeg was seen to do, and notes the numbers of its processes in `pids`. */
export async function ffmpegDouble(first: Behaviour = 'works') {
  const folder = temporaryFolder('ffmpeg');
  const path = join(folder, 'ffmpeg');
  const video = join(folder, 'video.mp4');
  await writeFile(video, VIDEO);
  const works = REAL_FFMPEG
    ? `exec ${REAL_FFMPEG} "$@"`
    : `for last; do :; done; ${PROGRESS}; cp ${video} "${'$'}{last#file:}"; echo progress=end`;
  await writeFile(
    path,
    `#!/bin/sh
echo $$ >> ${folder}/pids
case $(cat ${folder}/behaviour) in
works) ${works} ;;
hangs) ${PROGRESS}; exec sleep 600 ;;
crawls) while :; do ${PROGRESS}; sleep 0.05; done ;;
fails) echo '[h264 @ 0x55] /secret/place/x.mp4: Invalid data found when processing input' >&2; exit 183 ;;
dies) kill -SEGV $$ ;;
esac
`,
  );
  await chmod(path, 0o755);
  const behave = (behaviour: Behaviour) => writeFile(join(folder, 'behaviour'), behaviour);
  await behave(first);
  return { path, pids: join(folder, 'pids'), behave };
}
