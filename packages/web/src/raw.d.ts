// Files that are imported for their text, or for their address.
declare module "*?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: Vite gives the text as that.
  export default text;
}

declare module "*?url" {
  const address: string;
  // biome-ignore lint/style/noDefaultExport: Vite gives the address as that.
  export default address;
}
