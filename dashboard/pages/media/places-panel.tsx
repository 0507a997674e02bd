import { MediaPlaces, type MediaPlacesData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Panel, Problem } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { Table } from '../../view/table.tsx';
import { count, dateOf, degrees } from '../../view/words.ts';

type Place = MediaPlacesData['mediaPlaces'][number];

/** Where pictures were taken, in words: nothing of it is asked of a map. */
export function PlacesPanel() {
  const { data, problem, again } = useAnswer(MediaPlaces, {});
  const places = data?.mediaPlaces;
  return (
    <Panel title="Places" note="Squares of about a kilometre, those with the most first">
      <Problem problem={problem} again={again} />
      {!places && !problem && <Hollow rows={4} />}
      {places?.length === 0 && (
        <Empty title="No picture says where it was taken.">
          Cameras and phones write it into their files where they are allowed to.
        </Empty>
      )}
      {places && places.length > 0 && (
        <Table headings={['Place', { figures: 'Pictures and videos' }, 'The latest']}>
          {places.map((place) => (
            <Row key={`${place.latitude} ${place.longitude}`} place={place} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Row({ place: { latitude, longitude, name, latest, square, ...place } }: { place: Place }) {
  const where = `${degrees(latitude, 'N', 'S')}, ${degrees(longitude, 'E', 'W')}`;
  const box = [square.south, square.north, square.west, square.east].join(' ');
  return (
    <tr>
      <td data-label="">
        <a href={hrefOf(['media'], { box })}>{name ?? where}</a>
        {name && <div class="under">{where}</div>}
      </td>
      <td class="number" data-label="Pictures and videos">
        {count(place.count)}
      </td>
      <td data-label="The latest">{latest ? dateOf(latest) : '–'}</td>
    </tr>
  );
}
