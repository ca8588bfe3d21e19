// A map and a set as they would be with some changes, while what is below them stays as it is. They behave as Map and Set
// do, order included: what is there already keeps its place, what was deleted and comes back is last.

/** What a map lies over: another one, or what looks like one. */
type Below<K, V> = Pick<ReadonlyMap<K, V>, "size" | "has" | "get"> & Iterable<[K, V]>;

export class OverlayMap<K, V> implements Map<K, V> {
  readonly #below: Below<K, V>;
  /** What was set, new or not. */
  readonly #own = new Map<K, V>();
  /** Keys that have lost their place below. */
  readonly #hidden = new Set<K>();
  #size: number;

  constructor(below: Below<K, V>) {
    this.#below = below;
    this.#size = below.size;
  }

  get size(): number {
    return this.#size;
  }

  get [Symbol.toStringTag](): string {
    return "OverlayMap";
  }

  #keepsPlace(key: K): boolean {
    return this.#below.has(key) && !this.#hidden.has(key);
  }

  has(key: K): boolean {
    return this.#own.has(key) || this.#keepsPlace(key);
  }

  get(key: K): V | undefined {
    if (this.#own.has(key)) return this.#own.get(key);
    return this.#hidden.has(key) ? undefined : this.#below.get(key);
  }

  set(key: K, value: V): this {
    if (!this.has(key)) this.#size++;
    this.#own.set(key, value);
    return this;
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    this.#size--;
    this.#own.delete(key);
    if (this.#below.has(key)) this.#hidden.add(key);
    return true;
  }

  clear(): void {
    for (const key of this.keys()) this.delete(key);
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#below)
      if (!this.#hidden.has(key)) yield [key, this.#own.has(key) ? this.#own.get(key)! : value];
    for (const entry of this.#own) if (!this.#keepsPlace(entry[0])) yield entry;
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(visit: (value: V, key: K, map: Map<K, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }
}

export class OverlaySet<K> implements Set<K> {
  readonly #keys: OverlayMap<K, true>;

  constructor(below: ReadonlySet<K>) {
    this.#keys = new OverlayMap(asMap(below));
  }

  get size(): number {
    return this.#keys.size;
  }

  get [Symbol.toStringTag](): string {
    return "OverlaySet";
  }

  has(key: K): boolean {
    return this.#keys.has(key);
  }

  add(key: K): this {
    this.#keys.set(key, true);
    return this;
  }

  delete(key: K): boolean {
    return this.#keys.delete(key);
  }

  clear(): void {
    this.#keys.clear();
  }

  keys(): SetIterator<K> {
    return this.#keys.keys();
  }

  values(): SetIterator<K> {
    return this.#keys.keys();
  }

  *entries(): SetIterator<[K, K]> {
    for (const key of this.keys()) yield [key, key];
  }

  [Symbol.iterator](): SetIterator<K> {
    return this.keys();
  }

  forEach(visit: (key: K, same: K, set: Set<K>) => void): void {
    for (const key of this) visit(key, key, this);
  }
}

function asMap<K>(set: ReadonlySet<K>): Below<K, true> {
  return {
    size: set.size,
    has: (key) => set.has(key),
    get: (key) => (set.has(key) ? true : undefined),
    *[Symbol.iterator]() {
      for (const key of set) yield [key, true];
    },
  };
}
