// Files that are imported for their text.
declare module "*?raw" {
  const text: string;

  export { text as default };
}
