// Binary min-heap of future events, ordered by (time, insertion): ties always come out in the order they were put in,
// so that a run never depends on the heap's shape.

export interface EventHeap<T> {
  readonly push: (atSeconds: number, value: T) => void;
  /** Time of the next event; undefined when there is none. */
  readonly nextSeconds: () => number | undefined;
  /** Takes the next event out. Throws when there is none. */
  readonly pop: () => T;
}

export function createEventHeap<T>(): EventHeap<T> {
  const times: number[] = [];
  const orders: number[] = [];
  const values: T[] = [];
  let pushed = 0;

  const before = (a: number, b: number) =>
    times[a]! < times[b]! || (times[a] === times[b] && orders[a]! < orders[b]!);
  const swap = (a: number, b: number) => {
    [times[a], times[b]] = [times[b]!, times[a]!];
    [orders[a], orders[b]] = [orders[b]!, orders[a]!];
    [values[a], values[b]] = [values[b]!, values[a]!];
  };

  return {
    nextSeconds: () => times[0],
    push(atSeconds, value) {
      if (!Number.isFinite(atSeconds)) throw new Error(`an event at ${atSeconds} s`);
      times.push(atSeconds);
      orders.push(pushed++);
      values.push(value);
      for (let child = times.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (!before(child, parent)) break;
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      if (times.length === 0) throw new Error("no event left");
      swap(0, times.length - 1);
      times.pop();
      const top = values.pop()!;
      orders.pop();
      for (let parent = 0; ; ) {
        const left = 2 * parent + 1;
        if (left >= times.length) break;
        const right = left + 1;
        const child = right < times.length && before(right, left) ? right : left;
        if (!before(child, parent)) break;
        swap(parent, child);
        parent = child;
      }
      return top;
    },
  };
}
