import { useEffect, useRef, useState } from 'preact/hooks';
import { authorization } from '../../server/ask.ts';
import { credential } from '../../server/session.ts';

/** A picture that only who may see it gets: where a key is shown, the page fetches it with the key. */
export function Thumbnail({ url, words }: { url: string | null; words: string }) {
  const [shown, setShown] = useState<string | null>(credential.value === null ? url : null);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (credential.value === null || url === null) return setShown(url);
    const leaving = new AbortController();
    let own: string | null = null;
    const load = async () => {
      const response = await fetch(url, { headers: authorization(), signal: leaving.signal });
      if (!response.ok) return;
      own = URL.createObjectURL(await response.blob());
      setShown(own);
    };
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      // What cannot be fetched is shown as what has no picture.
      load().catch(() => setShown(null));
    });
    if (place.current) seen.observe(place.current);
    return () => {
      leaving.abort();
      seen.disconnect();
      if (own) URL.revokeObjectURL(own);
    };
  }, [url]);
  return (
    <div class="thumbnail" ref={place}>
      {shown === null ? (
        <span class="under">{words}</span>
      ) : (
        <img src={shown} alt={words} loading="lazy" decoding="async" />
      )}
    </div>
  );
}
