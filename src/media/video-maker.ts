import { EchoError } from '../errors.ts';
import { watchProgram } from './programs.ts';

/** How a video is to be. */
export interface VideoFormat {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

/** What bounds a run of ffmpeg. */
export interface VideoBounds {
  /** Milliseconds without any progress after which it is ended. */
  readonly stallMs: number;
  /** Bytes that it may write. */
  readonly maxBytes: number;
  /** Of a picture that goes in. */
  readonly maxPixels: number;
  readonly signal: AbortSignal;
  /** @param seconds of the video that are made */
  readonly onProgress: (seconds: number) => void;
}

/** ffmpeg came to no good end; another try may do better. */
export class VideoFailed extends Error {
  override readonly name = 'VideoFailed';
  constructor(kind: 'FFMPEG_FAILED' | 'FFMPEG_STALLED' | 'FFMPEG_KILLED', problem: string) {
    super(`${kind}: ${problem}`);
  }
}

/** A video would be larger than one may be, each time. */
export class VideoTooLarge extends EchoError {
  override readonly name = 'VideoTooLarge';
  readonly code = 'VIDEO_TOO_LARGE';
  constructor(maxBytes: number) {
    super(`VIDEO_TOO_LARGE: it would have more than ${maxBytes.toLocaleString('en-US')} bytes`);
  }
}

/** Only what holds its pictures itself: no playlists, which name other files and addresses. */
const MEDIA = 'mov,mp4,matroska,webm,avi,png_pipe,jpeg_pipe,webp_pipe,gif,apng,bmp_pipe,tiff_pipe,mjpeg';
const QUIET = ['-v', 'error', '-nostdin', '-y', '-progress', 'pipe:1'];

/**
 * Makes a video of one picture that stands still, or of the beginning of a video, whose last picture stands still where it is
 * too short. The whole picture is seen, on black. There is no sound.
 *
 * @param from what ffmpeg opens
 * @throws VideoFailed, VideoTooLarge, the reason of the signal
 */
export function makePart(
  ffmpeg: string,
  { from, seconds, into }: { readonly from: string; readonly seconds: number; readonly into: string },
  { width, height, framesPerSecond }: VideoFormat,
  bounds: VideoBounds,
): Promise<void> {
  const filters = [
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`,
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:black`,
    'setsar=1',
    `fps=${framesPerSecond}`,
    `tpad=stop_mode=clone:stop_duration=${seconds}`,
    'format=yuv420p',
  ];
  const input = ['-protocol_whitelist', 'file', '-format_whitelist', MEDIA];
  return runFfmpeg(
    ffmpeg,
    [
      ...QUIET,
      ...input,
      ...['-max_pixels', String(bounds.maxPixels), '-i', `file:${from}`],
      ...['-map', '0:V:0', '-an', '-sn', '-dn', '-map_metadata', '-1', '-vf', filters.join(',')],
      ...['-t', String(seconds), '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-threads', '2'],
      // All parts must be alike, to be put together as they are.
      ...['-video_track_timescale', '90000', '-f', 'mp4', `file:${into}`],
    ],
    bounds,
  );
}

/**
 * Puts parts together as they are.
 *
 * @param list a file that names them, each by a name beside it
 * @throws VideoFailed, VideoTooLarge, the reason of the signal
 */
export function joinParts(
  ffmpeg: string,
  { list, into }: { readonly list: string; readonly into: string },
  bounds: VideoBounds,
): Promise<void> {
  const input = ['-protocol_whitelist', 'file', '-f', 'concat', '-safe', '1', '-i', `file:${list}`];
  const output = ['-c', 'copy', '-map_metadata', '-1', '-movflags', '+faststart', '-f', 'mp4'];
  return runFfmpeg(ffmpeg, [...QUIET, ...input, ...output, `file:${into}`], bounds);
}

/** Ends it when it stalls or writes too much. */
async function runFfmpeg(
  path: string,
  args: readonly string[],
  { stallMs, maxBytes, signal, onProgress }: VideoBounds,
): Promise<void> {
  const ending = new AbortController();
  const stalled = () =>
    ending.abort(new VideoFailed('FFMPEG_STALLED', `it came no further for ${stallMs / 1_000} seconds`));
  const watch = setTimeout(stalled, stallMs);
  const onOutput = progressReader(({ seconds, bytes }) => {
    watch.refresh();
    if (bytes > maxBytes) ending.abort(new VideoTooLarge(maxBytes));
    else onProgress(seconds);
  });
  try {
    const ended = await watchProgram(path, args, {
      signal: AbortSignal.any([signal, ending.signal]),
      onOutput,
    });
    const { code, killedBy, complaints } = ended;
    if (killedBy) throw new VideoFailed('FFMPEG_KILLED', `something ended it with ${killedBy}`);
    if (code !== 0)
      throw new VideoFailed('FFMPEG_FAILED', lastLine(complaints) || `it ended with the code ${code}`);
  } finally {
    clearTimeout(watch);
  }
}

/** Reads what `-progress` writes. @param onFurther called when it has come further than before */
function progressReader(onFurther: (reached: { seconds: number; bytes: number }) => void) {
  let [rest, seen, seconds, bytes] = ['', '', 0, 0];
  return (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()?.slice(-1_000) ?? '';
    for (const line of lines) {
      const [name, value = ''] = line.trim().split('=');
      if (name === 'out_time_us' && Number(value) > 0) seconds = Number(value) / 1e6;
      if (name === 'total_size' && Number(value) > 0) bytes = Number(value);
      if (name !== 'progress') continue;
      const now = `${seconds} ${bytes} ${value}`;
      if (now === seen) continue;
      seen = now;
      onFurther({ seconds, bytes });
    }
  };
}

/** Without names of files, which nobody needs. */
function lastLine(complaints: string): string {
  const line = complaints.trim().split('\n').at(-1) ?? '';
  return line.replaceAll(/(?:file:)?\/[^\s:'"]*/g, 'a file').slice(0, 300);
}
