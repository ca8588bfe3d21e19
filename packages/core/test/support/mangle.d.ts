export interface Mangler {
  /** Another document, with one to three things wrong. */
  document(sound: unknown): unknown;
  /** Another text, with one to three things wrong. */
  text(sound: string): string;
}
export declare function createMangler(seed: number): Mangler;
