// How large an element is drawn, as it changes.
import { type RefObject, useEffect, useRef, useState } from "react";

export function useWidth<T extends Element>(): [ref: RefObject<T | null>, width: number | undefined] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState<number>();
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry!.contentRect.width)));
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
