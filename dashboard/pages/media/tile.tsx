import type { MediaData } from '../../operations.ts';
import { Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { bytes, plain } from '../../view/words.ts';
import { Thumbnail } from './thumbnail.tsx';
import '../../styles/media.css';

export type Tile = MediaData['mediaInsights']['nodes'][number];

/** What a picture is called. */
export function nameOf({ title, caption, filePath }: Tile): string {
  return title ?? caption ?? filePath.split('/').at(-1) ?? filePath;
}

/** A picture that leads to all that is known of it. */
export function TileLink({ tile }: { tile: Tile }) {
  return (
    <a class="media-tile" href={hrefOf(['media', 'picture', tile.fileHash])}>
      <Thumbnail url={tile.thumbnailUrl} words={nameOf(tile)} />
      <span class="one-line">{nameOf(tile)}</span>
      <span class="under one-line">
        {tile.width !== null && `${tile.width} × ${tile.height}, `}
        {bytes(tile.fileSize)}
        {tile.location?.place && `, ${tile.location.place}`}
      </span>
      {tile.state !== 'PRESENT' && <Tag tone="warn">{plain(tile.state)}</Tag>}
    </a>
  );
}
