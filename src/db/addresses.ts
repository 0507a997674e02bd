/**
 * Where a database is: one URL, or several of which one leads to the primary at a time. Whoever finds that the one of now
 * does not, passes it over; whoever connects next goes to the next one.
 */
export class Addresses {
  readonly #urls: readonly string[];
  #at = 0;

  /** @param urls one at the least */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  get count(): number {
    return this.#urls.length;
  }

  get current(): string {
    return this.#urls[this.#at] ?? '';
  }

  /** Nothing happens if somebody else passed it over before. */
  passOver(url: string): void {
    if (url === this.current) this.#at = (this.#at + 1) % this.#urls.length;
  }

  /** Another database of the same servers. */
  beside(name: string): Addresses {
    const urls = this.#urls.map((each) => {
      const url = new URL(each);
      url.pathname = `/${encodeURIComponent(name)}`;
      return url.href;
    });
    const other = new Addresses(urls);
    other.#at = this.#at;
    return other;
  }
}

/** Host and port, without who asks. */
export function placeOfUrl(text: string): string {
  const { hostname, port, searchParams } = new URL(text);
  return `${searchParams.get('host') ?? hostname}:${searchParams.get('port') || port || 5432}`;
}
