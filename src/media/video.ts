import type { ChildSettings } from './child-messages.ts';
import { takenOf } from './dates.ts';
import type { Camera, Location, Taken } from './facts.ts';
import type { Kind } from './kinds.ts';
import { cleanText } from './metadata.ts';
import type { OpenFile } from './opening.ts';
import { type Rendering, render } from './pictures.ts';
import { isoLocationOf } from './places.ts';
import { findProgram, runProgram } from './programs.ts';

export interface VideoFacts {
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds: number | null;
  readonly codec: string | null;
  readonly taken: Taken | null;
  readonly location: Location | null;
  readonly camera: Camera | null;
  readonly title: string | null;
  readonly caption: string | null;
  readonly rendering: Rendering | null;
  readonly isBroken: boolean;
  readonly problem: string | null;
  readonly method: string;
}

/** Only what holds its pictures itself: no playlists, which name other files and addresses. */
const CONTAINERS = 'mov,mp4,matroska,webm,avi,mpeg,mpegts,ogg,flv,asf,mxf,rm,dv,m4v,mpegvideo,h264,hevc';
const SAFE = ['-protocol_whitelist', 'file', '-format_whitelist', CONTAINERS];
const FRAME_SIDE = 1_024;
/** What containers write that know no time. */
const EPOCHS = /^(?:1904-01-01|1970-01-01)T00:00:00/;

/** A video's facts and one of its pictures; null: it has sound only. */
export async function readVideo(
  file: OpenFile,
  kind: Kind,
  settings: ChildSettings,
): Promise<VideoFacts | null> {
  const ffprobe = await findProgram(settings.ffprobe, 'ffprobe');
  if (!ffprobe) return readContainer(file, kind);
  const args = ['-v', 'error', ...SAFE, '-show_streams', '-show_format', '-of', 'json'];
  let probed: Probed;
  try {
    const output = await runProgram(
      ffprobe,
      [...args, `file:${file.descriptorPath}`],
      settings.programTimeoutMs,
    );
    probed = JSON.parse(output.toString()) as Probed;
  } catch (error) {
    return { ...NOTHING, isBroken: true, problem: `ffprobe: ${messageOf(error)}`, method: 'ffprobe' };
  }
  const streams = probed.streams ?? [];
  const video = streams.find((stream) => stream.codec_type === 'video' && !stream.disposition?.attached_pic);
  if (!video && streams.length > 0) return null;
  if (!video) return { ...NOTHING, isBroken: true, problem: 'it has no pictures', method: 'ffprobe' };
  const facts = factsOf(video, probed);
  if (!facts.width || !facts.height) {
    return { ...facts, isBroken: true, problem: 'it says no size of its pictures' };
  }
  return { ...facts, ...(await pictureOf(file, facts, settings)) };
}

interface Stream {
  readonly codec_type?: string;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly duration?: string;
  readonly disposition?: { readonly attached_pic?: number };
  readonly tags?: Tags;
  readonly side_data_list?: readonly { readonly rotation?: number }[];
}
interface Probed {
  readonly streams?: readonly Stream[];
  readonly format?: { readonly duration?: string; readonly tags?: Tags };
}
type Tags = Readonly<Record<string, string>>;

const NOTHING: VideoFacts = {
  width: null,
  height: null,
  durationSeconds: null,
  codec: null,
  taken: null,
  location: null,
  camera: null,
  title: null,
  caption: null,
  rendering: null,
  isBroken: false,
  problem: null,
  method: 'header only',
};

function factsOf(video: Stream, { format }: Probed): VideoFacts {
  const tags = { ...video.tags, ...format?.tags };
  const rotation = video.side_data_list?.find((data) => data.rotation !== undefined)?.rotation;
  const isTurned = Math.abs(Number(rotation ?? tags.rotate ?? 0)) % 180 === 90;
  const [width, height] = [video.width ?? null, video.height ?? null];
  return {
    ...NOTHING,
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    durationSeconds: positive(format?.duration) ?? positive(video.duration),
    codec: video.codec_name ?? null,
    ...describedBy(tags),
    method: 'ffprobe',
  };
}

/** What a container says of when, where and by what it was made. */
function describedBy(tags: Tags): Pick<VideoFacts, 'taken' | 'location' | 'camera' | 'title' | 'caption'> {
  const creation = tags.creation_time ?? null;
  const make = cleanText(tags['com.apple.quicktime.make'] ?? tags['com.android.manufacturer'] ?? tags.make);
  const model = cleanText(tags['com.apple.quicktime.model'] ?? tags['com.android.model'] ?? tags.model);
  return {
    taken: takenOf([
      { text: tags['com.apple.quicktime.creationdate'] ?? null, source: 'QuickTime creation date' },
      {
        text: creation && !EPOCHS.test(creation) ? creation : null,
        source: 'creation time of the container',
      },
    ]),
    location: isoLocationOf(
      tags['com.apple.quicktime.location.ISO6709'] ??
        tags.location ??
        tags['location-eng'] ??
        tags['©xyz'] ??
        null,
    ),
    camera: make || model ? { ...NO_CAMERA, make, model } : null,
    title: cleanText(tags.title),
    caption: cleanText(tags.description ?? tags.comment),
  };
}

const NO_CAMERA: Camera = {
  make: null,
  model: null,
  lens: null,
  exposureSeconds: null,
  fNumber: null,
  iso: null,
  focalLength: null,
  focalLength35: null,
  flash: null,
};

/** The first picture, or the one at a tenth of the duration if the first is black. */
async function pictureOf(
  file: OpenFile,
  facts: VideoFacts,
  settings: ChildSettings,
): Promise<Pick<VideoFacts, 'rendering' | 'problem' | 'method' | 'isBroken'>> {
  const without = { rendering: null, method: facts.method, isBroken: false };
  const ffmpeg = await findProgram(settings.ffmpeg, 'ffmpeg');
  if (!ffmpeg) return { ...without, problem: 'no picture is taken out of it: ffmpeg is not there' };
  if ((facts.width ?? 0) * (facts.height ?? 0) > settings.maxPixels) {
    return { ...without, problem: `its pictures have more than ${settings.maxPixels} pixels` };
  }
  try {
    const first = await frameAt(ffmpeg, file, 0, settings);
    const later = (facts.durationSeconds ?? 0) / 10;
    const rendering =
      later > 0 && isBlack(first) ? await frameAt(ffmpeg, file, later, settings).catch(() => first) : first;
    return { rendering, problem: null, method: 'ffmpeg', isBroken: false };
  } catch (error) {
    return { ...without, isBroken: true, problem: `ffmpeg: ${messageOf(error)}` };
  }
}

async function frameAt(
  ffmpeg: string,
  file: OpenFile,
  seconds: number,
  settings: ChildSettings,
): Promise<Rendering> {
  const within = `min(${FRAME_SIDE},iw)`;
  const scale = `scale='${within}':'min(${FRAME_SIDE},ih)':force_original_aspect_ratio=decrease`;
  const seek = seconds > 0 ? ['-ss', seconds.toFixed(3)] : [];
  const input = ['-threads', '1', ...SAFE, ...seek, '-i', `file:${file.descriptorPath}`];
  const output = ['-map', '0:V:0', '-frames:v', '1', '-vf', scale, '-threads', '1', '-c:v', 'png'];
  const picture = await runProgram(
    ffmpeg,
    ['-v', 'error', '-nostdin', ...input, ...output, '-f', 'image2pipe', 'pipe:1'],
    settings.programTimeoutMs,
  );
  if (picture.length === 0) throw new Error('there is no picture in it');
  return render(picture, { maxPixels: settings.maxPixels, isTurnedByExif: false });
}

function isBlack({ pixels }: Rendering): boolean {
  return pixels.every((value) => value < 32);
}

const KNOWN_CONTAINERS = /mp4|m4v|quicktime|3gpp|webm|matroska|mp2t/;

/** Without ffprobe: what the container says, as far as a library in JavaScript reads it. */
async function readContainer(file: OpenFile, kind: Kind): Promise<VideoFacts | null> {
  const { ALL_FORMATS, FilePathSource, Input } = await import('mediabunny');
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(file.descriptorPath) });
  try {
    if (!KNOWN_CONTAINERS.test(kind.mediaType ?? '')) {
      return { ...NOTHING, problem: `${kind.mediaType} is read by ffprobe only, which is not there` };
    }
    const track = await input.getPrimaryVideoTrack();
    if (!track) {
      const hasSound = (await input.getPrimaryAudioTrack()) !== null;
      return hasSound
        ? null
        : { ...NOTHING, isBroken: true, problem: 'it has no pictures that can be found' };
    }
    const { raw = {}, title, description } = await input.getMetadataTags();
    const texts = Object.entries(raw).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    const described = describedBy(Object.fromEntries(texts));
    return {
      ...NOTHING,
      ...described,
      width: await track.getDisplayWidth(),
      height: await track.getDisplayHeight(),
      durationSeconds: positive(await input.computeDuration()),
      codec: await track.getCodec(),
      title: described.title ?? cleanText(title),
      caption: described.caption ?? cleanText(description),
      problem: 'no picture is taken out of it: ffprobe is not there',
      method: 'mediabunny',
    };
  } catch (error) {
    return {
      ...NOTHING,
      isBroken: true,
      problem: `it is no readable ${kind.mediaType}: ${messageOf(error)}`,
    };
  } finally {
    input.dispose();
  }
}

function positive(value: string | number | undefined): number | null {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? Math.round(number * 1_000) / 1_000 : null;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
